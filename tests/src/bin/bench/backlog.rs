//! Whether more and more payments wait to be settled.

/// Payments that were due and not settled, at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Waiting {
    /// Seconds into the window.
    pub(crate) at_seconds: f64,
    /// How many.
    pub(crate) payments: f64,
}

/// By how many payments a second the backlog grows: the slope of the line that fits best.
pub(crate) fn growth_per_second(samples: &[Waiting]) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: fn(&Waiting) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (at, payments) = (mean(|sample| sample.at_seconds), mean(|sample| sample.payments));
    let spread: f64 = samples.iter().map(|sample| (sample.at_seconds - at).powi(2)).sum();
    if spread > 0.0 {
        samples.iter().map(|sample| (sample.at_seconds - at) * (sample.payments - payments)).sum::<f64>() / spread
    } else {
        // One sample or none: no time has passed.
        0.0
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn samples(payments: impl Fn(f64) -> f64) -> Vec<Waiting> {
        (0..100).map(|n| f64::from(n) / 10.0).map(|at| Waiting { at_seconds: at, payments: payments(at) }).collect()
    }

    #[rstest]
    #[case::level(samples(|_| 40.0), 0.0)]
    #[case::growing(samples(|at| 5.0 + 30.0 * at), 30.0)]
    #[case::shrinking(samples(|at| 500.0 - 2.0 * at), -2.0)]
    #[case::up_and_down(samples(|at| if (at * 10.0).round() % 2.0 < 0.5 { 10.0 } else { 30.0 }), 0.0)]
    #[case::one(samples(|_| 7.0)[..1].to_vec(), 0.0)]
    #[case::none(Vec::new(), 0.0)]
    fn growth(#[case] samples: Vec<Waiting>, #[case] expected: f64) {
        let growth = growth_per_second(&samples);
        assert!((growth - expected).abs() < 0.1, "{growth}");
    }
}
