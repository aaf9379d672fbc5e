//! Who calls whom when, drawn from a seed before anything runs. Knows no node and no message.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The price of a begun minute, in hundred-thousandths of the currency unit: 0.01.
pub(crate) const MINUTE_UNITS: i64 = 1_000;
/// How long a day is.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
/// Telephones register within this after the day begins, and again after each further one.
pub(crate) const REGISTER_EVERY: Duration = Duration::from_secs(300);

/// How much traffic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    /// Registered telephones.
    pub(crate) phones: u32,
    /// Attempts a day.
    pub(crate) calls: u32,
    /// Of a hundred attempts so many are answered.
    pub(crate) answered_percent: u32,
    pub(crate) seed: u64,
}

/// One attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// After the day begins.
    pub(crate) at: Duration,
    /// The caller's place among the telephones.
    pub(crate) phone: u32,
    pub(crate) fate: Fate,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered, and the caller hangs up after so many whole minutes and a half.
    Talk { whole_minutes: u32 },
    /// The called party is busy.
    Busy,
    /// The called number is nobody's.
    Unassigned,
}

impl Fate {
    /// How long they talk. Half a minute stands on either side, so that no delay of a message reaches the next minute.
    pub(crate) fn talk(self) -> Option<Duration> {
        match self {
            Self::Talk { whole_minutes } => Some(Duration::from_secs(u64::from(whole_minutes) * 60 + 30)),
            Self::Busy | Self::Unassigned => None,
        }
    }

    /// What it must cost, worked out without the charging system: begun minutes.
    pub(crate) fn units(self) -> i64 {
        match self {
            Self::Talk { whole_minutes } => i64::from(whole_minutes + 1) * MINUTE_UNITS,
            Self::Busy | Self::Unassigned => 0,
        }
    }

    /// The called number: its last digit tells the vendor's gateway what to do.
    pub(crate) const fn number(self) -> &'static str {
        match self {
            Self::Talk { .. } => "442079460000",
            Self::Busy => "442079460001",
            Self::Unassigned => "442079460002",
        }
    }
}

/// All attempts of the day in their order.
pub(crate) fn attempts(traffic: &Traffic) -> Vec<Attempt> {
    let mut random = ChaCha8Rng::seed_from_u64(traffic.seed);
    // Everyone is registered before the first call, and the last call is over before the day is.
    let from = REGISTER_EVERY.as_millis();
    let until = (DAY - Duration::from_secs(600)).as_millis();
    let millis = |span: u128| u64::try_from(span).unwrap_or(u64::MAX);
    let mut all: Vec<Attempt> = (0..traffic.calls)
        .map(|_| Attempt {
            at: Duration::from_millis(random.random_range(millis(from)..millis(until))),
            phone: random.random_range(0..traffic.phones.max(1)),
            fate: if random.random_range(0..100) < traffic.answered_percent {
                // 30 s to 9.5 min, five minutes on average.
                Fate::Talk { whole_minutes: random.random_range(0..10) }
            } else if random.random_range(0..2) == 0 {
                Fate::Busy
            } else {
                Fate::Unassigned
            },
        })
        .collect();
    all.sort_by_key(|attempt| (attempt.at, attempt.phone));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_calls_are_answered_and_talk_for_five_minutes_on_average() {
        let traffic = Traffic { phones: 100, calls: 20_000, answered_percent: 50, seed: 7 };
        let talks: Vec<Duration> =
            attempts(&traffic).iter().filter_map(|attempt| attempt.fate.talk()).collect();
        // 10,000 of 20,000, give or take three standard deviations of 71; the mean of 30, 90, … 570 s is 300 s.
        assert!((9_788..=10_212).contains(&talks.len()), "{}", talks.len());
        let mean = talks.iter().sum::<Duration>().as_secs() / u64::try_from(talks.len()).unwrap_or(1);
        assert!((294..=306).contains(&mean), "{mean}");
    }

    #[test]
    fn a_begun_minute_costs_a_whole_one() {
        // 150 s are three begun minutes: 0.03.
        let talk = Fate::Talk { whole_minutes: 2 };
        assert_eq!((talk.talk(), talk.units()), (Some(Duration::from_secs(150)), 3_000));
        assert_eq!(Fate::Busy.units(), 0);
    }
}
