//! What all sessions of a RADIUS client node share: settings, the client, alarms, chance, the numbers of sessions, and the way
//! out. What a session is, and what is said of it, is its node's business.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tollgate_network::{Output, Server};

use crate::outbox::Outbox;
use crate::radius_client::{self, Client};
use crate::timers::Timers;

/// Settings `S`, requests told apart by `Q`, alarms by `A`, and what else this kind of node counts.
#[derive(Debug)]
pub(crate) struct Office<S, Q, A, C> {
    pub(crate) settings: S,
    pub(crate) client: Client<Q>,
    pub(crate) out: Outbox,
    pub(crate) alarms: Timers<A>,
    pub(crate) random: ChaCha8Rng,
    pub(crate) counters: C,
    /// Distinguishes this node's sessions from those of the time before it was started.
    boot: u32,
    sessions: u32,
}

impl<S, Q, A, C> Office<S, Q, A, C> {
    pub(crate) fn open(
        (settings, client): (S, radius_client::Settings),
        counters: C,
        servers: &[Server],
        seed: u64,
        observing: bool,
    ) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let client_seed = random.next_u64();
        Self {
            client: Client::new(client, servers, client_seed),
            settings,
            out: Outbox::new(observing),
            alarms: Timers::default(),
            boot: random.next_u32(),
            random,
            counters,
            sessions: 0,
        }
    }

    /// Forgets what was only in memory. Chance and counters go on, so that no identifier comes twice.
    pub(crate) fn restart(&mut self) {
        self.client.clear();
        self.alarms.clear();
        self.out.clear();
        self.boot = self.random.next_u32();
    }

    /// The number of this start and that of a session in it, for an Acct-Session-Id that no other session has from one start
    /// to the next (RFC 2866 section 5.5).
    pub(crate) fn next_session(&mut self) -> (u32, u32) {
        self.sessions = self.sessions.wrapping_add(1);
        (self.boot, self.sessions)
    }

    /// What is to be said next, else when this is to be woken.
    pub(crate) fn poll(&mut self) -> Output {
        self.out.poll_or_wait(&[self.alarms.next_deadline(), self.client.next_deadline()])
    }
}
