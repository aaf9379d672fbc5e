//! A world that has been checked: every reference is known, every amount has its currency.
//! It says nothing of how a charging system holds these things; a target translates it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tollgate_time::Instant;
use tollgate_wire::{Decimal, Text};

use super::peaks::Peaks;
use crate::scenario::Place;

/// Everything that exists before a run. Names are the keys of the world file, in its order.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// `file:` the worlds that this one is laid over, and those below them; by their paths.
    pub bases: Vec<PathBuf>,
    /// `world:` a line on what it is.
    pub name: Text,
    /// `currency:` of whatever names none of its own (ISO 4217).
    pub currency: Text,
    /// `ocs:` the addresses of the charging system, the preferred one first.
    pub ocs: Vec<IpAddr>,
    /// `nodes:` its clients.
    pub nodes: Vec<Node>,
    /// `dialing-rules:` how dialled digits become E.164 numbers.
    pub dialing_rules: Vec<DialingRule>,
    /// `tariffs:`
    pub tariffs: Vec<Tariff>,
    /// `products:`
    pub products: Vec<Product>,
    /// `customers:`
    pub customers: Vec<Customer>,
    /// `accounts:`
    pub accounts: Vec<Account>,
    /// `vouchers:`
    pub vouchers: Vec<Voucher>,
    /// `routes:` carriers of SIP calls.
    pub routes: Vec<Route>,
    /// Resellers, vendors, aliases, exchange rates; the environment and its options.
    pub resale: super::resale::Resale,
    /// Discount plans, budgets, warnings and commitments.
    pub plans: super::plans::Plans,
    /// Routing plans, numbers of the inventory, where calls go.
    pub numbers: super::numbers::Numbers,
    /// `diameter:` how the system speaks Diameter.
    pub diameter: Option<super::diameter::Diameter>,
    /// `release:` as which the system behaves at the start.
    pub release: Option<Text>,
    /// `api:` how the system speaks HTTP.
    pub api: Option<super::api::Api>,
    /// `identifiers:` which numbers it gives to customers, accounts and xDRs.
    pub identifiers: super::api::Identifiers,
    /// `settings:`
    pub settings: Settings,
    /// `environments:` beside this one, each a world by itself that holds no others.
    pub environments: Vec<Self>,
}

/// A client of the charging system: a gateway, a server.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name (`PortaBilling_NodeId` where the system shows it).
    pub name: Text,
    /// `address:` by which the system knows it.
    pub address: IpAddr,
    /// `secret:` shared with the system; `None` for a node that speaks Diameter alone.
    pub secret: Option<Text>,
    /// `diameter:` how it calls itself there.
    pub diameter: Option<super::diameter::DiameterNode>,
    /// `trusted: true`: `PortaBilling_Ignore_Password` is honoured.
    pub trusted: bool,
    /// `internal: true`: its requests say which environment they are for (`PortaBilling_SessionEnv`).
    pub internal: bool,
    /// `require-message-authenticator: true`: access requests without one are discarded.
    pub require_message_authenticator: bool,
    /// `dialing-rule:` for numbers that it sends, where the customer has none.
    pub dialing_rule: Option<Text>,
    /// `dynamic-authorization:` what its sessions can be asked for from the system's side (RFC 5176).
    pub dynamic_authorization: DynamicAuthorization,
    /// `dynamic-port:` at which it listens for that.
    pub dynamic_port: u16,
    /// `response-templates:` lines that add to its answers, each with its place.
    pub response_templates: Vec<(Text, Place)>,
    /// Where it stands.
    pub place: Place,
}

/// What a client does when the system asks it to (RFC 5176).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DynamicAuthorization {
    /// Nothing: it hears no such request.
    #[default]
    None,
    /// It ends sessions.
    Disconnect,
    /// It ends and changes sessions.
    Coa,
}

/// `call-limit:` and `bandwidth-limit:` of a customer or an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallLimits {
    /// Calls at once.
    pub calls: Option<u32>,
    /// Kilobits a second of all calls together.
    pub kbps: Option<u32>,
}

/// How the digits that a subscriber dials become an E.164 number without `+`.
#[derive(Debug, Clone)]
pub struct DialingRule {
    /// Its name.
    pub name: Text,
    /// `country-code:` put before national numbers: `"1"`.
    pub country_code: Text,
    /// `area-code:` put before local numbers, if local dialling is allowed.
    pub area_code: Option<Text>,
    /// `international-prefix:` one or several: `"011"`, `"00"`.
    pub international_prefixes: Vec<Text>,
    /// `national-prefix:` `"1"` in North America, `"0"` in most of Europe.
    pub national_prefix: Option<Text>,
    /// `local-length:` digits of a local number.
    pub local_length: Option<u8>,
    /// `national-length:` digits of a national number without its prefix.
    pub national_length: Option<u8>,
    /// `translations:` numbers that stand for others: `"411": "12055576061"`.
    pub translations: Vec<(Text, Text)>,
    /// Where it stands.
    pub place: Place,
}

