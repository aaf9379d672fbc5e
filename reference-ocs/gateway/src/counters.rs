//! What the gateway counts, for each client and for strangers: requests, answers, copies, discards by
//! reason, oddities. Numbers only: what a single packet was about is an observation's affair.

/// Why a packet was thrown away without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Discard {
    /// Nobody with this source address is a client (RFC 2865 section 3).
    UnknownClient,
    /// It was sent to a port that nobody serves.
    UnknownPort,
    /// Its lengths do not fit, or an attribute's length is against its type (RFC 2865 section 3, RFC 2866 section 3).
    Malformed,
    /// Its code has no business at this port.
    UnexpectedCode,
    /// The Request Authenticator of an accounting request is not the one that the secret gives (RFC 2866 section 3).
    WrongAuthenticator,
    /// The Message-Authenticator is not the one that the secret gives (RFC 2869 section 5.14).
    WrongMessageAuthenticator,
    /// There is no Message-Authenticator, and this client's requests or this code must have one
    /// (RFC 5997 section 3 for Status-Server).
    NoMessageAuthenticator,
    /// It has an attribute that an accounting request must not have (RFC 2866 section 4.1).
    ForbiddenAttribute,
    /// An attribute without which it cannot be understood is not there (Acct-Status-Type, RFC 2866 section 4.1).
    MissingAttribute,
    /// An Acct-Status-Type that is not recorded here, so that it must not be confirmed (RFC 2866 section 2).
    UnsupportedStatus,
    /// A copy of a request that has no answer yet (RFC 5080 section 2.2.2).
    Unanswered,
    /// The answer does not fit a packet of 4,096 octets: too many Proxy-States (RFC 2865 section 5.33), or a
    /// name in the catalogue that is longer than an attribute.
    NoRoomForAnswer,
    /// The command log is full, and what cannot be stored must not be confirmed (RFC 2866 section 2).
    RecordFull,
    /// The site serves nobody now: it waits for another one, or another one is the primary.
    NotServing,
    /// An answer of another site that belongs to no request that was passed on.
    AstrayAnswer,
}

/// What was counted, other than discards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    /// Verified Access-Requests, copies included.
    AccessRequest,
    /// Verified Accounting-Requests, copies included.
    AccountingRequest,
    /// Verified Status-Servers, copies included.
    StatusServer,
    /// Requests that got their first answer again.
    Duplicate,
    /// Access-Accepts, copies not included.
    AccessAccept,
    /// Access-Rejects, copies not included.
    AccessReject,
    /// Accounting-Responses, copies not included.
    AccountingResponse,
}

/// Something that a client does against the book and that does not stop its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// An `h323-*-time` that is not a time.
    MalformedTime,
    /// Neither NAS-IP-Address nor NAS-Identifier (RFC 2865 section 4.1).
    NoNasIdentity,
    /// Neither h323-conf-id nor Acct-Session-Id: the session is named after user and port.
    NoSessionId,
    /// A value that should be a number is not, or is out of range.
    MalformedNumber,
    /// A word that has no meaning where it stands: an unknown service, an unknown lock action.
    UnknownWord,
    /// `PortaBilling_Ignore_Password` from a client that is not trusted: it was not heeded.
    UntrustedIgnorePassword,
    /// Orders for its charging in a report of a client that is not trusted: it was refused.
    UntrustedCharge,
}

macro_rules! counted {
    ($kind:ident { $($variant:ident => $name:literal,)+ }) => {
        impl $kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name under which it is counted and observed.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            const fn place(self) -> usize {
                self as usize
            }
        }
    };
}

counted!(Discard {
    UnknownClient => "unknown-client",
    UnknownPort => "unknown-port",
    Malformed => "malformed",
    UnexpectedCode => "unexpected-code",
    WrongAuthenticator => "wrong-authenticator",
    WrongMessageAuthenticator => "wrong-message-authenticator",
    NoMessageAuthenticator => "no-message-authenticator",
    ForbiddenAttribute => "forbidden-attribute",
    MissingAttribute => "missing-attribute",
    UnsupportedStatus => "unsupported-status",
    Unanswered => "unanswered",
    NoRoomForAnswer => "no-room-for-answer",
    RecordFull => "record-full",
    NotServing => "not-serving",
    AstrayAnswer => "astray-answer",
});

counted!(Count {
    AccessRequest => "access-requests",
    AccountingRequest => "accounting-requests",
    StatusServer => "status-servers",
    Duplicate => "duplicates",
    AccessAccept => "access-accepts",
    AccessReject => "access-rejects",
    AccountingResponse => "accounting-responses",
});

