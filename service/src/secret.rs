//! A configuration value that must not be seen.

use std::fmt;
use std::str::FromStr;

/// A password, key or token. It prints as `[redacted]`; [`Secret::expose`] is the only way to its text, so that every
/// use can be found by searching for that word.
///
/// An option of this type also needs clap's `hide_env_values = true`: `--help` prints the variable's raw value
/// otherwise, before this type has seen it.
#[derive(Clone)]
pub struct Secret(String);

/// The text of a secret was empty: a variable that was set to nothing, most likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be empty")]
pub struct EmptySecret;

impl Secret {
    /// The secret's text. Keep it out of logs, errors and `Debug` output.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = EmptySecret;

    fn from_str(text: &str) -> Result<Self, EmptySecret> {
        if text.is_empty() { Err(EmptySecret) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_its_text_only_when_asked() -> Result<(), EmptySecret> {
        let secret: Secret = "hunter2".parse()?;
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "[redacted] Secret([redacted]) Secret([redacted])");
        Ok(())
    }

    #[test]
    fn refuses_to_be_empty() {
        assert!(matches!("".parse::<Secret>(), Err(EmptySecret)));
    }
}
