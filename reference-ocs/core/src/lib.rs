//! The charging core of the reference OCS: catalogue, rating, ledger, sessions, xDRs.
//!
//! A deterministic state machine: [`Ocs::apply`] takes the time and a [`Command`] and gives [`Effect`]s. It knows no
//! protocol, opens nothing, reads no clock, uses no float and lets nothing be seen in hash order, so that a log of
//! commands applied again rebuilds the same state, byte for byte ([`Ocs::dump`]).
//!
//! Where the rules of charging stand, each with its tests:
//! - money, prices and the one rounding: [`money`];
//! - duration, free time, intervals, granted time: `rating`;
//! - balances, funds, limits, reservations: `ledger`;
//! - grants, repeats, lost and late reports: `ocs`;
//! - resellers, vendors, exchange rates, inherited options: [`parties`];
//! - several sites of one system, and what they hand over: [`site`];
//! - called numbers: [`dialing`]; the order of reasons to deny: [`denial`].

pub mod catalogue;
pub mod command;
pub mod commitments;
pub mod credit;
pub mod denial;
pub mod dialing;
pub mod effect;
pub mod event;
mod history;
pub mod ids;
mod ledger;
pub mod migration;
pub mod money;
mod names;
mod ocs;
mod part;
pub mod parties;
pub mod plans;
pub mod quota;
mod rating;
pub mod record;
pub mod service;
mod sessions;
pub mod site;
pub mod xdr;

pub use catalogue::{
    AccountSpec, BillingModel, CallLimits, Catalogue, CatalogueBuilder, CatalogueError, CataloguePath,
    CatalogueProblem, CatalogueProblems, CustomerSpec, Delivery, DestinationSpec, Interval, NodeSpec,
    PeakLevel, PeaksSpec, Period, Prices, ProductSpec, RateSpec, RateTerms, RatingEntrySpec, RoutingPlanSpec,
    Settings, TariffSpec, VoucherSpec,
};
pub use command::{
    AccessRequest, Admin, CallWishes, Callback, Command, Lock, Proof, Recharge, Reuse, SessionKey, Stage,
    UsageReport,
};
pub use credit::{
    CreditAnswer, CreditAsk, CreditRequest, CreditStage, EventAction, EventAnswer, EventRequest, Granted,
    ServiceAnswer, ServiceOutcome, ServiceRequest, SessionAnswer, UnitPrice, Used, Wanted,
};
pub use denial::Denial;
pub use dialing::DialingRules;
pub use effect::{
    Accepted, Answer, BalanceChange, Called, Closed, ClosedBy, Context, CustomerMoney, Denied, Effect, Grant,
    Recharged, Refusal, ReturnCode, Why,
};
pub use event::{Event, Fact, Subject};
pub use money::{Amount, Currency, Price};
pub use ocs::{
    AccountView, Adjustment, CustomerView, Ocs, OtherCatalogue, ProductView, Seat, SiteView, Standing,
    StoredState, UsageState, UsageView, VendorView,
};
pub use part::Part;
pub use quota::{Hold, QuotaGrant, QuotaWish, Wishes};
pub use record::{MemoryRecord, Record, RecordError, Recovered};
pub use service::{Leg, Service, Unit};
pub use site::{Release, Role, SiteCommand, SiteFact};
pub use xdr::{Entity, Note, Xdr};
