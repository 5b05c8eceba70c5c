//! The `Dockerfile` and what is sent to it.

use std::collections::BTreeMap;

use super::file::{path, text, variables};

/// The value of a key that stands once in the workspace's manifest.
fn manifest(key: &str) -> String {
    let manifest = text("Cargo.toml");
    let value = manifest.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
    value.unwrap_or_else(|| panic!("no {key}")).trim().to_owned()
}

/// The lines of one instruction.
fn instructions<'a>(dockerfile: &'a str, name: &str) -> Vec<&'a str> {
    dockerfile.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).collect()
}

#[test]
fn the_compiler_is_the_one_that_the_workspace_asks_for() {
    let dockerfile = text("Dockerfile");
    let args: BTreeMap<_, _> = instructions(&dockerfile, "ARG").into_iter().filter_map(|a| a.split_once('=')).collect();
    let rust = variables(&text("dev/versions.env"))["RUST_VERSION"].clone();
    assert_eq!(args["RUST_VERSION"], rust);
    assert_eq!(manifest("rust-version"), format!("\"{rust}\""));
}

#[test]
fn the_program_runs_on_the_debian_that_it_was_built_on() {
    let dockerfile = text("Dockerfile");
    let stages = instructions(&dockerfile, "FROM");
    assert_eq!(stages, ["rust:${RUST_VERSION}-slim-bookworm AS build", "debian:${DEBIAN_VERSION}-slim"]);
    let debian = instructions(&dockerfile, "ARG").into_iter().find_map(|arg| arg.strip_prefix("DEBIAN_VERSION="));
    assert!(debian.is_some_and(|version| version.starts_with("12.")), "bookworm is Debian 12, not {debian:?}");
}

#[test]
fn the_program_is_not_run_by_root() {
    let dockerfile = text("Dockerfile");
    let [user] = instructions(&dockerfile, "USER")[..] else { panic!("one user") };
    let numbers: Result<Vec<u32>, _> = user.split(':').map(str::parse).collect();
    assert!(numbers.is_ok_and(|numbers| numbers.len() == 2 && numbers.iter().all(|&n| n >= 10_000)), "{user}");
    assert_eq!(instructions(&dockerfile, "ENTRYPOINT"), [r#"["quittance"]"#]);
}

#[test]
fn only_what_is_needed_is_sent_to_the_build() {
    let ignore = text(".dockerignore");
    let mut lines = ignore.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("*"), "a new file is left out unless it is named");
    let sent: Vec<_> = lines.map(|line| line.strip_prefix('!').expect("an exception")).collect();
    let members = manifest("members");
    for member in members.trim_matches(['[', ']']).split(',').map(|member| member.trim().trim_matches('"')) {
        assert!(sent.contains(&member), "{member} is part of the workspace: name it in .dockerignore");
    }
    for name in &sent {
        assert!(path(name).exists() && !name.contains('*') && !name.starts_with('.'), "{name}");
    }
    let dockerfile = text("Dockerfile");
    let copied = instructions(&dockerfile, "COPY").into_iter().filter(|line| !line.contains("--from="));
    for copied in copied.filter_map(|line| line.split(' ').find(|word| !word.starts_with("--"))) {
        assert!(copied == "." || sent.contains(&copied), "{copied} is not sent");
    }
}
