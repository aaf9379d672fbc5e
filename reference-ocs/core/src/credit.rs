//! Credit control: sessions whose client asks for quotas of several services, reports what it used of them since it last
//! did, and asks for more; and single events that are charged at once.
//!
//! - What is reported is what was used since the report before: a request is known by its number within the session, and
//!   one that comes again changes nothing and gets the first answer.
//! - Each service of a session (a rating group, a service identifier) is a usage of its own, with its own record.
//! - What was used is charged before anything new is reserved, also where the request is refused.
//! - What was used after a change of tariff is charged at the new level: the usage before it ends there.
//!
//! Source: RFC 8506 sections 4 to 6; charging rules 8, 10, 12, 13, 17.

use std::sync::Arc;
use std::time::Duration;

use tollgate_time::Instant;

use crate::command::SessionKey;
use crate::denial::Denial;
use crate::effect::Context;
use crate::money::{Amount, Currency};
use crate::service::Service;

/// A request for credit control.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CreditRequest {
    /// The node that asks, by its name in the catalogue.
    pub node: Option<String>,
    /// The session; globally unique.
    pub session: SessionKey,
    /// The request's number within the session.
    pub number: u32,
    /// The identities that the client names the subscriber by, in its order: the first that an account has counts.
    pub accounts: Vec<String>,
    /// When it happened that the request speaks of; without it, now.
    pub at: Option<Instant>,
    /// What is asked.
    pub ask: CreditAsk,
}

/// What a request for credit control asks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum CreditAsk {
    /// A session begins, goes on or ends.
    Session {
        /// Which of them.
        stage: CreditStage,
        /// The services that it speaks of.
        services: Vec<ServiceRequest>,
        /// What to do with a session that is not known: begin it, or charge what was used and refuse the rest.
        begins_unknown: bool,
    },
    /// One event.
    Event(EventRequest),
}

/// How far a session of credit control has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum CreditStage {
    /// It begins.
    Initial,
    /// It goes on.
    Update,
    /// It ends, and all that is open in it.
    Terminate,
}

/// What a request says of one service.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct ServiceRequest {
    /// What the client tells it from the session's other services by; also empty.
    pub key: String,
    /// What is used.
    pub service: Service,
    /// The access code that the rating entry is found by.
    pub access_code: Option<String>,
    /// The caller's number.
    pub cli: Option<String>,
    /// The called number, or what else names the resource.
    pub cld: Option<String>,
    /// What was used since the last report, where it is one.
    pub used: Option<Used>,
    /// What is wanted; `None` when no more is.
    pub wanted: Option<Wanted>,
    /// The service has ended, whether the session goes on or not.
    pub last: bool,
    /// Why it ended (Q.850).
    pub disconnect_cause: Option<u8>,
    /// The address assigned to the user.
    pub subscriber_ip: Option<String>,
}

/// Units that were used since the report before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Used {
    /// Before the change of tariff that the last grant told of, or at an unknown side of it.
    pub before: u64,
    /// After it.
    pub after: u64,
}

/// What is wanted of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wanted {
    /// The fewest units worth granting.
    pub min: Option<u64>,
    /// The most units.
    pub max: u64,
    /// How long the grant is valid.
    pub validity: Duration,
    /// How long after that the client may still be late.
    pub grace: Duration,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct EventRequest {
    /// What is to be done.
    pub action: EventAction,
    /// What was or will be used.
    pub service: Service,
    /// The access code that the rating entry is found by.
    pub access_code: Option<String>,
    /// The caller's number.
    pub cli: Option<String>,
    /// The called number, or what else names the resource.
    pub cld: Option<String>,
    /// How many units; without them and without money, one piece.
    pub units: Option<u64>,
    /// Exactly this much money, whatever the units are.
    pub money: Option<(Amount, Currency)>,
}

/// What is to be done for an event (RFC 8506 section 8.41).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum EventAction {
    /// Charge it.
    #[default]
    DirectDebiting,
    /// Give back what it costs.
    Refund,
    /// Tell whether there is money for it; nothing changes.
    CheckBalance,
    /// Tell what it would cost; nothing changes.
    PriceEnquiry,
}

/// The answer to a request for credit control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreditAnswer {
    /// The account may use nothing; what was used is charged all the same.
    Denied {
        /// Why.
        denial: Denial,
        /// What is known of the account.
        context: Option<Box<Context>>,
    },
    /// There is no such session, or it was given up; what was used is charged all the same.
    UnknownSession,
    /// The services' answers, in the request's order.
    Session(SessionAnswer),
    /// The event's answer.
    Event(EventAnswer),
}

/// The answer to a request of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionAnswer {
    /// The account's id.
    pub account: Arc<str>,
    /// The services' answers, in the request's order.
    pub services: Vec<ServiceAnswer>,
    /// The request came before, and this is its first answer.
    pub repeated: bool,
}

/// The answer for one service.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ServiceAnswer {
    /// The service, by the request's key.
    pub key: String,
    /// What came of it.
    pub outcome: ServiceOutcome,
}

