//! Masks in each log line what must not be in one: the last line of defense, for what was logged by mistake.
//!
//! Lines are masked as they are about to be written, message, fields, causes and panics alike. What is looked for is told by its own
//! form (a key's prefix, `Bearer`, a JWT, a password in a URL, a checked number) or by the name of its field. A secret that was split
//! over two fields without such names is not found.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::{credential, issued_number};

const MASK: &str = "[masked]";
/// The mask of what may be a number of JSON, which has to be one still.
const NUMBER_MASK: &str = "0";

/// One pass finds all of it. What is in a group named `keep…` stands in front of it and is kept, as is `end`.
static SENSITIVE: LazyLock<Regex> = LazyLock::new(|| {
    let key = credential::KEY;
    // Colors stand between a field's name and its value on a terminal.
    let color = "(?:\\x1b\\[[0-9;]*m)*";
    // Of a field in text, of a member of JSON, and of JSON that is quoted in either.
    let named = format!("(?i:authorization|cookie|password|secret|api[_-]?key|token){color}\\\\?\"?{color}");
    let pattern = [
        format!("(?:{key})[0-9A-Za-z+/=_-]*"),
        // RFC 7519: the JSON of a header begins so in base64.
        "eyJ[0-9A-Za-z_-]{5,}\\.[0-9A-Za-z_-]+(?:\\.[0-9A-Za-z_-]*)*".to_owned(),
        "(?<keep_scheme>(?i:\\b(?:bearer|basic))[ \\t]+)[0-9A-Za-z._~+/=-]{12,}".to_owned(),
        "(?<keep_user>://[^/\\s:@\"]*:)[^@/\\s\"]+(?<end>@)".to_owned(),
        format!("(?<keep_quoted>{named}[:=]{color} ?\\\\?\")[^\"\\\\]+"),
        format!("(?<keep_plain>{named}={color})[^\"\\\\\\s\\x1b]+"),
        // Without spaces, or in the groups in which people write them.
        "(?<number>[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}|[0-9]{13,})"
            .to_owned(),
    ];
    Regex::new(&pattern.join("|")).expect("the pattern is a constant")
});

/// The text with what looks like a credential, or like an issued number, masked.
pub fn masked(text: &str) -> Cow<'_, str> {
    SENSITIVE.replace_all(text, |found: &Captures<'_>| {
        if let Some(number) = found.name("number") {
            let (before, after) = (&text[..number.start()], &text[number.end()..]);
            let mask = if before.ends_with([':', '[', ',']) { NUMBER_MASK } else { MASK };
            return if is_issued(before, number.as_str(), after) { mask } else { number.as_str() }.to_owned();
        }
        let kept = ["keep_scheme", "keep_user", "keep_quoted", "keep_plain"].iter().find_map(|name| found.name(name));
        let (kept, end) = (kept.map_or("", |kept| kept.as_str()), found.name("end").map_or("", |end| end.as_str()));
        format!("{kept}{MASK}{end}")
    })
}

/// Whether digits are an issued number, and no part of a hexadecimal id, of a UUID, or of a fraction. Times in milliseconds or less
/// begin as no issuer's number does, and positions in a log are not that large.
fn is_issued(before: &str, number: &str, after: &str) -> bool {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    issued_number::is_one(&digits) && !goes_on(before.bytes().rev(), b"-.") && !goes_on(after.bytes(), b"-")
}

/// Whether a hexadecimal word stands next to a number, with one of the signs between or none.
fn goes_on(mut next: impl Iterator<Item = u8> + Clone, signs: &[u8]) -> bool {
    let is_signed = next.clone().next().is_some_and(|sign| signs.contains(&sign));
    if is_signed {
        next.next();
    }
    // Longer than any id.
    const WORD_MAX: usize = 64;
    let mut word = next.take(WORD_MAX).take_while(u8::is_ascii_alphanumeric).peekable();
    word.peek().is_some() && word.all(|b| b.is_ascii_hexdigit())
}

/// A maker of writers that mask.
pub(super) struct Masking<M>(pub(super) M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Masking<M> {
    type Writer = MaskingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskingWriter(self.0.make_writer())
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        MaskingWriter(self.0.make_writer_for(metadata))
    }
}

/// A writer that masks. What is written at once is whole: tracing-subscriber writes each event as one buffer.
pub(super) struct MaskingWriter<W>(W);

impl<W: Write> Write for MaskingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(masked(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests;
