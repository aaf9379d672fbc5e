//! What a user sends and receives, counted in octets and packets as time passes, exactly and without drawing it.

use std::time::Duration;

use tollgate_time::Instant;

/// What a session has carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Octets and packets from the user.
    pub(crate) up: Counted,
    /// Octets and packets to the user.
    pub(crate) down: Counted,
}

/// One direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) octets: u64,
    pub(crate) packets: u64,
}

impl Counters {
    /// Octets both ways.
    pub(crate) const fn octets(&self) -> u64 {
        self.up.octets.saturating_add(self.down.octets)
    }

    /// What was carried since the counters stood at `base`.
    pub(crate) const fn since(&self, base: &Self) -> Self {
        Self { up: self.up.since(base.up), down: self.down.since(base.down) }
    }
}

impl Counted {
    const fn since(self, base: Self) -> Self {
        Self {
            octets: self.octets.saturating_sub(base.octets),
            packets: self.packets.saturating_sub(base.packets),
        }
    }

    const fn plus(self, more: Self) -> Self {
        Self {
            octets: self.octets.saturating_add(more.octets),
            packets: self.packets.saturating_add(more.packets),
        }
    }
}

/// What the user wants to carry in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// So many octets, in so many packets where that is given, spread over the time of the traffic.
    Total(u64, Option<u64>),
    /// So many bits a second.
    Rate(u64),
}

/// Bursts: traffic flows for a time, pauses for a time, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bursts {
    pub(crate) on: Duration,
    pub(crate) off: Duration,
}

/// How fast the network lets traffic through, in bits a second; `None` for as fast as it comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Caps {
    pub(crate) up: Option<u64>,
    pub(crate) down: Option<u64>,
}

/// Octets for so many nanoseconds of flow.
#[derive(Debug, Clone, Copy)]
struct Speed {
    octets: u128,
    nanos: u128,
}

const NANOS_PER_SEC: u128 = 1_000_000_000;
const BITS_PER_OCTET: u128 = 8;

impl Speed {
    const fn of_bits(bits: u64) -> Self {
        // No sum of bits is wider than 64.
        Self { octets: bits as u128, nanos: NANOS_PER_SEC * BITS_PER_OCTET }
    }

    fn capped(self, cap: Option<u64>) -> Self {
        let Some(cap) = cap.map(Self::of_bits) else { return self };
        let own = self.octets.saturating_mul(cap.nanos);
        let limit = cap.octets.saturating_mul(self.nanos);
        if self.nanos == 0 || own > limit { cap } else { self }
    }

    /// Octets that flow in this time; all there are where it takes none.
    fn octets(self, nanos: u128) -> u64 {
        if self.nanos == 0 {
            return u64::MAX;
        }
        u64::try_from(self.octets.saturating_mul(nanos) / self.nanos).unwrap_or(u64::MAX)
    }
}

/// One direction of what is being carried.
#[derive(Debug, Clone, Copy)]
struct Stream {
    speed: Speed,
    cap: Option<u64>,
    /// Octets to be carried in all, packets for them.
    total: Option<(u64, Option<u64>)>,
    /// Octets carried until the speed last changed.
    settled: u64,
}

impl Stream {
    fn new(wish: Wish, flowing: Duration, cap: Option<u64>) -> Self {
        let (speed, total) = match wish {
            Wish::Rate(bits) => (Speed::of_bits(bits), None),
            Wish::Total(octets, packets) => {
                (Speed { octets: octets.into(), nanos: flowing.as_nanos() }, Some((octets, packets)))
            }
        };
        Self { speed, cap, total, settled: 0 }
    }

    /// Octets carried when it has flowed for this time since the speed last changed.
    fn octets(&self, nanos: u128) -> u64 {
        let octets = self.settled.saturating_add(self.speed.capped(self.cap).octets(nanos));
        self.total.map_or(octets, |(total, _)| octets.min(total))
    }

    fn counted(&self, nanos: u128, packet_len: u32) -> Counted {
        let octets = self.octets(nanos);
        let packets = match self.total {
            Some((total, Some(packets))) if total > 0 => {
                let part = u128::from(packets) * u128::from(octets) / u128::from(total);
                u64::try_from(part).unwrap_or(u64::MAX)
            }
            Some((_, Some(packets))) => packets,
            _ => octets.div_ceil(u64::from(packet_len.max(1))),
        };
        Counted { octets, packets }
    }
}

