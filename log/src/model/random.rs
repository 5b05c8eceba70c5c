//! Chance that comes back with its seed.

/// `SplitMix64`: small, fast, and the same on every machine and in every version of every crate.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, and including, `most`; 0 if that is negative.
    pub(super) fn up_to(&mut self, most: i64) -> i64 {
        let Ok(most) = u64::try_from(most) else { return 0 };
        let number = self.next() % most.saturating_add(1);
        i64::try_from(number).unwrap_or(i64::MAX)
    }

    /// One of these.
    pub(super) fn choose<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let last = i64::try_from(choices.len()).ok()? - 1;
        let index = usize::try_from(self.up_to(last)).ok()?;
        choices.get(index).copied()
    }

    /// True once in so many times; never for 0.
    pub(super) fn once_in(&mut self, times: u32) -> bool {
        times > 0 && self.up_to(i64::from(times) - 1) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_again_and_stays_in_bounds() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| random.up_to(6)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_eq!((draw(7).iter().min(), draw(7).iter().max()), (Some(&0), Some(&6)));
    }
}
