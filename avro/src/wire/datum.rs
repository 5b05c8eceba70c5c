//! The bytes of a datum as a reader that has an end.

use std::io::{Error, ErrorKind, Read, Result};

/// A datum that is being read. Asked for more than is left, it fails with an error of its own: the generic reader of
/// `apache_avro` takes a plain end of input for a null or an absent option, which would make a record that was cut
/// short look whole.
pub(super) struct Datum<'a> {
    left: &'a [u8],
}

impl<'a> Datum<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// How many bytes have not been read.
    pub(super) const fn left(&self) -> usize {
        self.left.len()
    }
}

impl Read for Datum<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.left.is_empty() && !buffer.is_empty() {
            return Err(ends_early());
        }
        self.left.read(buffer)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<()> {
        if self.left.len() < buffer.len() {
            return Err(ends_early());
        }
        self.left.read_exact(buffer)
    }
}

fn ends_early() -> Error {
    Error::new(ErrorKind::InvalidData, "the datum ends early")
}