/// Prices by destination.
#[derive(Debug, Clone)]
pub struct Tariff {
    /// Its name, shown as `Tariff:`.
    pub name: Text,
    /// `currency:`
    pub currency: Text,
    /// `service:` what is priced; `voice` where it is not written.
    pub service: Text,
    /// `connect-fee:` due when a session connects.
    pub connect_fee: Decimal,
    /// `free-seconds:` at the start of a session.
    pub free_seconds: u32,
    /// `peaks:` when which of its prices hold; always peak without it.
    pub peaks: Option<Peaks>,
    /// `rates:`
    pub rates: Vec<Rate>,
    /// Where it stands.
    pub place: Place,
}

/// The price of one destination.
#[derive(Debug, Clone)]
pub struct Rate {
    /// `prefix:` digits, longest match wins; or a word that is matched whole.
    pub prefix: Text,
    /// `destination:` what the prefix is called.
    pub destination: Text,
    /// `forbidden: true`: calls are refused.
    pub forbidden: bool,
    /// `first:` the first interval.
    pub first: Interval,
    /// `next:` every further one; the same as the first where it is not written.
    pub next: Interval,
    /// `connect-fee:` in place of the tariff's.
    pub connect_fee: Option<Decimal>,
    /// `off-peak:` its first and next interval off-peak; those of the peak without it.
    pub off_peak: Option<[Interval; 2]>,
    /// `second-off-peak:` likewise.
    pub second_off_peak: Option<[Interval; 2]>,
    /// `minimum:` use beyond the free seconds is charged as if it were at least so much. The tariff's without it.
    pub minimum: u64,
    /// `minimum-amount:` use beyond the free seconds costs at least so much. The tariff's without it.
    pub minimum_amount: Decimal,
    /// `surcharge:` added to the cost, in thousandths of a percent. The tariff's without it.
    pub surcharge: u32,
    /// `from:` the first moment at which it is in force; ever since without it.
    pub effective_from: Option<Instant>,
    /// `discontinued: true`: as if it were not there, from then on.
    pub discontinued: bool,
    /// `hidden: true`: left out of price lists; charged like any other.
    pub hidden: bool,
    /// Where it stands.
    pub place: Place,
}

/// A charged interval: `{ interval: 30s, price: 0.02/min }`.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    /// Its length: seconds for time, octets for volume, units for events. At least 1.
    pub length: u64,
    /// The price, of `per` units.
    pub price: Decimal,
    /// What the price is for.
    pub per: PriceUnit,
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PriceUnit {
    /// `0.02/min`
    #[default]
    Minute,
    /// `0.02/s`
    Second,
    /// `1.20/h`
    Hour,
    /// `0.99/unit`: a piece, of services sold by the piece.
    Piece,
    /// `0.10/MiB` (also written MB): 2^20 octets, of services sold by volume.
    Mebibyte,
    /// `0.10/KiB`: 2^10 octets.
    Kibibyte,
    /// `0.10/GiB`: 2^30 octets.
    Gibibyte,
}

impl PriceUnit {
    /// Seconds, pieces or octets that the price is for.
    #[must_use]
    pub const fn units(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::Second => 1,
            Self::Hour => 3600,
            Self::Piece => 1,
            Self::Mebibyte => 1 << 20,
            Self::Kibibyte => 1 << 10,
            Self::Gibibyte => 1 << 30,
        }
    }

    /// Whether it is a time.
    #[must_use]
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Minute | Self::Second | Self::Hour)
    }

    /// Whether it is a volume.
    #[must_use]
    pub const fn is_volume(self) -> bool {
        matches!(self, Self::Kibibyte | Self::Mebibyte | Self::Gibibyte)
    }
}

/// What is sold: which tariff applies to which use.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its name, shown as `Product:`.
    pub name: Text,
    /// `currency:`
    pub currency: Text,
    /// `breakage:` the part of the balance that is too small to be used.
    pub breakage: Decimal,
    /// `precedence:` among the add-ons of an account; the highest is asked first.
    pub precedence: u32,
    /// `split-by-level: true`: a call over a change of peak level makes a record for each.
    pub split_by_level: bool,
    /// `service-features:` what a SIP switch that asks for routes is told of its services: `moh=1; rec=2`.
    pub service_features: Option<Text>,
    /// `rating:`
    pub rating: Vec<RatingEntry>,
    /// Where it stands.
    pub place: Place,
}

