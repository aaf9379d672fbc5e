//! The record of what was charged, with all fields of the documents' xDR table; those that a charge has no use for
//! are absent.

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use tollgate_time::Instant;

use crate::command::SessionKey;
use crate::ids::{
    AccountId, CustomerId, DestinationGroupId, DestinationId, EnvId, RateId, RatingEntryId, TariffId,
    UsageId, VendorId, XdrId,
};
use crate::money::{Amount, Currency};
use crate::service::{Leg, Service};

/// One charge, or one attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Xdr {
    /// `id`.
    pub id: XdrId,
    /// `i_env`.
    pub env: EnvId,
    /// `h323_conf_id`, also `session_id`.
    pub session_id: SessionKey,
    /// `call_id`, also `service_session_id`.
    pub call_id: Option<Arc<str>>,
    /// `CLI`: the caller.
    pub cli: Option<Arc<str>>,
    /// `CLD`: the called number, in E.164 where rules of dialling apply.
    pub cld: Option<Arc<str>>,
    /// `setup_time`: milliseconds from the set-up to the ringing, or to the answer.
    pub setup_time: Option<u64>,
    /// `connect_time`; absent when the call never connected.
    pub connect_time: Option<Instant>,
    /// `disconnect_time`, or the last report's.
    pub disconnect_time: Option<Instant>,
    /// `bill_time`: when usage ended, which is when it counts; not when the report arrived.
    pub bill_time: Instant,
    /// `disconnect_cause`, shown in hexadecimal.
    pub disconnect_cause: Option<u8>,
    /// `voice_quality`.
    pub voice_quality: Option<u32>,
    /// `used_quantity`, in the service's unit.
    pub used_quantity: u64,
    /// `account_id`, as it was reported; in a record of money that a customer alone moved, the customer's.
    pub account_id: Arc<str>,
    /// `i_account`; absent when there is no such account.
    pub account: Option<AccountId>,
    /// `i_dest`.
    pub destination: Option<DestinationId>,
    /// `i_dest_group`.
    pub destination_group: Option<DestinationGroupId>,
    /// `i_tariff`.
    pub tariff: Option<TariffId>,
    /// `i_rate`.
    pub rate: Option<RateId>,
    /// `charged_quantity`: used, after the intervals' rounding and without the free units.
    pub charged_quantity: u64,
    /// `charged_amount`.
    pub charged_amount: Amount,
    /// The amount's currency; absent when there is no such account.
    pub currency: Option<Currency>,
    /// `history`: how the amount came about.
    pub history: String,
    /// `peak_level`: 0 peak, 1 off-peak, 2 second off-peak.
    pub peak_level: Option<u8>,
    /// `i_vendor`.
    pub vendor: Option<VendorId>,
    /// `i_service`.
    pub service: Service,
    /// `i_accessibility`: the rating entry.
    pub rating_entry: Option<RatingEntryId>,
    /// `i_customer`: the account's owner.
    pub customer: Option<CustomerId>,
    /// `h323_incoming_conf_id`, also `parent_session_id`.
    pub parent_session_id: Option<SessionKey>,
    /// `rating_pattern`: the rate's prefix that matched.
    pub rating_pattern: Option<CompactString>,
    /// `subscriber_ip`.
    pub subscriber_ip: Option<Arc<str>>,
    /// `split_order`, from 1, where one session made several xDRs.
    pub split_order: Option<u32>,
    /// `billing_model`: −1 debit, 1 credit; absent when there is no such account.
    pub billing_model: Option<i8>,
    /// `i_invoice`; absent, since this system makes no invoices.
    pub invoice: Option<u32>,
    /// `revenue`, of vendors' xDRs: what the direct customer pays, the highest reseller or else the account.
    pub revenue: Option<Amount>,
    /// Whom it charges; not a field of the table, where each kind has a table of its own.
    pub entity: Entity,
    /// Which side of the call; not a field of the table.
    pub leg: Leg,
    /// What this is the record of; not a field of the table.
    pub usage: UsageId,
    /// The call never connected.
    pub failed: bool,
    /// What is worth knowing about how it came about, in the order of [`Note`].
    pub notes: Vec<Note>,
}

/// Whom an xDR charges.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Entity {
    /// The account.
    #[default]
    Account,
    /// The account's customer, where the product is charged to it.
    Customer,
    /// A reseller: 1 owns the customer, 2 owns that reseller, and so on.
    Reseller(u8),
    /// The vendor that carried it: what it costs.
    Vendor,
}

impl Entity {
    /// As `PortaOne-Charge` names it: `account`, `customer`, `reseller`, `reseller[2]`, `vendor`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Account => "account".to_owned(),
            Self::Customer => "customer".to_owned(),
            Self::Reseller(0 | 1) => "reseller".to_owned(),
            Self::Reseller(level) => format!("reseller[{level}]"),
            Self::Vendor => "vendor".to_owned(),
        }
    }
}