#[derive(Debug, Clone, Copy)]
struct Flow {
    began: Instant,
    /// No traffic after this; a total that was held up is carried beyond it.
    until: Option<Instant>,
    bursts: Option<Bursts>,
    /// When the speed last changed.
    changed: Instant,
    up: Stream,
    down: Stream,
}

impl Flow {
    /// Nanoseconds of flow up to this moment.
    fn active(&self, at: Instant) -> u128 {
        let at = self.until.map_or(at, |until| at.min(until));
        active(at - self.began, self.bursts)
    }

    fn since_change(&self, at: Instant) -> u128 {
        self.active(at).saturating_sub(self.active(self.changed))
    }

    fn counters(&self, at: Instant, packet_len: u32) -> Counters {
        let nanos = self.since_change(at);
        Counters { up: self.up.counted(nanos, packet_len), down: self.down.counted(nanos, packet_len) }
    }
}

/// Nanoseconds of flow in a span that starts with a burst.
fn active(span: Duration, bursts: Option<Bursts>) -> u128 {
    let nanos = span.as_nanos();
    let Some(Bursts { on, off }) = bursts else { return nanos };
    let (on, cycle) = (on.as_nanos(), on.as_nanos() + off.as_nanos());
    // A burst has a length, and so has a cycle.
    let cycles = nanos.checked_div(cycle).unwrap_or_default();
    cycles * on + (nanos - cycles * cycle).min(on)
}

/// The traffic of one session.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// Carried by flows that are over.
    before: Counters,
    flow: Option<Flow>,
    caps: Caps,
    /// Octets of a packet, where the scenario does not say how many packets there are.
    packet_len: u32,
}

impl Traffic {
    pub(crate) fn new(packet_len: u32) -> Self {
        Self { before: Counters::default(), flow: None, caps: Caps::default(), packet_len }
    }

    /// What has been carried by now.
    pub(crate) fn counters(&self, at: Instant) -> Counters {
        let now = self.flow.map(|flow| flow.counters(at, self.packet_len)).unwrap_or_default();
        Counters { up: self.before.up.plus(now.up), down: self.before.down.plus(now.down) }
    }

    /// The user does something else from now on. A total with no time to it is there at once, as far as the network lets
    /// it through; a rate without an end goes on.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        up: Wish,
        down: Wish,
        span: Option<Duration>,
        bursts: Option<Bursts>,
    ) {
        self.before = self.counters(now);
        let flowing = span.map_or(0, |span| active(span, bursts));
        let flowing = Duration::from_nanos(u64::try_from(flowing).unwrap_or(u64::MAX));
        let is_rate = |wish| matches!(wish, Wish::Rate(_));
        let until = span.filter(|_| is_rate(up) || is_rate(down)).and_then(|span| now.checked_add(span));
        self.flow = Some(Flow {
            began: now,
            until,
            bursts,
            changed: now,
            up: Stream::new(up, flowing, self.caps.up),
            down: Stream::new(down, flowing, self.caps.down),
        });
    }

    /// The network lets traffic through at another speed from now on.
    pub(crate) fn limit(&mut self, now: Instant, caps: Caps) {
        self.caps = caps;
        let Some(flow) = &mut self.flow else { return };
        let nanos = flow.since_change(now);
        flow.up.settled = flow.up.octets(nanos);
        flow.down.settled = flow.down.octets(nanos);
        flow.changed = now;
        (flow.up.cap, flow.down.cap) = (caps.up, caps.down);
    }

    /// When so many octets will have been carried both ways, if nothing changes; `None` when that is not foreseeable.
    pub(crate) fn reaches(&self, octets: u64, now: Instant) -> Option<Instant> {
        let there =
            |span: Duration| now.checked_add(span).is_some_and(|at| self.counters(at).octets() >= octets);
        if there(Duration::ZERO) {
            return Some(now);
        }
        let (mut low, mut high) = (0, FORESEEN_NANOS);
        if !there(Duration::from_nanos(high)) {
            return None;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if there(Duration::from_nanos(middle)) { high = middle } else { low = middle }
        }
        now.checked_add(Duration::from_nanos(high))
    }
}

