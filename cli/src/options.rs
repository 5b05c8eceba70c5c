//! The list of every option, for the documentation and for the tests that hold other files to it.

use std::collections::BTreeMap;

use clap::{Arg, Command, CommandFactory};

use crate::Cli;

/// An option of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOption {
    /// The environment variable.
    pub variable: String,
    /// The flag, e.g. `--listen`.
    pub flag: String,
    /// What it is for.
    pub help: String,
    /// Its value if it is not given; differs between subcommands where there are several.
    pub defaults: Vec<String>,
    /// Subcommands that have it; empty if all do.
    pub commands: Vec<String>,
}

/// Every option that has an environment variable, by that variable.
pub fn options() -> BTreeMap<String, ProgramOption> {
    let mut found = BTreeMap::new();
    collect(&Cli::command(), "", &mut found);
    found
}

fn collect(command: &Command, path: &str, found: &mut BTreeMap<String, ProgramOption>) {
    for arg in command.get_arguments() {
        let Some(variable) = arg.get_env().and_then(|name| name.to_str()) else { continue };
        let option = found.entry(variable.to_owned()).or_insert_with(|| describe(arg, variable));
        let default = default(arg);
        if !option.defaults.contains(&default) {
            option.defaults.push(default);
        }
        if !path.is_empty() {
            option.commands.push(path.to_owned());
        }
    }
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path} {}", sub.get_name()) };
        collect(sub, &path, found);
    }
}

fn describe(arg: &Arg, variable: &str) -> ProgramOption {
    ProgramOption {
        variable: variable.to_owned(),
        flag: arg.get_long().map(|long| format!("--{long}")).unwrap_or_default(),
        help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
        defaults: Vec::new(),
        commands: Vec::new(),
    }
}

fn default(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    values.join(",")
}
