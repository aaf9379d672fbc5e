//! Events that other systems may want to hear of, with the names and variables of the documents' event table.

use std::sync::Arc;

use tollgate_time::Instant;

use crate::ids::{AccountId, CustomerId, EnvId, ProductId, VendorId};
use crate::money::Amount;
use crate::service::Service;

/// Something that happened to an account or a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The virtual billing environment.
    pub env: EnvId,
    /// To whom.
    pub subject: Subject,
    /// What.
    pub fact: Fact,
}

/// Whom an event or a change of balance is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An account.
    Account {
        /// Its number.
        id: AccountId,
        /// Its id.
        name: Arc<str>,
    },
    /// A customer.
    Customer {
        /// Its number.
        id: CustomerId,
        /// Its name.
        name: Arc<str>,
    },
    /// A vendor.
    Vendor {
        /// Its number.
        id: VendorId,
        /// Its name.
        name: Arc<str>,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The balance has changed.
    BalanceChanged {
        /// Before.
        before: Amount,
        /// After.
        after: Amount,
    },
    /// Funds that were used up are there again.
    AvailableFundsAppear,
    /// Funds are used up.
    ZeroAvailableFunds,
    /// An account was blocked.
    Blocked,
    /// An account was unblocked.
    Unblocked,
    /// The expiration date was moved.
    ExpirationDateChanged {
        /// Before.
        before: Option<Instant>,
        /// After.
        after: Option<Instant>,
    },
    /// Another product was assigned.
    ProductChanged {
        /// Before.
        before: ProductId,
        /// After.
        after: ProductId,
    },
    /// The password of the service was changed.
    ServicePasswordChanged {
        /// Before.
        before: Option<String>,
        /// After.
        after: Option<String>,
    },
    /// The customer was suspended; so is each of its accounts.
    Suspend,
    /// The suspension was ended.
    Unsuspend,
    /// What a plan gives on a group of destinations is used up.
    QuotaExceeded {
        /// Of this service.
        service: Service,
        /// The number of the plan's discount (`i_vd_dg`).
        group: u32,
    },
    /// The same, for a service that has an event of its own.
    ServiceQuotaExceeded {
        /// Internet access or messages.
        service: Service,
    },
    /// What a plan gives is there again.
    QuotaAvailable {
        /// Of this service.
        service: Service,
        /// The number of the plan's discount (`i_vd_dg`).
        group: u32,
    },
    /// Another access policy holds, because another step of a plan was reached.
    AccessPolicyChanged {
        /// Its name; empty for none.
        policy: String,
    },
}

impl Event {
    /// Its name, such as `Account/BalanceChanged`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        let account = matches!(self.subject, Subject::Account { .. });
        match (&self.fact, account) {
            (Fact::BalanceChanged { .. }, true) => "Account/BalanceChanged",
            (Fact::BalanceChanged { .. }, false) => "Customer/BalanceChanged",
            (Fact::AvailableFundsAppear, true) => "Account/AvailableFundsAppear",
            (Fact::AvailableFundsAppear, false) => "Customer/AvailableFundsAppear",
            (Fact::ZeroAvailableFunds, true) => "Account/ZeroAvailableFunds",
            (Fact::ZeroAvailableFunds, false) => "Customer/ZeroAvailableFunds",
            (Fact::Blocked, true) => "Account/Blocked",
            (Fact::Blocked, false) => "Customer/Blocked",
            (Fact::Unblocked, true) => "Account/Unblocked",
            (Fact::Unblocked, false) => "Customer/Unblocked",
            (Fact::Suspend, true) => "Account/Status/Suspend",
            (Fact::Suspend, false) => "Customer/Status/Suspend",
            (Fact::Unsuspend, true) => "Account/Status/Unsuspend",
            (Fact::Unsuspend, false) => "Customer/Status/Unsuspend",
            (Fact::QuotaExceeded { .. }, _) => "Account/Service/QuotaExceeded",
            (Fact::ServiceQuotaExceeded { service: Service::Msg }, _) => "Account/Service/Msg/QuotaExceeded",
            (Fact::ServiceQuotaExceeded { .. }, _) => "Account/Service/Netaccess/QuotaExceeded",
            (Fact::QuotaAvailable { .. }, _) => "Account/Service/QuotaAvailable",
            (Fact::AccessPolicyChanged { .. }, _) => "Account/AccessPolicy/Changed",
            (Fact::ExpirationDateChanged { .. }, _) => "Account/ExpirationDate/Changed",
            (Fact::ProductChanged { .. }, _) => "Account/Product/Changed",
            (Fact::ServicePasswordChanged { .. }, _) => "Account/ServicePassword/Changed",
        }
    }

    /// Its variables, in the table's order.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut out = vec![("i_env", self.env.to_string())];
        out.push(match &self.subject {
            Subject::Account { id, .. } => ("i_account", id.to_string()),
            Subject::Customer { id, .. } => ("i_customer", id.to_string()),
            Subject::Vendor { id, .. } => ("i_vendor", id.to_string()),
        });
        let time = |at: &Option<Instant>| at.map(|at| at.to_string()).unwrap_or_default();
        match &self.fact {
            Fact::BalanceChanged { before, after } => {
                out.push(("prev_balance", before.to_string()));
                out.push(("curr_balance", after.to_string()));
            }
            Fact::ExpirationDateChanged { before, after } => {
                out.push(("prev_expiration_date", time(before)));
                out.push(("curr_expiration_date", time(after)));
            }
            Fact::ProductChanged { before, after } => {
                out.push(("prev_product", before.to_string()));
                out.push(("curr_product", after.to_string()));
            }
            Fact::ServicePasswordChanged { before, after } => {
                out.push(("prev_h323_pwd", before.clone().unwrap_or_default()));
                out.push(("curr_h323_pwd", after.clone().unwrap_or_default()));
            }
            Fact::QuotaExceeded { service, group } | Fact::QuotaAvailable { service, group } => {
                out.push(("i_service", service.number().to_string()));
                out.push(("i_vd_dg", group.to_string()));
            }
            Fact::ServiceQuotaExceeded { service } => {
                out.push(("i_service", service.number().to_string()));
            }
            Fact::AccessPolicyChanged { policy } => out.push(("i_access_policy", policy.clone())),
            Fact::AvailableFundsAppear
            | Fact::ZeroAvailableFunds
            | Fact::Blocked
            | Fact::Unblocked
            | Fact::Suspend
            | Fact::Unsuspend => {}
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_balance_carries_the_tables_variables() {
        let account = AccountId::from_number(7);
        let event = Event {
            env: EnvId::from_number(3),
            subject: Subject::Account { id: account, name: "10086610975".into() },
            fact: Fact::BalanceChanged {
                before: Amount::from_units(1_000_000),
                after: Amount::from_units(997_633),
            },
        };
        assert_eq!(event.name(), "Account/BalanceChanged");
        let shown: Vec<String> =
            event.variables().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["i_env=3", "i_account=7", "prev_balance=10.00000", "curr_balance=9.97633"]);
    }
}