/// How far traffic is foreseen: ten years.
const FORESEEN_NANOS: u64 = 10 * 366 * 86_400 * 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_unix_secs(1_514_299_872);
    const NONE: Wish = Wish::Total(0, None);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn down(traffic: &Traffic, after: u64) -> u64 {
        traffic.counters(START + secs(after)).down.octets
    }

    #[test]
    fn a_rate_is_counted_to_the_octet_and_ends_in_time() {
        let mut traffic = Traffic::new(1_000);
        traffic.begin(START, Wish::Rate(3), Wish::Rate(8_000), Some(secs(10)), None);
        // 8,000 bit/s are 1,000 octets a second; 3 bit/s are 3 × 10 / 8 = 3.75 octets in ten seconds.
        assert_eq!(down(&traffic, 7), 7_000);
        let end = traffic.counters(START + secs(60));
        assert_eq!((end.up.octets, end.up.packets), (3, 1));
        assert_eq!((end.down.octets, end.down.packets), (10_000, 10));
    }

    #[test]
    fn a_total_is_spread_over_its_time_with_its_packets() {
        let mut traffic = Traffic::new(1_000);
        traffic.begin(START, NONE, Wish::Total(65_615_636, Some(52_139)), Some(secs(1_000)), None);
        // Half the time: 65,615,636 / 2 = 32,807,818 octets, 52,139 / 2 = 26,069.5 packets.
        let half = traffic.counters(START + secs(500)).down;
        assert_eq!((half.octets, half.packets), (32_807_818, 26_069));
        let end = traffic.counters(START + secs(5_000)).down;
        assert_eq!((end.octets, end.packets), (65_615_636, 52_139));
    }

    #[test]
    fn bursts_carry_only_while_they_last() {
        let mut traffic = Traffic::new(1_000);
        let bursts = Bursts { on: secs(2), off: secs(8) };
        traffic.begin(START, NONE, Wish::Rate(8_000), None, Some(bursts));
        // After 25 s: two whole bursts of 2 s and one more, 6 s of 1,000 octets.
        assert_eq!((down(&traffic, 1), down(&traffic, 9), down(&traffic, 25)), (1_000, 2_000, 6_000));
    }

    #[test]
    fn a_total_that_is_throttled_takes_longer_and_is_whole_in_the_end() {
        let mut traffic = Traffic::new(1_000);
        traffic.begin(START, NONE, Wish::Total(100_000, None), Some(secs(10)), None);
        // 10,000 octets a second for 4 s, then 1,000 a second for 20 s, then 10,000 again.
        traffic.limit(START + secs(4), Caps { up: None, down: Some(8_000) });
        assert_eq!(down(&traffic, 24), 60_000);
        traffic.limit(START + secs(24), Caps::default());
        assert_eq!((down(&traffic, 26), down(&traffic, 28), down(&traffic, 99)), (80_000, 100_000, 100_000));
    }

    #[test]
    fn nothing_flows_through_a_closed_gate_and_a_total_waits_behind_it() {
        let closed = Caps { up: Some(0), down: Some(0) };
        let mut traffic = Traffic::new(1_000);
        traffic.limit(START, closed);
        traffic.begin(START, NONE, Wish::Total(500, None), None, None);
        assert_eq!(down(&traffic, 3_600), 0);
        traffic.limit(START + secs(3_600), Caps::default());
        assert_eq!(down(&traffic, 3_600), 500);
    }

    #[test]
    fn the_moment_of_a_number_of_octets_is_foreseen() {
        let mut traffic = Traffic::new(1_000);
        assert_eq!(traffic.reaches(1, START), None);
        traffic.begin(START, Wish::Rate(4_000), Wish::Rate(4_000), None, None);
        // Both ways together 1,000 octets a second.
        assert_eq!(traffic.reaches(5_000, START), Some(START + secs(5)));
        assert_eq!(traffic.reaches(0, START), Some(START));
    }

    #[test]
    fn another_flow_takes_over_what_was_carried() {
        let mut traffic = Traffic::new(1_000);
        traffic.begin(START, NONE, Wish::Rate(8_000), None, None);
        traffic.begin(START + secs(3), NONE, Wish::Total(u64::MAX, None), None, None);
        assert_eq!(down(&traffic, 3), u64::MAX, "counters end, they do not overflow");
    }
}
