//! The report, as Markdown. Pure.

use crate::{args::Args, machine, step::Step, table::Table, tally::Percentiles, verify::Verified};

/// If payments are sent this late, milliseconds, it is worth a word: the load itself may have been short of something.
const SENDING_MS_MAX: f64 = 100.0;

/// All there is to report.
pub(crate) struct Run<'a> {
    /// What was asked for.
    pub(crate) args: &'a Args,
    /// What each step showed.
    pub(crate) steps: &'a [Step],
    /// If it was searched for: the highest rate that was sustained, if any was.
    pub(crate) best: Option<Option<u32>>,
    /// What came of them.
    pub(crate) verified: &'a Verified,
}

/// The whole report.
pub(crate) fn markdown(run: &Run<'_>, findings: &[String]) -> String {
    let mut sections = vec![head(run), rates(run.steps), latencies(run.steps)];
    sections.splice(2..2, notes(run.steps));
    // In a search only the last good rate is of interest.
    let used = run.steps.iter().filter(|step| run.best.is_none_or(|best| best == Some(step.rate)));
    sections.extend(used.map(usage));
    sections.push(verification(run, findings));
    sections.join("\n")
}

fn head(run: &Run<'_>) -> String {
    let build = if cfg!(debug_assertions) { "**Debug build: these figures mean nothing.** " } else { "" };
    let mut text = format!("{build}`{}` on {}; everything runs there.\n", run.args.command(), machine::line());
    if let Some(best) = run.best {
        let best = best.map_or("No rate was sustained.".to_owned(), |rate| {
            format!("Highest rate that was sustained: **{rate} payments/s**.")
        });
        text += &format!("\n{best}\n");
    }
    text
}

fn rates(steps: &[Step]) -> String {
    let mut table =
        Table::new(&["offered", "settled/s", "sustained", "settled in time", "backlog from", "to", "errors"]);
    for step in steps {
        table.row([
            format!("{}/s", step.rate),
            format!("{:.1}", step.settled_rate),
            if step.is_sustained() { "yes" } else { "no" }.to_owned(),
            format!("{:.2} %", (step.settled_share * 10_000.0).floor() / 100.0),
            format!("{:.0}", step.backlog.0),
            format!("{:.0}", step.backlog.1),
            step.errors.values().sum::<u64>().to_string(),
        ]);
    }
    table.markdown()
}

/// What the numbers alone do not say; nothing, if all went well.
fn notes(steps: &[Step]) -> Option<String> {
    let mut notes = String::new();
    for step in steps {
        let rate = step.rate;
        if !step.is_sustained() {
            let reasons: Vec<String> = step.reasons.iter().map(ToString::to_string).collect();
            notes += &format!("- {rate}/s was not sustained: {}\n", reasons.join("; "));
        }
        for (kind, count) in &step.errors {
            notes += &format!("- {rate}/s: {count} × {kind}\n");
        }
        if step.answered_too_early > 0 {
            notes += &format!("- {rate}/s: {} answers came before the settlement\n", step.answered_too_early);
        }
    }
    let late = steps.iter().filter(|step| step.sending.p99 >= SENDING_MS_MAX);
    for step in late {
        let (rate, p99) = (step.rate, step.sending.p99);
        notes +=
            &format!("- {rate}/s: p99 of sending was {p99:.0} ms: all connections were busy, or the machine was\n");
    }
    (!notes.is_empty()).then_some(notes)
}

fn latencies(steps: &[Step]) -> String {
    let mut table = Table::new(&["ms since it was due", "p50", "p90", "p99", "p99.9", "max"]);
    for step in steps {
        for (what, latency) in [("sent", step.sending), ("answered", step.answer), ("settled", step.settlement)] {
            let Percentiles { p50, p90, p99, p999, max } = latency;
            let cells = [p50, p90, p99, p999, max].map(|ms| format!("{ms:.1}"));
            table.row([vec![format!("{}/s {what}", step.rate)], cells.to_vec()].concat());
        }
    }
    table.markdown()
}

