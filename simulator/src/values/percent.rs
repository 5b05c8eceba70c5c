//! Percent-encoding, as it stands in paths and in forms.

/// Reads a segment of a path. Nothing, if it is not encoded well or is no text.
pub(crate) fn percent_decode(segment: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => u8::try_from(digit(bytes.next()?)? * 16 + digit(bytes.next()?)?).ok()?,
            plain => plain,
        });
    }
    String::from_utf8(decoded).ok()
}

/// Reads a name or a value of a form, where a plus is a space.
pub(crate) fn percent_decode_form(text: &str) -> Option<String> {
    percent_decode(&text.replace('+', " "))
}
