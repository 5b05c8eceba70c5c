//! The schema registry, by its Confluent-compatible API.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use schema_registry_converter::{
    async_impl::schema_registry::{SrSettings, post_schema},
    schema_registry_common::{SchemaType, SuppliedSchema},
};
use serde_json::json;

use crate::{
    records::{Installation, Record},
    schema::{self, RecordSchema},
    topics::Topic,
    wire::Encoder,
};

/// What every subject is set to: any version can read what any other wrote.
pub const COMPATIBILITY: &str = "FULL_TRANSITIVE";

const TIMEOUT: Duration = Duration::from_secs(5);

/// A client of the registry.
#[derive(Clone)]
pub struct Registry {
    url: String,
    /// The URL as messages may tell it.
    shown: String,
    prefix: String,
    settings: SrSettings,
    http: reqwest::Client,
}

/// Why the registry did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It did not answer, or not as a registry does. Try again.
    #[error("the schema registry at {url} does not answer: {detail}")]
    Unavailable {
        /// Where it was looked for.
        url: String,
        /// What happened.
        detail: String,
    },
    /// The schema of this build is not registered. An operator has to act.
    #[error("the schema {record} of this build is not registered under {subject}; run `quittance schemas register`")]
    Unregistered {
        /// Full name of the record.
        record: String,
        /// The subject it was looked for under.
        subject: String,
    },
    /// The registry has no schema under this id: the record was not written by a client of this registry.
    #[error("the schema registry has no schema {0}")]
    UnknownId(u32),
    /// The registry refuses the schema as incompatible with what it has.
    #[error("the schema {record} is not compatible with the versions under {subject}: {detail}")]
    Incompatible {
        /// Full name of the record.
        record: String,
        /// The subject.
        subject: String,
        /// What the registry said.
        detail: String,
    },
}

impl Registry {
    /// Whether a text is a URL that a registry can have.
    pub fn is_url(text: &str) -> bool {
        Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    }

    /// A client of the registry at `url` for the topics under `prefix`. Does not connect yet. A user and a password in
    /// the URL are sent with every request, and stand in no message.
    pub fn new(url: &str, prefix: &str) -> Result<Self, RegistryError> {
        let url = url.trim_end_matches('/').to_owned();
        let shown = without_credentials(&url);
        let client = || reqwest::Client::builder().no_proxy().timeout(TIMEOUT);
        let unavailable = |detail: String| RegistryError::Unavailable { url: shown.clone(), detail };
        let settings = SrSettings::new_builder(url.clone())
            .set_timeout(TIMEOUT)
            .build_with(client())
            .map_err(|error| unavailable(error.to_string()))?;
        let http = client().build().map_err(|error| unavailable(error.to_string()))?;
        Ok(Self { prefix: prefix.to_owned(), settings, http, url, shown })
    }

    /// An encoder for a record on a topic, with the id under which this build's schema is registered.
    pub async fn encoder<R: Record>(&self, topic: Topic) -> Result<Encoder<R>, RegistryError> {
        self.lookup(topic, schema::of::<R>()).await.map(Encoder::new)
    }

    /// The schema under an id, as JSON.
    pub async fn fetch(&self, id: u32) -> Result<String, RegistryError> {
        #[derive(serde::Deserialize)]
        struct Found {
            schema: String,
        }
        let answer = self.http.get(format!("{}/schemas/ids/{id}", self.url)).send().await;
        let answer = answer.map_err(|error| self.unavailable(error))?;
        if answer.status() == StatusCode::NOT_FOUND {
            // A registry that has lost its schemas knows no id at all: that says nothing about the record.
            return match self.lookup(Topic::Installation, schema::of::<Installation>()).await {
                Ok(_) => Err(RegistryError::UnknownId(id)),
                Err(RegistryError::Unregistered { .. }) => Err(RegistryError::Unavailable {
                    url: self.shown.clone(),
                    detail: "it has lost its schemas; restore it, so that each has its id again".to_owned(),
                }),
                Err(error) => Err(error),
            };
        }
        let answer = answer.error_for_status().map_err(|error| self.unavailable(error))?;
        answer.json::<Found>().await.map(|found| found.schema).map_err(|error| self.unavailable(error))
    }

    /// Registers a schema for a topic and sets the compatibility of its subject. Says the id.
    pub async fn register(&self, topic: Topic, schema: &RecordSchema) -> Result<u32, RegistryError> {
        let subject = topic.spec().subject(&self.prefix, &schema.name);
        let supplied = SuppliedSchema::new(Some(schema.name.clone()), SchemaType::Avro, schema.json.clone());
        let registered = post_schema(&self.settings, subject.clone(), supplied).await.map_err(|error| {
            let detail = chain(&error).replace(&self.url, &self.shown);
            if error.retriable {
                return RegistryError::Unavailable { url: self.shown.clone(), detail };
            }
            RegistryError::Incompatible { record: schema.name.clone(), subject: subject.clone(), detail }
        })?;
        let request = self.http.put(format!("{}/config/{subject}", self.url));
        let answer = request.json(&json!({ "compatibility": COMPATIBILITY })).send().await;
        answer.and_then(reqwest::Response::error_for_status).map_err(|error| self.unavailable(error))?;
        Ok(registered.id)
    }

    async fn lookup(&self, topic: Topic, schema: &RecordSchema) -> Result<u32, RegistryError> {
        #[derive(serde::Deserialize)]
        struct Found {
            id: u32,
        }
        let subject = topic.spec().subject(&self.prefix, &schema.name);
        let request = self.http.post(format!("{}/subjects/{subject}", self.url));
        let answer = request.json(&json!({ "schema": schema.json, "schemaType": "AVRO" })).send().await;
        let answer = answer.map_err(|error| self.unavailable(error))?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(RegistryError::Unregistered { record: schema.name.clone(), subject });
        }
        let answer = answer.error_for_status().map_err(|error| self.unavailable(error))?;
        answer.json::<Found>().await.map(|found| found.id).map_err(|error| self.unavailable(error))
    }

    /// The client's errors name the URL with all that is in it.
    fn unavailable(&self, error: reqwest::Error) -> RegistryError {
        RegistryError::Unavailable { url: self.shown.clone(), detail: chain(&error.without_url()) }
    }
}

impl RegistryError {
    /// Whether trying again may help without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Unregistered { .. } | Self::UnknownId(_) | Self::Incompatible { .. } => false,
        }
    }
}

fn without_credentials(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return "(no URL)".to_owned() };
    // Fails only for URLs that can have none.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.to_string()
}

/// An error with its causes, since HTTP clients hide the telling part in the last of them.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_in_no_message() {
        let registry = Registry::new("http://user:hunter2@127.0.0.1:1/x/", "p").expect("a registry");
        let messages = [
            registry.fetch(1).await.expect_err("nobody is there").to_string(),
            registry.encoder::<Installation>(Topic::Installation).await.err().expect("nobody is there").to_string(),
            registry.register(Topic::Installation, schema::of::<Installation>()).await.expect_err("nobody").to_string(),
        ];
        for message in messages {
            assert!(message.contains("127.0.0.1:1/x") && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn urls() {
        assert!(Registry::is_url("http://127.0.0.1:18081/apis"));
        for bad in ["ftp://a", "http://", "registry:8081", ""] {
            assert!(!Registry::is_url(bad), "{bad}");
        }
    }
}
