//! What the virtual driver costs a frame, and what making one costs a scenario.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tollgate_network::{
    Action, ActionError, Between, Driver, Fault, Frame, Impairment, Input, Node, Output, Peer, Ratio,
    SimDriver,
};
use tollgate_time::Instant;

const START: Instant = Instant::from_unix_secs(1_173_428_150);
const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];

/// Answers each frame with itself until it has heard so many.
struct Volley {
    own: SocketAddr,
    peer: SocketAddr,
    left: u32,
    next: Option<Frame>,
}

impl Volley {
    fn new(own: [u8; 4], peer: [u8; 4], left: u32) -> Box<Self> {
        Box::new(Self { own: (own, 1813).into(), peer: (peer, 1813).into(), left, next: None })
    }
}

impl Node for Volley {
    fn handle_input(&mut self, _now: Instant, input: Input<'_>) {
        if let (Input::Receive(frame), Some(left)) = (input, self.left.checked_sub(1)) {
            self.left = left;
            self.next = Some(frame.answer(frame.payload.clone()));
        }
    }

    fn poll_output(&mut self) -> Output {
        self.next.take().map_or(Output::Wait(None), Output::Transmit)
    }

    fn restart(&mut self, _now: Instant) {}
}

impl Peer for Volley {
    fn perform(&mut self, _now: Instant, _action: &Action) -> Result<(), ActionError> {
        self.next = Some(Frame { from: self.own, to: self.peer, payload: vec![0x5a; 300].into() });
        Ok(())
    }
}

/// A scenario's worth of network: two nodes, so many frames back and forth, an hour of time.
fn scenario(driver: SimDriver, frames: u32) -> SimDriver {
    let mut driver = driver;
    let client =
        driver.add_node(&[IpAddr::from(CLIENT)], Volley::new(CLIENT, SERVER, frames / 2 - 1)).unwrap();
    driver.add_node(&[IpAddr::from(SERVER)], Volley::new(SERVER, CLIENT, frames / 2)).unwrap();
    driver.perform(client, &Action::new("serve")).unwrap();
    while driver.advance(START + Duration::from_secs(3_600)).is_some() {}
    driver
}

fn volleys(c: &mut Criterion) {
    let mut group = c.benchmark_group("sim");
    for frames in [14_u32, 10_000] {
        group.throughput(Throughput::Elements(u64::from(frames)));
        group.bench_with_input(BenchmarkId::new("frames", frames), &frames, |b, &frames| {
            b.iter(|| {
                let driver = scenario(SimDriver::new(START, 4_711), frames);
                assert_eq!(driver.tally().delivered, u64::from(frames));
                driver
            });
        });
        group.bench_with_input(BenchmarkId::new("frames kept", frames), &frames, |b, &frames| {
            b.iter(|| scenario(SimDriver::new(START, 4_711).keeping_carried(), frames));
        });
        group.bench_with_input(BenchmarkId::new("frames over a bad link", frames), &frames, |b, &frames| {
            let bad = Impairment {
                jitter: Duration::from_millis(1),
                duplication: Ratio::from_percent(5),
                reordering: Ratio::from_percent(5),
                ..Impairment::default()
            };
            b.iter(|| {
                let mut driver = SimDriver::new(START, 4_711);
                let fault = Fault::Impair { between: Between::Everyone, impairment: bad, until: None };
                driver.inject(fault).unwrap();
                scenario(driver, frames)
            });
        });
    }
    group.finish();
    c.bench_function("sim/new", |b| b.iter(|| SimDriver::new(black_box(START), black_box(4_711))));
}

criterion_group!(benches, volleys);
criterion_main!(benches);
