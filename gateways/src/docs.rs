//! `docs/gateways.md` has in it what the code says: what each gateway can do, and what its codes are in our words. When that changes:
//! `UPDATE_DOCS=1 cargo test -p quittance-gateways docs`

use std::{fmt::Write as _, fs, path::Path};

use quittance_avro::words::GatewayKind;

use crate::{Capabilities, capabilities, simulator, stripe};

const HOUR_MS: i64 = 3_600_000;
/// How many members a gateway's capabilities have.
const CAPABILITIES: usize = 10;

/// The codes of a gateway, each with ours.
struct Codes {
    /// Of cards that were declined, with our advice where the gateway gives none.
    declines: Vec<(&'static str, &'static str, Option<&'static str>)>,
    /// Of requests that were turned down.
    refusals: Vec<(&'static str, Option<&'static str>)>,
    /// Of refunds that failed after they were taken.
    refund_failures: &'static [(&'static str, &'static str)],
}

fn codes(kind: GatewayKind) -> Codes {
    match kind {
        GatewayKind::Simulator => Codes {
            declines: simulator::codes::DECLINES.iter().map(|(raw, ours)| (*raw, *ours, None)).collect(),
            refusals: simulator::codes::REFUSALS.to_vec(),
            refund_failures: &[],
        },
        GatewayKind::Stripe => Codes {
            declines: stripe::codes::DECLINES.iter().map(|told| (told.raw, told.ours, told.advice)).collect(),
            refusals: stripe::codes::REFUSALS.iter().map(|(raw, ours)| (*raw, Some(*ours))).collect(),
            refund_failures: stripe::codes::REFUND_FAILURES,
        },
    }
}

#[test]
fn docs_tell_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gateways.md");
    let found = fs::read_to_string(&path).expect("the page");
    let page = sections().iter().fold(found.clone(), |page, (name, text)| filled(&page, name, text));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("the page is written");
        return;
    }
    let differs = found.lines().zip(page.lines()).find(|(found, wanted)| found != wanted);
    assert!(
        found == page,
        "docs/gateways.md is not what the code says; make it anew with \
         `UPDATE_DOCS=1 cargo test -p quittance-gateways docs`. First difference: {differs:#?}"
    );
}

/// The page with that text between the two marks of that name.
fn filled(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let marks = page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = marks.unwrap_or_else(|| panic!("docs/gateways.md must have the lines {begin}and {end}"));
    format!("{before}{begin}{text}{end}{after}")
}

/// The parts of the page that are made, by the names of their marks.
fn sections() -> Vec<(String, String)> {
    let mut sections = vec![("capabilities".to_owned(), matrix())];
    for kind in GatewayKind::ALL {
        sections.push((format!("codes of {kind}"), tables(&codes(*kind))));
    }
    let tokens = commented(include_str!("../../simulator/src/tokens.rs"));
    let declines = commented(include_str!("../../simulator/src/tokens/decline.rs"));
    sections.push(("tokens of simulator".to_owned(), format!("{tokens}\n{declines}")));
    let methods = commented(include_str!("../../simulator/src/stripe/payment_method.rs"));
    sections.push(("tokens of stripe".to_owned(), methods));
    sections
}

/// A row for each thing that a gateway may be able to do, a column for each gateway.
fn matrix() -> String {
    let names: Vec<_> = GatewayKind::ALL.iter().map(|kind| format!("`{kind}`")).collect();
    let head: Vec<_> = std::iter::once("It …").chain(names.iter().map(String::as_str)).collect();
    let columns: Vec<_> = GatewayKind::ALL.iter().map(|kind| told(capabilities(*kind))).collect();
    let rows = (0..CAPABILITIES).map(|row| {
        let what = columns[0][row].0.to_owned();
        std::iter::once(what).chain(columns.iter().map(|column| column[row].1.clone())).collect()
    });
    table(&head, rows)
}

/// Every capability, and what it is at that gateway.
fn told(capabilities: &Capabilities) -> [(&'static str, String); CAPABILITIES] {
    // Nothing is left out: whoever adds a field is sent here.
    let Capabilities {
        manual_capture,
        partial_capture,
        multiple_captures,
        partial_void,
        partial_refund,
        two_steps,
        actions,
        saves_methods,
        key_memory_ms,
        authorization_ms,
    } = *capabilities;
    let can = |can: bool| if can { "yes" } else { "no" }.to_owned();
    let hours = |ms: i64| format!("{} h", ms / HOUR_MS);
    [
        ("holds money without taking it (`capture: manual`)", can(manual_capture)),
        ("takes less than it holds, and releases the rest", can(partial_capture)),
        ("takes what it holds in several captures (`final: false`)", can(multiple_captures)),
        ("releases what is left after a capture", can(partial_void)),
        ("gives back a part of what was taken", can(partial_refund)),
        ("authorizes in two steps, so that a lost answer can always be asked for", can(two_steps)),
        ("sends the customer somewhere to act (`requires_action`)", can(actions)),
        ("sets a payment method up before it can be charged without the customer", can(saves_methods)),
        ("surely remembers an idempotency key for", hours(key_memory_ms)),
        ("holds money for, unless it says so itself", hours(authorization_ms)),
    ]
}

fn tables(codes: &Codes) -> String {
    let has_advice = codes.declines.iter().any(|(_, _, advice)| advice.is_some());
    let mut head = vec!["Code of a decline", "`decline_code`"];
    head.extend(has_advice.then_some("`advice` where the gateway gives none"));
    let declines = codes.declines.iter().map(|(raw, ours, advice)| {
        let cells = [Some(*raw), Some(*ours), *advice].map(quoted);
        cells.into_iter().take(head.len()).collect()
    });
    let mut told = table(&head, declines);
    let refusals = codes.refusals.iter().map(|(raw, ours)| [Some(*raw), *ours].map(quoted).to_vec());
    told += &format!("\n{}", table(&["Code of a refusal", "`decline_code`"], refusals));
    if !codes.refund_failures.is_empty() {
        let failures = codes.refund_failures.iter().map(|(raw, ours)| [Some(*raw), Some(*ours)].map(quoted).to_vec());
        told += &format!("\n{}", table(&["Code of a refund that failed", "`decline_code`"], failures));
    }
    told
}

fn quoted(word: Option<&str>) -> String {
    word.map(|word| format!("`{word}`")).unwrap_or_default()
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows {
        let _ = writeln!(table, "| {} |", row.join(" | "));
    }
    table
}

/// The first table in a file's leading comment.
fn commented(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let rows = lines.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.fold(String::new(), |table, row| table + row + "\n")
}
