//! Chance from a seed that is handed in.

use std::time::Duration;

/// SplitMix64: a stream of numbers that its seed decides.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) const fn number32(&mut self) -> u32 {
        (self.number() >> 32) as u32
    }

    pub(crate) const fn octet(&mut self) -> u8 {
        self.number32().to_be_bytes()[0]
    }

    /// `middle` less or more up to `spread`.
    pub(crate) fn around(&mut self, middle: Duration, spread: Duration) -> Duration {
        let spread = spread.min(middle);
        let width = u64::try_from(spread.as_nanos()).unwrap_or(u64::MAX / 2).saturating_mul(2);
        if width == 0 {
            return middle;
        }
        middle - spread + Duration::from_nanos(self.number() % width)
    }
}
