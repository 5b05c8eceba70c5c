//! Looking for the highest rate that is sustained.

/// No rate above this is tried.
const RATE_MAX: u32 = 100_000;
/// The search ends when the lowest rate that failed is within this part of the highest one that did not: a twentieth.
const PRECISION: u32 = 20;

/// Doubles (or halves) the rate until it knows one that is sustained and one that is not, then halves what lies
/// between them.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    first: u32,
    sustained: Option<u32>,
    failed: Option<u32>,
}

impl Search {
    /// Begins at that rate.
    pub(crate) fn new(first: u32) -> Self {
        Self { first, sustained: None, failed: None }
    }

    /// The rate to try next; none when it is known well enough.
    pub(crate) fn next(&self) -> Option<u32> {
        match (self.sustained, self.failed) {
            (None, None) => Some(self.first),
            (Some(low), None) => (low < RATE_MAX).then(|| low.saturating_mul(2).min(RATE_MAX)),
            (None, Some(high)) => (high > 1).then_some(high / 2),
            (Some(low), Some(high)) => (high - low > (low / PRECISION).max(1)).then(|| low + (high - low) / 2),
        }
    }

    /// Takes in what became of a rate.
    pub(crate) fn tell(&mut self, rate: u32, was_sustained: bool) {
        if was_sustained {
            self.sustained = self.sustained.max(Some(rate));
        } else {
            self.failed = Some(self.failed.map_or(rate, |failed| failed.min(rate)));
        }
    }

    /// The highest rate that was sustained.
    pub(crate) fn best(&self) -> Option<u32> {
        self.sustained
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn run(first: u32, limit: u32) -> (Option<u32>, Vec<u32>) {
        let (mut search, mut tried) = (Search::new(first), Vec::new());
        while let Some(rate) = search.next() {
            tried.push(rate);
            search.tell(rate, rate <= limit);
        }
        (search.best(), tried)
    }

    #[rstest]
    #[case::up(100, 730, Some(725), &[100, 200, 400, 800, 600, 700, 750, 725])]
    #[case::down(100, 30, Some(30), &[100, 50, 25, 37, 31, 28, 29, 30])]
    #[case::at_once(100, 100, Some(100), &[100, 200, 150, 125, 112, 106, 103])]
    #[case::never(4, 0, None, &[4, 2, 1])]
    #[case::always(60_000, 1_000_000, Some(100_000), &[60_000, 100_000])]
    fn searches(#[case] first: u32, #[case] limit: u32, #[case] best: Option<u32>, #[case] tried: &[u32]) {
        assert_eq!(run(first, limit), (best, tried.to_vec()));
    }

    proptest! {
        #[test]
        fn it_ends_close_to_the_limit(first in 1u32..=RATE_MAX, limit in 1u32..RATE_MAX) {
            let (best, tried) = run(first, limit);
            let best = best.expect("1 is sustained");
            prop_assert!(best <= limit && limit < best + (best / PRECISION).max(1));
            prop_assert!(tried.len() <= 40);
        }
    }
}
