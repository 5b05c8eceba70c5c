//! Reading records whose schemas come from the registry, for loops that run on threads of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use quittance_avro::{
    registry::{Registry, RegistryError},
    wire::{DecodeError, Decoder, LearnError},
};
use tokio::runtime::Handle;

/// A decoder that fetches the schemas it lacks.
pub struct Schemas {
    source: Option<Source>,
    decoder: Decoder,
}

/// Where schemas come from.
struct Source {
    registry: Registry,
    handle: Handle,
}

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its schema could not be fetched now. It says nothing about the record: try again.
    #[error(transparent)]
    Unavailable(RegistryError),
    /// It can never be read by this build.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// The registry has never heard of its schema.
    #[error(transparent)]
    Unknown(RegistryError),
    /// Its schema has not been learned yet.
    #[error("schema {0} is not known")]
    Lacking(u32),
    /// A newer build wrote it; this one would drop what it does not know.
    #[error("its state is of version {found}, and this build knows versions up to {known}; finish the upgrade")]
    Newer {
        /// Version found.
        found: i32,
        /// Newest version known.
        known: i32,
    },
    /// A field holds what it may not.
    #[error("its field {0} is not what it should be")]
    Invalid(&'static str),
    /// Its schema is no schema of a record.
    #[error(transparent)]
    NoSchema(#[from] LearnError),
    /// Reading it panicked.
    #[error("it makes its reader panic; the log of the process says where")]
    Panicked,
}

impl ReadError {
    /// Whether the same record may be readable later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Undecodable(_)
            | Self::Unknown(_)
            | Self::Lacking(_)
            | Self::NoSchema(_)
            | Self::Newer { .. }
            | Self::Invalid(_)
            | Self::Panicked => false,
        }
    }

    /// What the dead letters call it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Undecodable(_) | Self::Unknown(_) | Self::Lacking(_) | Self::NoSchema(_) | Self::Unavailable(_) => {
                "undecodable"
            }
            Self::Invalid(_) | Self::Newer { .. } => "invalid",
            Self::Panicked => "panicked",
        }
    }
}

/// Runs what reads a record. One at which it panics can never be read, and must not end the process at every start. What
/// `read` changes must not matter when it panics.
pub fn catch_panic<T>(read: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(ReadError::Panicked))
}

impl Schemas {
    /// Knows no schema yet. `handle` is the runtime that the registry's client runs on; calls block on it.
    pub fn new(registry: Registry, handle: Handle) -> Self {
        Self { source: Some(Source { registry, handle }), decoder: Decoder::new() }
    }

    /// Knows what the decoder has learned, and never more.
    pub fn known(decoder: Decoder) -> Self {
        Self { source: None, decoder }
    }

    /// Reads by the schemas that are known. Asks nobody.
    pub fn read_known<T>(&self, read: impl Fn(&Decoder) -> Result<T, DecodeError>) -> Result<T, ReadError> {
        read(&self.decoder).map_err(|error| match error {
            DecodeError::UnknownSchema(id) => ReadError::Lacking(id),
            error => error.into(),
        })
    }

    /// Fetches a schema. Blocks while the registry has not answered, for as long as its client waits.
    pub fn learn(&mut self, id: u32) -> Result<(), ReadError> {
        let Source { registry, handle } = self.source.as_ref().ok_or(ReadError::Lacking(id))?;
        let json = handle.block_on(registry.fetch(id)).map_err(|error| {
            if error.is_transient() { ReadError::Unavailable(error) } else { ReadError::Unknown(error) }
        })?;
        Ok(self.decoder.learn(id, &json)?)
    }

    /// Reads by the schemas that are known, after fetching the one that is not.
    pub fn read<T>(&mut self, read: impl Fn(&Decoder) -> Result<T, DecodeError>) -> Result<T, ReadError> {
        match self.read_known(&read) {
            Err(ReadError::Lacking(id)) => {
                self.learn(id)?;
                self.read_known(read)
            }
            read => read,
        }
    }
}
