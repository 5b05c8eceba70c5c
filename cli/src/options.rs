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
    /// What the help lists it under; empty if under nothing of its own.
    pub heading: String,
    /// The values that it can have, if there are few.
    pub values: Vec<String>,
    /// Whether nothing starts without it.
    pub required: bool,
    /// Whether its value must not be seen.
    pub secret: bool,
    /// The subcommands that have it, each with the value that counts there if none is given. An option of every
    /// subcommand has one entry, under the empty name.
    pub defaults: BTreeMap<String, Option<String>>,
}

impl ProgramOption {
    /// Whether that subcommand, such as `sink redis`, has it.
    pub fn belongs_to(&self, subcommand: &str) -> bool {
        self.defaults.contains_key("") || self.defaults.contains_key(subcommand)
    }
}

/// Every option that has an environment variable, by that variable.
pub fn options() -> BTreeMap<String, ProgramOption> {
    let mut found = BTreeMap::new();
    each_option(&Cli::command(), "", &mut |arg, variable, subcommand| {
        let option = found.entry(variable.to_owned()).or_insert_with(|| describe(arg, variable));
        option.defaults.insert(subcommand.to_owned(), default(arg));
    });
    found
}

/// The subcommands that start something, in the order of the help.
pub fn subcommands() -> Vec<String> {
    let mut found = Vec::new();
    each_subcommand(&Cli::command(), "", &mut |command, path| {
        if !command.has_subcommands() {
            found.push(path.to_owned());
        }
    });
    found
}

/// What parses the command line. Its help does not repeat the environment: a URL there may hold a password.
pub(crate) fn command() -> Command {
    hide_environment(Cli::command())
}

fn hide_environment(command: Command) -> Command {
    command.mut_args(|arg| arg.hide_env_values(true)).mut_subcommands(hide_environment)
}

fn each_option(command: &Command, path: &str, visit: &mut impl FnMut(&Arg, &str, &str)) {
    each_subcommand(command, path, &mut |command, path| {
        for arg in command.get_arguments() {
            if let Some(variable) = arg.get_env().and_then(|name| name.to_str()) {
                visit(arg, variable, path);
            }
        }
    });
}

fn each_subcommand(command: &Command, path: &str, visit: &mut impl FnMut(&Command, &str)) {
    visit(command, path);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        each_subcommand(sub, format!("{path} {}", sub.get_name()).trim_start(), visit);
    }
}

fn describe(arg: &Arg, variable: &str) -> ProgramOption {
    ProgramOption {
        variable: variable.to_owned(),
        flag: arg.get_long().map(|long| format!("--{long}")).unwrap_or_default(),
        help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
        heading: arg.get_help_heading().unwrap_or_default().to_owned(),
        values: arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect(),
        required: arg.is_required_set(),
        secret: arg.is_hide_env_values_set(),
        defaults: BTreeMap::new(),
    }
}

fn default(arg: &Arg) -> Option<String> {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    (!values.is_empty()).then(|| values.join(","))
}