/// One rating entry of a product.
#[derive(Debug, Clone)]
pub struct RatingEntry {
    /// `access-code:` which access point; without it, any.
    pub access_code: Option<Text>,
    /// `service:` `voice`, …
    pub service: Text,
    /// `leg:` which direction; without it, `originate`.
    pub leg: Leg,
    /// `tariff:`
    pub tariff: Text,
    /// Where it stands.
    pub place: Place,
}

/// The direction of a call leg as seen from the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leg {
    /// A call that the gateway makes.
    #[default]
    Originate,
    /// A call that the gateway receives.
    Answer,
}

/// Who pays for credit accounts.
#[derive(Debug, Clone)]
pub struct Customer {
    /// Its name.
    pub name: Text,
    /// `currency:`
    pub currency: Text,
    /// `balance:` money owed.
    pub balance: Decimal,
    /// `credit-limit:` how much may be owed; without it, no limit.
    pub credit_limit: Option<Decimal>,
    /// `suspended: true`
    pub suspended: bool,
    /// `dialing-rule:`
    pub dialing_rule: Option<Text>,
    /// `call-limit:`, `bandwidth-limit:`
    pub call_limits: CallLimits,
    /// Where it stands.
    pub place: Place,
}

/// Who uses the service.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its identifier, the `User-Name`.
    pub id: Text,
    /// `customer:`
    pub customer: Text,
    /// `product:`
    pub product: Text,
    /// `add-ons:` products that are asked before it.
    pub add_ons: Vec<Text>,
    /// `type:` `debit` or `credit`.
    pub kind: AccountType,
    /// `balance:` money left (debit) or owed (credit).
    pub balance: Decimal,
    /// `credit-limit:` of its own (credit).
    pub credit_limit: Option<Decimal>,
    /// `password:`; empty means that none is asked for.
    pub password: Text,
    /// `language:` ISO 639-1, for announcements.
    pub language: Text,
    /// `blocked: true`
    pub blocked: bool,
    /// `expires:` the first moment at which it is expired.
    pub expires: Option<Instant>,
    /// `call-limit:`, `bandwidth-limit:`
    pub call_limits: CallLimits,
    /// Where it stands.
    pub place: Place,
}

/// How the balance of an account counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccountType {
    /// Money left; it falls.
    #[default]
    Debit,
    /// Money owed; it rises.
    Credit,
}

/// An amount that was paid for in advance.
#[derive(Debug, Clone)]
pub struct Voucher {
    /// Its number.
    pub id: Text,
    /// `amount:`
    pub amount: Decimal,
    /// `currency:`
    pub currency: Text,
    /// `expires:` the first moment at which it is worth nothing.
    pub expires: Option<Instant>,
    /// Where it stands.
    pub place: Place,
}

/// A carrier that takes SIP calls.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name.
    pub name: Text,
    /// `prefix:` of the numbers that it takes; empty for all.
    pub prefix: Text,
    /// `address:` where the call is sent.
    pub address: IpAddr,
    /// `preference:` the highest is tried first.
    pub preference: u32,
    /// `auth:` how the call proves itself.
    pub auth: Option<Text>,
    /// `rtpp-level:` whether media are proxied, 0 to 3.
    pub rtpp_level: Option<u8>,
    /// Where it stands.
    pub place: Place,
}

/// `settings:` of the charging system that a scenario may depend on.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `password-attempts-max:` wrong passwords in a row until the account is locked out.
    pub password_attempts_max: u32,
    /// `lockout:` how long it stays so.
    pub lockout: Duration,
    /// `login-lock:` how long a login without a call holds the account.
    pub login_lock: Duration,
    /// `session-expiry:` how long after its granted end a session without a word is closed.
    pub session_expiry: Duration,
    /// `keep-alive:` how long a session that is not granted by time may say nothing before it is closed.
    pub keep_alive: Duration,
    /// `grant-max-octets:` the most octets granted at once; without it, all that money pays for.
    pub grant_max_octets: Option<u64>,
    /// `grant-max:` the longest grant, to leave money for other sessions; without it, all that is there.
    pub grant_max: Option<Duration>,
    /// `call-bandwidth:` kilobits a second that one call takes; without it, 80 (G.711).
    pub call_bandwidth: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password_attempts_max: 3,
            lockout: Duration::from_secs(600),
            login_lock: Duration::from_secs(300),
            session_expiry: Duration::from_secs(300),
            keep_alive: Duration::from_secs(86_400),
            grant_max_octets: None,
            call_bandwidth: None,
            grant_max: None,
        }
    }
}