fn usage(step: &Step) -> String {
    let heading = format!("at {}/s", step.rate);
    let mut table = Table::new(&[&heading, "CPU s", "cores", "CPU ms/payment", "RSS MiB"]);
    let seconds = step.usage.elapsed.as_secs_f64();
    let payments = step.settled_rate * seconds;
    let row = |name: &str, cpu: f64, rss_mib: Option<u64>| {
        [
            name.to_owned(),
            format!("{cpu:.2}"),
            format!("{:.2}", cpu / seconds),
            if payments > 0.0 { format!("{:.3}", cpu * 1_000.0 / payments) } else { String::new() },
            rss_mib.map_or(String::new(), |mib| mib.to_string()),
        ]
    };
    for used in &step.usage.groups {
        table.row(row(&used.name, used.cpu.as_secs_f64(), Some(used.rss_mib)));
    }
    let cpu: f64 = step.usage.groups.iter().map(|used| used.cpu.as_secs_f64()).sum();
    table.row(row("all of these", cpu, Some(step.usage.groups.iter().map(|used| used.rss_mib).sum())));
    table.row(row("the rest of the machine", step.usage.others.as_secs_f64(), None));
    table.markdown()
}

fn verification(run: &Run<'_>, findings: &[String]) -> String {
    let mut text = run.verified.counted.clone();
    if findings.is_empty() {
        text += &format!(" {}\n", run.verified.holds);
    } else {
        text += " **Something is wrong:**\n\n";
        for finding in findings {
            text += &format!("- {finding}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use crate::{
        usage::{Usage, Used},
        verdict::Reason,
    };

    fn step(rate: u32, reasons: Vec<Reason>) -> Step {
        let latency = Percentiles { p50: 21.04, p90: 30.0, p99: 44.0, p999: 60.0, max: 61.0 };
        let used = Used { name: "ingest".to_owned(), cpu: Duration::from_millis(1_500), rss_mib: 20 };
        Step {
            rate,
            settled_rate: 100.0,
            settled_share: 0.999_99,
            backlog: (2.0, 3.0),
            errors: reasons.iter().map(|_| ("503 unavailable".to_owned(), 7)).collect(),
            reasons,
            sending: Percentiles::default(),
            answer: latency,
            settlement: latency,
            answered_too_early: 0,
            usage: Usage { elapsed: Duration::from_secs(30), groups: vec![used], others: Duration::from_millis(600) },
            unsettled: 0,
        }
    }

    fn report(steps: &[Step], best: Option<Option<u32>>, findings: &[String]) -> String {
        let args = Args::try_parse_from(["bench"]).expect("the defaults are good");
        let counted = "3500 payments were acknowledged.".to_owned();
        let verified = Verified { counted, holds: "None was lost.", findings: Vec::new() };
        markdown(&Run { args: &args, steps, best, verified: &verified }, findings)
    }

    #[test]
    fn everything_is_in_it() {
        let text = report(&[step(100, Vec::new())], None, &[]);
        for expected in [
            "`bench --rate 100 --seconds 30 --warmup-seconds 5 --mode wait --connections-max 1024` on ",
            "| 100/s   |     100.0 |       yes |         99.99 % |            2 |   3 |      0 |\n",
            "| 100/s settled       | 21.0 | 30.0 | 44.0 |  60.0 | 61.0 |\n",
            "| ingest                  |  1.50 |  0.05 |          0.500 |      20 |\n",
            "| the rest of the machine |  0.60 |  0.02 |          0.200 |         |\n",
            "3500 payments were acknowledged. None was lost.\n",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        assert!(!text.contains("\n- "), "{text}");
    }

    #[test]
    fn what_was_not_sustained_says_why() {
        let reasons = vec![Reason::Errors(7), Reason::Slow(1_200.0)];
        let text = report(&[step(100, reasons)], None, &[]);
        assert!(text.contains("- 100/s was not sustained: 7 errors; p99 of settlement was 1200 ms\n"), "{text}");
        assert!(text.contains("- 100/s: 7 × 503 unavailable\n"), "{text}");
    }

    #[test]
    fn late_sending_is_told() {
        let mut late = step(100, Vec::new());
        late.sending.p99 = 150.0;
        let text = report(&[late], None, &[]);
        assert!(text.contains("- 100/s: p99 of sending was 150 ms: all connections were busy"), "{text}");
    }

    #[test]
    fn a_search_tells_the_best_and_what_it_took() {
        let steps = [step(100, Vec::new()), step(200, vec![Reason::Slow(2_000.0)])];
        let text = report(&steps, Some(Some(100)), &[]);
        assert!(text.contains("Highest rate that was sustained: **100 payments/s**."), "{text}");
        assert!(text.contains("| at 100/s ") && !text.contains("| at 200/s "), "{text}");
        assert!(report(&steps, Some(None), &[]).contains("No rate was sustained."));
    }

    #[test]
    fn findings_are_told_loudly() {
        let text = report(&[step(100, Vec::new())], None, &["1 acknowledged payments are lost".to_owned()]);
        assert!(text.ends_with("**Something is wrong:**\n\n- 1 acknowledged payments are lost\n"), "{text}");
    }
}
