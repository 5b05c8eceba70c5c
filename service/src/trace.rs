//! The identity of a request on its way through HTTP, Kafka and HTTP again: W3C Trace Context.
//!
//! Only `traceparent` is carried (<https://www.w3.org/TR/trace-context/>, "traceparent Header"). A header that does not
//! hold to the specification counts as absent: the request then starts a trace of its own.

use std::fmt;

/// A place in a trace: which trace, which span of it, and whether the caller records it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    sampled: bool,
}

/// Length of a version 00 header: `00-` + 32 + `-` + 16 + `-` + 2.
const LEN: usize = 55;
const SAMPLED: u8 = 0x01;

impl TraceContext {
    /// The first span of a new trace, sampled.
    pub fn new_root() -> Self {
        Self { trace_id: random_nonzero(), span_id: random_nonzero(), sampled: true }
    }

    /// Reads a `traceparent` header.
    ///
    /// Version 00 must fit exactly. A later version may carry more after the flags, and its first four fields are read
    /// as those of version 00. Version ff, ids of zeros only and anything but lower-case hex are refused.
    pub fn parse(header: &str) -> Option<Self> {
        let bytes = header.as_bytes();
        let (known, rest) = bytes.split_at_checked(LEN)?;
        let [version] = hex(&known[..2])?;
        let more_allowed = version != 0x00;
        let ends_well = rest.is_empty() || (more_allowed && rest[0] == b'-');
        let dashes = [2, 35, 52].iter().all(|&at| known[at] == b'-');
        if version == 0xff || !ends_well || !dashes {
            return None;
        }
        let trace_id = hex(&known[3..35]).filter(|id| *id != [0; 16])?;
        let span_id = hex(&known[36..52]).filter(|id| *id != [0; 8])?;
        let [flags] = hex(&known[53..55])?;
        Some(Self { trace_id, span_id, sampled: flags & SAMPLED != 0 })
    }

    /// A new span of the same trace.
    pub fn child(&self) -> Self {
        Self { span_id: random_nonzero(), ..*self }
    }

    /// The trace's id, 32 hex digits: what a log line carries.
    pub fn trace_id(&self) -> impl fmt::Display + use<> {
        Hex(self.trace_id)
    }

    /// The span's id, 16 hex digits.
    pub fn span_id(&self) -> impl fmt::Display + use<> {
        Hex(self.span_id)
    }

    /// Whether the trace is recorded.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }
}

/// As a version 00 `traceparent` header.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 };
        write!(f, "00-{}-{}-{flags:02x}", Hex(self.trace_id), Hex(self.span_id))
    }
}

struct Hex<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Decodes exactly `N` bytes of lower-case hex.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn random_nonzero<const N: usize>() -> [u8; N] {
    loop {
        let bytes = rand::random();
        if bytes != [0; N] {
            return bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[rstest]
    #[case::sampled("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    #[case::not_sampled("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", false)]
    #[case::unknown_flags("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe", false)]
    #[case::random_flag_of_level_2("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", true)]
    #[case::later_version("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    #[case::later_version_with_more("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-may-come", true)]
    fn accepts(#[case] header: &str, #[case] sampled: bool) {
        let context = TraceContext::parse(header).expect("a good header");
        assert_eq!(context.trace_id().to_string(), TRACE);
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert_eq!(context.is_sampled(), sampled);
    }

    #[rstest]
    #[case::empty("")]
    #[case::short("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0")]
    #[case::version_00_with_more("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")]
    #[case::version_00_with_a_dash("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-")]
    #[case::later_version_run_on("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x")]
    #[case::version_ff("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    #[case::version_not_hex("0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    #[case::upper_case("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    #[case::upper_case_version("CC-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    #[case::trace_id_zero("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    #[case::span_id_zero("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")]
    #[case::underscores("00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01")]
    #[case::dash_inside("00-0af7651916cd43dd8448eb211c8031-9c-b7ad6b7169203331-1")]
    #[case::flags_not_hex("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x")]
    #[case::leading_space(" 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    #[case::not_ascii("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01")]
    fn refuses(#[case] header: &str) {
        assert_eq!(TraceContext::parse(header), None);
    }

    #[test]
    fn a_child_keeps_the_trace_and_takes_a_span_of_its_own() {
        let root = TraceContext::new_root();
        let child = root.child();
        assert!(root.is_sampled() && child.is_sampled());
        assert_eq!(child.trace_id().to_string(), root.trace_id().to_string());
        assert_ne!(child.span_id().to_string(), root.span_id().to_string());
        assert_ne!(TraceContext::new_root().trace_id().to_string(), root.trace_id().to_string());
    }

    proptest! {
        #[test]
        fn parse_reads_what_display_writes(trace_id: [u8; 16], span_id: [u8; 8], sampled: bool) {
            prop_assume!(trace_id != [0; 16] && span_id != [0; 8]);
            let context = TraceContext { trace_id, span_id, sampled };
            prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
        }

        #[test]
        fn never_panics(header in ".{0,80}") {
            let _ = TraceContext::parse(&header);
        }
    }
}
