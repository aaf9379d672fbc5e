//! Why a request is denied.

use std::fmt;

/// The reasons, in order of precedence: where several hold, the first of these is answered.
///
/// Who is asking comes first, then whether the account may be used at all, then what it can pay, then what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Denial {
    /// The request lacks what it needs, such as a called number.
    InvalidArgument,
    /// No such account.
    InvalidAccount,
    /// The account's customer was exported to another system, which serves it from now on.
    Exported,
    /// Too many wrong passwords in a row; no password is looked at until the lockout ends.
    RetriesExceeded,
    /// The password is wrong or missing.
    InvalidPassword,
    /// The account is blocked.
    UserDenied,
    /// The account's customer is blocked or suspended.
    UserSuspended,
    /// The account's expiration date has passed.
    CardExpired,
    /// The session has ended already.
    RejectAuthorization,
    /// Another session has locked the account.
    AccountInUse,
    /// The bandwidth allotted to the customer is used up.
    BandwidthLimitExceeded,
    /// As many calls as allowed are in progress.
    CallLimitExceeded,
    /// No such voucher or prepaid card.
    InvalidVoucher,
    /// A debit account without money, or a voucher that was used.
    ZeroBalance,
    /// A credit account at its limit or its customer's.
    CreditLimit,
    /// The product has no rating entry for this service and access code.
    NotAvailable,
    /// The product goes by routing plans; none was chosen and none holds by default.
    PreselectNotSet,
    /// What was dialled is not a number.
    CldDialError,
    /// The calls of the called number are not this user's to pick up.
    PickupInvalidCld,
    /// The called number is in the inventory and assigned to nobody.
    CldUnassigned,
    /// The called number is a local account that cannot be called now.
    CldTmpUnavail,
    /// The called number is barred for this user.
    CldBarred,
    /// The called number is in no rate of the tariff, or its rate forbids it.
    CldBlocked,
    /// The spending budget of the account is used up.
    SpendLimitExceeded,
    /// There is money, and all of it is reserved for other sessions.
    FundsLocked,
    /// There is money, and what is not reserved for other sessions does not suffice.
    FundsInsufficient,
    /// A debit account whose available funds buy nothing here.
    InsufficientBalance,
}

impl Denial {
    /// All of them, in order of precedence.
    pub const ALL: [Self; 27] = [
        Self::InvalidArgument,
        Self::InvalidAccount,
        Self::Exported,
        Self::RetriesExceeded,
        Self::InvalidPassword,
        Self::UserDenied,
        Self::UserSuspended,
        Self::CardExpired,
        Self::RejectAuthorization,
        Self::AccountInUse,
        Self::BandwidthLimitExceeded,
        Self::CallLimitExceeded,
        Self::InvalidVoucher,
        Self::ZeroBalance,
        Self::CreditLimit,
        Self::NotAvailable,
        Self::PreselectNotSet,
        Self::CldDialError,
        Self::PickupInvalidCld,
        Self::CldUnassigned,
        Self::CldTmpUnavail,
        Self::CldBarred,
        Self::CldBlocked,
        Self::SpendLimitExceeded,
        Self::FundsLocked,
        Self::FundsInsufficient,
        Self::InsufficientBalance,
    ];

    /// The documents' explanation code (ESI, RADIUS return codes).
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::InvalidAccount | Self::InvalidVoucher => "invalid_account",
            Self::RetriesExceeded => "retries_exceeded",
            Self::InvalidPassword => "invalid_password",
            Self::UserDenied => "user_denied",
            Self::UserSuspended => "user_suspended",
            Self::CardExpired => "card_expired",
            Self::AccountInUse => "account_in_use",
            Self::BandwidthLimitExceeded => "bandwidth_limit_exceeded",
            Self::CallLimitExceeded => "call_limit_exceeded",
            Self::ZeroBalance => "zero_balance",
            Self::CreditLimit => "credit_limit",
            // The documents have no code for a customer between two systems.
            Self::NotAvailable | Self::Exported => "not_available",
            Self::RejectAuthorization => "reject_authorization",
            Self::PreselectNotSet => "preselect_not_set",
            Self::CldDialError => "cld_dial_error",
            Self::PickupInvalidCld => "pickup_invalid_cld",
            Self::CldUnassigned => "cld_unassigned",
            Self::CldTmpUnavail => "cld_tmp_unavail",
            Self::CldBarred => "cld_barred",
            Self::CldBlocked => "cld_blocked",
            Self::SpendLimitExceeded => "spend_limit_exceeded",
            Self::FundsLocked | Self::FundsInsufficient => "funds_locked",
            Self::InsufficientBalance => "insufficient_balance",
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.explanation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_of_precedence() {
        assert!(Denial::ALL.is_sorted());
    }
}
