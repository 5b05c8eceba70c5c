//! `docker-compose.yml` as a value: aliases and merges resolved, `${VARIABLE}` still as it is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_yaml_ng::Value;

/// What these tests look at.
#[derive(Deserialize)]
pub(crate) struct Compose {
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) networks: BTreeMap<String, Network>,
    pub(crate) volumes: BTreeMap<String, Value>,
}

/// What is absent is as if it were empty.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Service {
    pub(crate) image: String,
    pub(crate) build: Option<Value>,
    pub(crate) entrypoint: Vec<String>,
    pub(crate) command: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) healthcheck: Option<HealthCheck>,
    pub(crate) restart: String,
    pub(crate) depends_on: BTreeMap<String, DependsOn>,
    pub(crate) ports: Vec<String>,
    pub(crate) networks: Vec<String>,
    pub(crate) network_mode: Option<String>,
    pub(crate) volumes: Vec<String>,
    pub(crate) read_only: bool,
    pub(crate) privileged: bool,
    pub(crate) cap_drop: Vec<String>,
    pub(crate) cap_add: Vec<String>,
    pub(crate) security_opt: Vec<String>,
    pub(crate) mem_limit: String,
    pub(crate) user: Option<String>,
    pub(crate) profiles: Vec<String>,
    pub(crate) pull_policy: Option<String>,
    pub(crate) deploy: Option<Deploy>,
}

#[derive(Deserialize)]
pub(crate) struct HealthCheck {
    pub(crate) test: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct DependsOn {
    pub(crate) condition: String,
}

#[derive(Deserialize)]
pub(crate) struct Deploy {
    pub(crate) replicas: u32,
}

#[derive(Deserialize)]
pub(crate) struct Network {
    #[serde(default)]
    pub(crate) internal: bool,
}

/// The name of the image that is built here.
pub(crate) const IMAGE: &str = "quittance:local";

impl Compose {
    pub(crate) fn read() -> Self {
        let mut value: Value = serde_yaml_ng::from_str(&text("docker-compose.yml")).expect("YAML");
        // A merge may bring in another one.
        while has_merge(&value) {
            value.apply_merge().expect("merges");
        }
        serde_yaml_ng::from_value(value).expect("a compose file")
    }

    pub(crate) fn service(&self, name: &str) -> &Service {
        self.services.get(name).unwrap_or_else(|| panic!("there is no service {name}"))
    }

    /// The services that run the program, each with its subcommand and what follows it.
    pub(crate) fn programs(&self) -> Vec<(&str, &Service, String, Vec<String>)> {
        let subcommands = quittance_cli::subcommands();
        let mut programs = Vec::new();
        for (name, service) in self.services.iter().filter(|(_, service)| service.image == IMAGE) {
            let line = match service.entrypoint.split_first() {
                None => service.command.clone(),
                Some((program, rest)) if program == "quittance" => [rest, &service.command].concat(),
                Some(_) => continue,
            };
            let begins = |words: Vec<&str>| line.len() >= words.len() && words.iter().eq(&line[..words.len()]);
            let subcommand = subcommands.iter().find(|subcommand| begins(subcommand.split(' ').collect()));
            let subcommand = subcommand.unwrap_or_else(|| panic!("{name}: no subcommand {line:?}")).clone();
            let rest = line[subcommand.split(' ').count()..].to_vec();
            programs.push((name.as_str(), service, subcommand, rest));
        }
        programs
    }

    /// All that has to be there before that service is started.
    pub(crate) fn before(&self, name: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open = vec![self.service(name)];
        while let Some(service) = open.pop() {
            let new = service.depends_on.keys().map(String::as_str).filter(|&name| found.insert(name));
            open.extend(new.map(|name| self.service(name)));
        }
        found
    }
}

impl Service {
    /// Whether it ends by itself.
    pub(crate) fn is_tool(&self) -> bool {
        self.restart == "no"
    }
}

fn has_merge(value: &Value) -> bool {
    match value {
        Value::Mapping(mapping) => mapping.contains_key("<<") || mapping.values().any(has_merge),
        Value::Sequence(values) => values.iter().any(has_merge),
        _ => false,
    }
}

/// A file of the project.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The text of a file of the project.
pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// `NAME=value` lines, as shells and compose read them.
pub(crate) fn variables(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Puts values in for `${NAME:-default}` and `${NAME:?complaint}`, and `$` for `$$`.
pub(crate) fn interpolate(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        done += before;
        if let Some(after) = after.strip_prefix('$') {
            done.push('$');
            rest = after;
            continue;
        }
        let (inner, after) = after.strip_prefix('{').and_then(|after| after.split_once('}')).expect("${...}");
        let (name, default) = inner.split_once(":-").unwrap_or_else(|| (required(inner), ""));
        done += values.get(name).map_or(default, String::as_str);
        rest = after;
    }
    done + rest
}

/// The name in `NAME:?complaint`.
fn required(inner: &str) -> &str {
    inner.split_once(":?").unwrap_or_else(|| panic!("${{{inner}}} has neither a default nor a complaint")).0
}

/// The names in every `${NAME:?complaint}` of a text.
pub(crate) fn required_names(text: &str) -> BTreeSet<String> {
    let inner = text.split("${").skip(1).filter_map(|after| after.split_once('}')).map(|(inner, _)| inner);
    inner.filter_map(|inner| inner.split_once(":?")).map(|(name, _)| name.to_owned()).collect()
}