/// What is worth knowing about an xDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Note {
    /// There is no such account: the record waits in the unresolved store, nothing was charged.
    Unresolved,
    /// There was no rate for it, so that nothing was charged.
    Unrated,
    /// It was used without a grant.
    WithoutGrant,
    /// It was used longer than granted.
    BeyondGrant,
    /// It was reported after its grant had expired.
    AfterExpiry,
    /// No Stop came; this is what the last report said.
    NoStop,
    /// An administrator closed the session.
    ClosedByAdministrator,
    /// Another number was called than was authorized.
    OtherNumber,
    /// The reported duration and the times differ by more than a second.
    DurationDiffers,
    /// A counter went back; nothing is refunded.
    CounterWentBack,
    /// The charge took the account past its limit.
    Overdraft,
    /// The amount is larger than can be held; nothing was charged.
    AmountTooLarge,
    /// A charge that came with the report, beside what the tariff gives.
    Additional,
    /// Such a charge, rated elsewhere.
    Prerated,
    /// What was rated elsewhere, beside the charge that was made for it; it charges nothing itself.
    Auxiliary,
    /// Its node has restarted, so that no Stop will come; this is what the last report said.
    NodeRestarted,
}

impl Note {
    /// All of them in their order.
    pub(crate) const ALL: [Self; 16] = [
        Self::Unresolved,
        Self::Unrated,
        Self::WithoutGrant,
        Self::BeyondGrant,
        Self::AfterExpiry,
        Self::NoStop,
        Self::ClosedByAdministrator,
        Self::OtherNumber,
        Self::DurationDiffers,
        Self::CounterWentBack,
        Self::Overdraft,
        Self::AmountTooLarge,
        Self::Additional,
        Self::Prerated,
        Self::Auxiliary,
        Self::NodeRestarted,
    ];

    /// A phrase.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Unresolved => "unknown account",
            Self::Unrated => "no rate",
            Self::WithoutGrant => "used without a grant",
            Self::BeyondGrant => "used longer than granted",
            Self::AfterExpiry => "reported after the grant expired",
            Self::NoStop => "no stop came",
            Self::ClosedByAdministrator => "closed by an administrator",
            Self::OtherNumber => "another number than authorized",
            Self::DurationDiffers => "duration differs from the times",
            Self::CounterWentBack => "a counter went back",
            Self::Overdraft => "overdraft",
            Self::AmountTooLarge => "amount too large to charge",
            Self::Additional => "additional charge",
            Self::Prerated => "rated elsewhere",
            Self::Auxiliary => "auxiliary record",
            Self::NodeRestarted => "the node has restarted",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

impl Xdr {
    /// Whether it carries that note.
    #[must_use]
    pub fn has(&self, note: Note) -> bool {
        self.notes.contains(&note)
    }

    /// The store that it belongs into: `Account`, `Customer` or `Vendor`, with `Fail` behind it for a failed attempt; `Aux`
    /// for what charges nothing.
    #[must_use]
    pub fn storage(&self) -> &'static str {
        if self.has(Note::Auxiliary) {
            return "Aux";
        }
        match (self.entity, self.failed) {
            (Entity::Account, false) => "Account",
            (Entity::Account, true) => "AccountFail",
            (Entity::Customer | Entity::Reseller(_), false) => "Customer",
            (Entity::Customer | Entity::Reseller(_), true) => "CustomerFail",
            (Entity::Vendor, false) => "Vendor",
            (Entity::Vendor, true) => "VendorFail",
        }
    }

    /// All fields of the documents' table in its order, by their names there; `None` where absent.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, Option<String>); 34] {
        fn show<T: fmt::Display>(value: Option<T>) -> Option<String> {
            value.map(|value| value.to_string())
        }
        let cause = self.disconnect_cause.map(|cause| format!("{cause:X}"));
        [
            ("id", show(Some(self.id))),
            ("i_env", show(Some(self.env))),
            ("h323_conf_id", show(Some(&self.session_id))),
            ("call_id", show(self.call_id.as_ref())),
            ("CLI", show(self.cli.as_ref())),
            ("CLD", show(self.cld.as_ref())),
            ("setup_time", show(self.setup_time)),
            ("connect_time", show(self.connect_time)),
            ("disconnect_time", show(self.disconnect_time)),
            ("bill_time", show(Some(self.bill_time))),
            ("disconnect_cause", cause),
            ("voice_quality", show(self.voice_quality)),
            ("used_quantity", show(Some(self.used_quantity))),
            ("account_id", show(Some(&self.account_id))),
            ("i_account", show(self.account)),
            ("i_dest", show(self.destination)),
            ("i_dest_group", show(self.destination_group)),
            ("i_tariff", show(self.tariff)),
            ("i_rate", show(self.rate)),
            ("charged_quantity", show(Some(self.charged_quantity))),
            ("charged_amount", show(Some(self.charged_amount))),
            ("history", Some(self.history.clone())),
            ("peak_level", show(self.peak_level)),
            ("i_vendor", show(self.vendor)),
            ("i_service", show(Some(self.service.number()))),
            ("i_accessibility", show(self.rating_entry)),
            ("i_customer", show(self.customer)),
            ("h323_incoming_conf_id", show(self.parent_session_id.as_ref())),
            ("rating_pattern", show(self.rating_pattern.as_ref())),
            ("subscriber_ip", show(self.subscriber_ip.as_ref())),
            ("split_order", show(self.split_order)),
            ("billing_model", show(self.billing_model)),
            ("i_invoice", show(self.invoice)),
            ("revenue", show(self.revenue)),
        ]
    }
}
