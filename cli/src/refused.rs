//! A command line that is refused, told so that one knows which variable to mend.

use std::process::ExitCode;

use clap::{
    Command, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Why the program does not start, or the help that was asked for.
#[derive(Debug)]
pub struct Refused {
    error: Error,
    variable: Option<String>,
}

impl Refused {
    /// `command` is asked for the variable that belongs to the option in the error.
    pub(crate) fn new(error: Error, command: &Command) -> Self {
        let flag = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(arg)) => Some(arg.clone()),
            Some(ContextValue::Strings(args)) => args.first().cloned(),
            _ => None,
        };
        let variable = flag.and_then(|arg| {
            let flag = arg.split([' ', '=']).next()?.trim_start_matches("--").to_owned();
            variable(command, &flag)
        });
        Self { error, variable }
    }

    /// The variable that is refused or missing, if the error is about one.
    pub fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    /// Prints it and says how the process ends.
    pub fn exit(&self) -> ExitCode {
        let _ = self.error.print();
        if matches!(self.error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return ExitCode::SUCCESS;
        }
        if let Some(variable) = &self.variable {
            eprintln!("\nThe variable for it is {variable}.");
        }
        ExitCode::from(2)
    }
}

fn variable(command: &Command, flag: &str) -> Option<String> {
    let own = command.get_arguments().find(|arg| arg.get_long() == Some(flag));
    let own = own.and_then(|arg| arg.get_env()).and_then(|name| name.to_str()).map(str::to_owned);
    own.or_else(|| command.get_subcommands().find_map(|sub| variable(sub, flag)))
}
