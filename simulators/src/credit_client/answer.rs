//! What an answer says: of the session, and of each of its services.

use std::time::Duration;

use tollgate_diameter::{Avps, Message, ResultCode, avp};
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::services::Units;
use super::settings::{DebitHandling, FailureHandling};

/// What a client does when its last units are used (Final-Unit-Indication, RFC 8506 section 8.34).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinalUnit {
    /// It ends the service.
    Terminate,
    /// It sends the subscriber to this address, and lets nothing else through.
    Redirect(Text),
    /// It lets through what these rules and filters allow.
    Restrict(Vec<Text>),
}

impl FinalUnit {
    /// An action that nobody knows ends the service (section 8.35).
    fn read(avps: Avps<'_>) -> Self {
        let texts = |code| avps.all(code).filter_map(|own| own.text()).map(Text::from);
        match avps.get(avp::FINAL_UNIT_ACTION).and_then(|own| own.u32()) {
            Some(1) => {
                let server = avps.get(avp::REDIRECT_SERVER).map(|own| own.members());
                let address = server.and_then(|own| own.get(avp::REDIRECT_SERVER_ADDRESS)?.text());
                address.map_or(Self::Terminate, |address| Self::Redirect(address.into()))
            }
            Some(2) => {
                Self::Restrict(texts(avp::RESTRICTION_FILTER_RULE).chain(texts(avp::FILTER_ID)).collect())
            }
            _ => Self::Terminate,
        }
    }
}

/// A pool that units are drawn from (G-S-U-Pool-Reference): each costs `digits × 10^exponent` of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// G-S-U-Pool-Identifier.
    pub id: u32,
    /// Value-Digits of the price of one unit.
    pub digits: i64,
    /// Exponent of the price; 0 where it is missing (section 8.8).
    pub exponent: i32,
}

/// What an answer says of one service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceAnswer {
    /// Rating-Group.
    pub rating_group: Option<u32>,
    /// Service-Identifier.
    pub service_identifier: Option<u32>,
    /// Result-Code of the service alone; it may be missing.
    pub result: Option<ResultCode>,
    /// Granted-Service-Unit.
    pub granted: Option<Units>,
    /// Tariff-Time-Change within the grant.
    pub tariff_change: Option<Instant>,
    /// Validity-Time.
    pub validity: Option<Duration>,
    /// Final-Unit-Indication.
    pub final_unit: Option<FinalUnit>,
    /// Quota-Holding-Time; 0 for none (TS 32.299 section 7.2.172).
    pub holding_time: Option<Duration>,
    /// Volume-Quota-Threshold, in octets.
    pub volume_threshold: Option<u64>,
    /// Time-Quota-Threshold, in seconds.
    pub time_threshold: Option<u64>,
    /// Unit-Quota-Threshold.
    pub unit_threshold: Option<u64>,
    /// Trigger-Types; an empty Trigger names none, and `None` leaves them to the client.
    pub triggers: Option<Vec<u32>>,
    /// G-S-U-Pool-Reference.
    pub pool: Option<Pool>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreditAnswer {
    /// Result-Code; one that is missing is read as 5012, and that of an unknown class as a permanent failure.
    pub result: Option<ResultCode>,
    /// Origin-Host: who answered, also behind a relay.
    pub origin: Option<Text>,
    /// Whether CC-Session-Failover is SUPPORTED.
    pub failover: Option<bool>,
    /// Credit-Control-Failure-Handling.
    pub failure_handling: Option<FailureHandling>,
    /// Direct-Debiting-Failure-Handling.
    pub debit_handling: Option<DebitHandling>,
    /// Each Multiple-Services-Credit-Control.
    pub services: Vec<ServiceAnswer>,
    /// What stands at the level of the command.
    pub command: Box<ServiceAnswer>,
    /// Called-Party-Address, where the server gives another number than was dialled (INTEROP, number translation).
    pub called: Option<Text>,
}

impl CreditAnswer {
    /// Reads a Credit-Control-Answer.
    #[must_use]
    pub fn read(message: &Message<'_>) -> Self {
        let number = |code| message.u32(code);
        Self {
            result: message.result_code(),
            origin: message.text(avp::ORIGIN_HOST).map(Into::into),
            failover: number(avp::CC_SESSION_FAILOVER).map(|own| own == 1),
            failure_handling: number(avp::CREDIT_CONTROL_FAILURE_HANDLING)
                .and_then(FailureHandling::from_number),
            debit_handling: number(avp::DIRECT_DEBITING_FAILURE_HANDLING)
                .and_then(DebitHandling::from_number),
            services: message
                .all(avp::MULTIPLE_SERVICES_CREDIT_CONTROL)
                .map(|own| ServiceAnswer::read(own.members()))
                .collect(),
            command: Box::new(ServiceAnswer::read(message.avps())),
            called: message
                .get(avp::SERVICE_INFORMATION)
                .and_then(|own| {
                    own.members().get(avp::IMS_INFORMATION)?.members().get(avp::CALLED_PARTY_ADDRESS)?.text()
                })
                .map(Text::from),
        }
    }

    /// Whether the command succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.result.is_some_and(ResultCode::is_success)
    }

    /// What it says of a rating group; what stands at the level of the command where it names none.
    #[must_use]
    pub fn of_group(&self, group: Option<u32>) -> Option<&ServiceAnswer> {
        self.services.iter().find(|own| own.rating_group == group)
    }
}

impl ServiceAnswer {
    fn read(avps: Avps<'_>) -> Self {
        let number = |code| avps.get(code).and_then(|own| own.u32());
        let seconds = |code| number(code).map(|secs| Duration::from_secs(u64::from(secs)));
        let granted = avps.get(avp::GRANTED_SERVICE_UNIT).map(|own| own.members());
        Self {
            rating_group: number(avp::RATING_GROUP),
            service_identifier: number(avp::SERVICE_IDENTIFIER),
            result: number(avp::RESULT_CODE).map(ResultCode),
            granted: granted.map(Units::read),
            tariff_change: granted.and_then(|own| own.get(avp::TARIFF_TIME_CHANGE)?.time()),
            validity: seconds(avp::VALIDITY_TIME),
            final_unit: avps.get(avp::FINAL_UNIT_INDICATION).map(|own| FinalUnit::read(own.members())),
            holding_time: seconds(avp::QUOTA_HOLDING_TIME),
            volume_threshold: number(avp::VOLUME_QUOTA_THRESHOLD).map(u64::from),
            time_threshold: number(avp::TIME_QUOTA_THRESHOLD).map(u64::from),
            unit_threshold: number(avp::UNIT_QUOTA_THRESHOLD).map(u64::from),
            triggers: avps
                .get(avp::TRIGGER)
                .map(|own| own.members().all(avp::TRIGGER_TYPE).filter_map(|kind| kind.u32()).collect()),
            pool: avps.get(avp::G_S_U_POOL_REFERENCE).and_then(|own| {
                let inside = own.members();
                let price = inside.get(avp::UNIT_VALUE)?.members();
                Some(Pool {
                    id: inside.get(avp::G_S_U_POOL_IDENTIFIER)?.u32()?,
                    digits: price.get(avp::VALUE_DIGITS)?.i64()?,
                    exponent: price.get(avp::EXPONENT).and_then(|own| own.i32()).unwrap_or_default(),
                })
            }),
        }
    }
}
