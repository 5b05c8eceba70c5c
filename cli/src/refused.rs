//! A command line that is refused, told so that one knows which variable to mend.

use std::{ffi::OsString, process::ExitCode};

use clap::{
    Arg, Command, Error,
    error::{ContextKind, ContextValue},
};

/// Why the program does not start, or the help that was asked for.
#[derive(Debug)]
pub struct Refused {
    error: Error,
    variables: Vec<String>,
}

impl Refused {
    /// `command` knows which variables belong to the options in the error, and `args` which subcommand it is about: two
    /// may have a flag in common.
    pub(crate) fn new(mut error: Error, command: &Command, args: &[OsString]) -> Self {
        let flags = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(arg)) => vec![arg.clone()],
            Some(ContextValue::Strings(args)) => args.clone(),
            _ => Vec::new(),
        };
        let options: Vec<&Arg> = flags.iter().filter_map(|flag| find(command, args, flag)).collect();
        if may_hold_a_secret(&error, &options) {
            error.insert(ContextKind::InvalidValue, ContextValue::String("[redacted]".to_owned()));
        }
        let variables = options.iter().filter_map(|option| option.get_env()?.to_str()).map(str::to_owned).collect();
        Self { error, variables }
    }

    /// The variables that are refused or missing, if the error is about any.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Prints it and says how the process ends.
    pub fn exit(&self) -> ExitCode {
        let _ = self.error.print();
        if !self.error.use_stderr() {
            return ExitCode::SUCCESS;
        }
        match self.variables.as_slice() {
            [] => {}
            [variable] => eprintln!("\nThe variable for it is {variable}."),
            variables => eprintln!("\nThe variables for them are {}.", variables.join(", ")),
        }
        ExitCode::from(2)
    }
}

/// The option that is written `--flag <VALUE>` in the error: of the subcommand that `args` name, or of what is above it.
fn find<'a>(command: &'a Command, args: &[OsString], flag: &str) -> Option<&'a Arg> {
    let long = flag.split([' ', '=']).next()?.strip_prefix("--")?;
    let mut found = None;
    let mut at = Some(command);
    let mut names = args.iter().skip(1);
    while let Some(command) = at {
        found = command.get_arguments().find(|arg| arg.get_long() == Some(long)).or(found);
        at = names.by_ref().find_map(|name| command.find_subcommand(name));
    }
    found
}

/// A secret, or a URL with a password, has no place on a terminal or in the log of a service manager.
fn may_hold_a_secret(error: &Error, options: &[&Arg]) -> bool {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return false };
    value.contains('@') || (!value.is_empty() && options.iter().any(|option| option.is_hide_env_values_set()))
}