counted!(Oddity {
    MalformedTime => "malformed-time",
    NoNasIdentity => "no-nas-identity",
    NoSessionId => "no-session-id",
    MalformedNumber => "malformed-number",
    UnknownWord => "unknown-word",
    UntrustedIgnorePassword => "untrusted-ignore-password",
    UntrustedCharge => "untrusted-charge",
});

/// The numbers of one client, or of all strangers together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    counts: [u64; Count::ALL.len()],
    discards: [u64; Discard::ALL.len()],
    oddities: [u64; Oddity::ALL.len()],
}

impl Tally {
    /// How often this happened.
    #[must_use]
    pub fn count(&self, what: Count) -> u64 {
        self.counts[what.place()]
    }

    /// How many packets were thrown away for this reason.
    #[must_use]
    pub fn discarded(&self, why: Discard) -> u64 {
        self.discards[why.place()]
    }

    /// How often this oddity was met.
    #[must_use]
    pub fn odd(&self, what: Oddity) -> u64 {
        self.oddities[what.place()]
    }

    /// Packets thrown away, for whatever reason.
    #[must_use]
    pub fn discarded_in_all(&self) -> u64 {
        self.discards.iter().sum()
    }

    /// Everything that was counted at least once, by name, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let counts = Count::ALL.iter().map(|what| (what.name(), self.count(*what)));
        let discards = Discard::ALL.iter().map(|why| (why.name(), self.discarded(*why)));
        let oddities = Oddity::ALL.iter().map(|what| (what.name(), self.odd(*what)));
        counts.chain(discards).chain(oddities).filter(|(_, times)| *times > 0)
    }

    pub(crate) fn note(&mut self, what: Count) {
        self.counts[what.place()] += 1;
    }

    pub(crate) fn note_discard(&mut self, why: Discard) {
        self.discards[why.place()] += 1;
    }

    pub(crate) fn note_oddity(&mut self, what: Oddity) {
        self.oddities[what.place()] += 1;
    }

    fn add(&mut self, other: &Self) {
        for (sum, more) in self.counts.iter_mut().zip(other.counts) {
            *sum += more;
        }
        for (sum, more) in self.discards.iter_mut().zip(other.discards) {
            *sum += more;
        }
        for (sum, more) in self.oddities.iter_mut().zip(other.oddities) {
            *sum += more;
        }
    }
}

/// All tallies: one for each client in their order, one for strangers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    clients: Vec<Tally>,
    strangers: Tally,
}

impl Counters {
    /// Nothing counted yet, for so many clients.
    #[must_use]
    pub fn new(clients: usize) -> Self {
        Self { clients: vec![Tally::default(); clients], strangers: Tally::default() }
    }

    /// What came from addresses that belong to no client.
    #[must_use]
    pub const fn strangers(&self) -> &Tally {
        &self.strangers
    }

    /// The tally of one client, by its place in [`crate::Clients`].
    #[must_use]
    pub fn client(&self, place: usize) -> Option<&Tally> {
        self.clients.get(place)
    }

    /// Clients and strangers together.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut sum = self.strangers.clone();
        self.clients.iter().for_each(|tally| sum.add(tally));
        sum
    }

    /// The tally to be changed: that of a client, or without one that of the strangers.
    pub(crate) fn of(&mut self, client: Option<usize>) -> &mut Tally {
        match client.and_then(|place| self.clients.get_mut(place)) {
            Some(tally) => tally,
            None => &mut self.strangers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_place_and_name() {
        let counts = Count::ALL.iter().map(|what| (what.place(), what.name()));
        let discards = Discard::ALL.iter().map(|why| (why.place(), why.name()));
        let oddities = Oddity::ALL.iter().map(|what| (what.place(), what.name()));
        for kind in [counts.collect::<Vec<_>>(), discards.collect(), oddities.collect()] {
            for (place, (own, name)) in kind.iter().enumerate() {
                assert_eq!(*own, place, "{name}");
                assert_eq!(kind.iter().filter(|(_, other)| other == name).count(), 1, "{name}");
            }
        }
    }

    #[test]
    fn the_total_is_that_of_clients_and_strangers() {
        let mut counters = Counters::new(2);
        counters.of(Some(0)).note(Count::AccessRequest);
        counters.of(Some(1)).note(Count::AccessRequest);
        counters.of(Some(1)).note_oddity(Oddity::MalformedTime);
        counters.of(None).note_discard(Discard::UnknownClient);
        let total = counters.total();
        let seen: Vec<_> = total.iter().collect();
        assert_eq!(seen, [("access-requests", 2), ("unknown-client", 1), ("malformed-time", 1)]);
        assert_eq!(total.discarded_in_all(), 1);
        assert_eq!(counters.client(0).unwrap().count(Count::AccessRequest), 1);
    }
}