/// What came of the request for one service.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ServiceOutcome {
    /// What was used is charged; nothing was wanted.
    Settled,
    /// Units are granted.
    Granted(Granted),
    /// Nothing is granted.
    Denied(Denial),
}

/// Units that are granted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Granted {
    /// How many.
    pub units: u64,
    /// After them there is nothing more to grant.
    pub last: bool,
    /// The service costs this account nothing, so that no credit need be controlled.
    pub free: bool,
    /// Until when it is valid.
    pub valid_until: Instant,
    /// The called number as charged.
    pub cld: Option<String>,
    /// When another tariff begins to hold, where that is before it ends to be valid.
    pub tariff_change: Option<Instant>,
    /// What a unit costs, where each costs the same.
    pub unit_price: Option<UnitPrice>,
}

/// A price that is the same for each unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UnitPrice {
    /// 10⁻⁹ of the currency's unit.
    pub nanos: i64,
    /// For so many units.
    pub per: u64,
    /// The currency.
    pub currency: Currency,
}

/// The answer to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum EventAnswer {
    /// It was charged: so many units for so much.
    Debited {
        /// The units, where it was charged by them.
        units: Option<u64>,
        /// The money.
        amount: Amount,
        /// In this currency.
        currency: Currency,
    },
    /// So much was given back.
    Refunded {
        /// The money.
        amount: Amount,
        /// In this currency.
        currency: Currency,
    },
    /// Whether there is money enough.
    Enough(bool),
    /// What it would cost.
    Price {
        /// The money.
        amount: Amount,
        /// In this currency.
        currency: Currency,
    },
}

/// What is known of a session of credit control beside its usages.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct CreditState {
    /// The numbers of its requests.
    pub(crate) seen: Numbers,
    /// The number of the last request with its answer.
    pub(crate) answered: Option<(u32, Answered)>,
    /// It has ended.
    pub(crate) ended: bool,
    /// Its services.
    pub(crate) services: Vec<ServiceState>,
}

/// An answer, as it is kept to be given again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Answered {
    Session(Vec<ServiceAnswer>),
    Event(EventAnswer),
    Unknown,
}

/// What is known of one service of a session.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct ServiceState {
    pub(crate) key: String,
    /// How many usages of it have ended; the next one has a key of its own for that.
    pub(crate) ended: u32,
    /// The change of tariff that its last grant told of.
    pub(crate) tariff_change: Option<Instant>,
}

impl CreditState {
    pub(crate) fn service_mut(&mut self, key: &str) -> &mut ServiceState {
        let place = self.services.iter().position(|own| own.key == key).unwrap_or_else(|| {
            self.services.push(ServiceState { key: key.to_owned(), ended: 0, tariff_change: None });
            self.services.len() - 1
        });
        &mut self.services[place]
    }

    pub(crate) fn service(&self, key: &str) -> Option<&ServiceState> {
        self.services.iter().find(|own| own.key == key)
    }
}

/// Numbers that were seen, as ranges in ascending order.
///
/// Clients count by one, so that there is one range; the room for others is bounded, and a number beneath all that are
/// kept counts as seen: better a unit lost than one charged twice.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Numbers(Vec<(u32, u32)>);

/// How many ranges are kept.
const RANGES_MAX: usize = 64;

impl Numbers {
    pub(crate) fn has(&self, number: u32) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }

    pub(crate) fn add(&mut self, number: u32) {
        // Whoever counts by one goes on where the last range ends.
        if let Some((_, last)) = self.0.last_mut()
            && last.checked_add(1) == Some(number)
        {
            *last = number;
            return;
        }
        if self.has(number) {
            return;
        }
        let place = self.0.partition_point(|(first, _)| *first < number);
        self.0.insert(place, (number, number));
        if self.0.len() > RANGES_MAX {
            self.0[1].0 = self.0[0].0;
            self.0.remove(0);
        }
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(self.0.len());
        for &(first, last) in &self.0 {
            match merged.last_mut() {
                Some(before) if before.1.checked_add(1) == Some(first) => before.1 = last,
                _ => merged.push((first, last)),
            }
        }
        self.0 = merged;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_known_in_whatever_order_they_came() {
        let mut numbers = Numbers::default();
        for number in [0, 3, 5, 4, 1] {
            assert!(!numbers.has(number));
            numbers.add(number);
            assert!(numbers.has(number));
        }
        assert_eq!(numbers.0, [(0, 1), (3, 5)]);
        assert!(!numbers.has(2) && !numbers.has(6));
    }

    #[test]
    fn numbers_with_gaps_take_bounded_room_and_the_lowest_gap_counts_as_seen() {
        let mut numbers = Numbers::default();
        for number in 0..=64 {
            numbers.add(number * 2);
        }
        assert_eq!(numbers.0.len(), RANGES_MAX);
        // 0 and 2 have become one range: 1 counts as seen, 3 does not.
        assert!(numbers.has(1) && !numbers.has(3));
        numbers.add(u32::MAX);
        assert!(numbers.has(u32::MAX));
    }
}
