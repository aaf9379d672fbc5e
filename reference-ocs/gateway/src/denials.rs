//! How a denial looks on the wire: one table from the core's reason to `h323-return-code`,
//! `ErrorExplanation` and Reply-Message (ESI, RADIUS return codes). No decision is taken here.

use tollgate_ocs_core::Denial;

/// What a client is told of a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// `h323-return-code`.
    pub return_code: u8,
    /// `ErrorExplanation` in `h323-ivr-in`.
    pub explanation: &'static str,
    /// Reply-Message.
    pub reply_message: &'static str,
}

/// The row of a denial.
///
/// The table of return codes writes the first explanation `invalid_account`; the examples and the
/// attribute's own description show `invalid account` on the wire, and the wire wins.
#[must_use]
pub const fn shown(denial: Denial) -> Shown {
    let (return_code, explanation, reply_message) = match denial {
        Denial::InvalidAccount => (1, "invalid account", "Failed - Invalid Account number"),
        // ESI has the explanation twice: 1 for whoever asks, 14 for the card that he names.
        Denial::InvalidVoucher => (14, "invalid_account", "Failed - Invalid card number"),
        // The documents have no code for a customer that is in between two systems: like any service that is not there.
        Denial::Exported => (8, "not_available", "Failed - Customer is served by another system"),
        Denial::InvalidPassword => (2, "invalid_password", "Failed - Invalid Password"),
        Denial::AccountInUse => (3, "account_in_use", "Failed - Account in use"),
        Denial::BandwidthLimitExceeded => {
            (3, "bandwidth_limit_exceeded", "Failed - Bandwidth limit exceeded")
        }
        Denial::CallLimitExceeded => (3, "call_limit_exceeded", "Failed - Call limit exceeded"),
        Denial::ZeroBalance => (4, "zero_balance", "Failed - Zero balance"),
        Denial::CardExpired => (5, "card_expired", "Failed - Card expired"),
        Denial::CreditLimit => (6, "credit_limit", "Failed - Credit limit"),
        Denial::UserDenied => (7, "user_denied", "Failed - User denied"),
        Denial::UserSuspended => (7, "user_suspended", "Failed - User suspended"),
        Denial::NotAvailable => (8, "not_available", "Failed - Service not available"),
        Denial::CldBlocked => (9, "cld_blocked", "Failed - Called number blocked"),
        Denial::CldBarred => (9, "cld_barred", "Failed - CLD is barred"),
        Denial::RetriesExceeded => (10, "retries_exceeded", "Failed - Number of retries exceeded"),
        Denial::InvalidArgument => (11, "invalid_argument", "Failed - Invalid argument"),
        Denial::PickupInvalidCld => (15, "pickup_invalid_cld", "Failed - CLD is not allowed for pick up"),
        Denial::CldTmpUnavail => {
            (109, "cld_tmp_unavail", "CLD is a local account which can't receive the call")
        }
        Denial::CldUnassigned => (110, "cld_unassigned", "CLD is unassigned in local DID inventory"),
        Denial::CldDialError => (111, "cld_dial_error", "CLD is not a valid dialed number"),
        Denial::PreselectNotSet => {
            (112, "preselect_not_set", "CLD doesn't define any selection code while no default is set")
        }
        Denial::RejectAuthorization => {
            (115, "reject_authorization", "Reject authorization of already terminated session")
        }
        Denial::FundsLocked => (114, "funds_locked", "Failed - Funds are locked"),
        Denial::SpendLimitExceeded => {
            (116, "spend_limit_exceeded", "Failed - Account over its current spending budget")
        }
        Denial::FundsInsufficient => (117, "funds_locked", "Failed - Insufficient funds allocated"),
        Denial::InsufficientBalance => (12, "insufficient_balance", "Failed - Insufficient balance"),
    };
    Shown { return_code, explanation, reply_message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_explanation_but_the_first_is_the_tables() {
        for denial in Denial::ALL.into_iter().filter(|denial| *denial != Denial::InvalidAccount) {
            assert_eq!(shown(denial).explanation, denial.explanation());
        }
    }

    macro_rules! rows {
        ($($test:ident: $denial:ident => $code:literal, $explanation:literal, $message:literal;)+) => {
            $(#[test]
            fn $test() {
                let row = Shown { return_code: $code, explanation: $explanation, reply_message: $message };
                assert_eq!(shown(Denial::$denial), row);
            })+
        };
    }

    // ESI, RADIUS return codes, row by row; the first explanation as its example shows it.
    rows! {
        invalid_account_is_1: InvalidAccount => 1, "invalid account", "Failed - Invalid Account number";
        invalid_voucher_is_14: InvalidVoucher => 14, "invalid_account", "Failed - Invalid card number";
        invalid_password_is_2: InvalidPassword => 2, "invalid_password", "Failed - Invalid Password";
        account_in_use_is_3: AccountInUse => 3, "account_in_use", "Failed - Account in use";
        bandwidth_limit_exceeded_is_3: BandwidthLimitExceeded
            => 3, "bandwidth_limit_exceeded", "Failed - Bandwidth limit exceeded";
        call_limit_exceeded_is_3: CallLimitExceeded => 3, "call_limit_exceeded", "Failed - Call limit exceeded";
        zero_balance_is_4: ZeroBalance => 4, "zero_balance", "Failed - Zero balance";
        card_expired_is_5: CardExpired => 5, "card_expired", "Failed - Card expired";
        credit_limit_is_6: CreditLimit => 6, "credit_limit", "Failed - Credit limit";
        user_denied_is_7: UserDenied => 7, "user_denied", "Failed - User denied";
        user_suspended_is_7: UserSuspended => 7, "user_suspended", "Failed - User suspended";
        not_available_is_8: NotAvailable => 8, "not_available", "Failed - Service not available";
        cld_blocked_is_9: CldBlocked => 9, "cld_blocked", "Failed - Called number blocked";
        cld_barred_is_9: CldBarred => 9, "cld_barred", "Failed - CLD is barred";
        retries_exceeded_is_10: RetriesExceeded
            => 10, "retries_exceeded", "Failed - Number of retries exceeded";
        invalid_argument_is_11: InvalidArgument => 11, "invalid_argument", "Failed - Invalid argument";
        pickup_invalid_cld_is_15: PickupInvalidCld
            => 15, "pickup_invalid_cld", "Failed - CLD is not allowed for pick up";
        cld_tmp_unavail_is_109: CldTmpUnavail
            => 109, "cld_tmp_unavail", "CLD is a local account which can't receive the call";
        cld_unassigned_is_110: CldUnassigned => 110, "cld_unassigned", "CLD is unassigned in local DID inventory";
        cld_dial_error_is_111: CldDialError => 111, "cld_dial_error", "CLD is not a valid dialed number";
        preselect_not_set_is_112: PreselectNotSet
            => 112, "preselect_not_set", "CLD doesn't define any selection code while no default is set";
        reject_authorization_is_115: RejectAuthorization
            => 115, "reject_authorization", "Reject authorization of already terminated session";
        funds_locked_is_114: FundsLocked => 114, "funds_locked", "Failed - Funds are locked";
        spend_limit_exceeded_is_116: SpendLimitExceeded
            => 116, "spend_limit_exceeded", "Failed - Account over its current spending budget";
        insufficient_funds_allocated_is_117: FundsInsufficient
            => 117, "funds_locked", "Failed - Insufficient funds allocated";
        insufficient_balance_is_12: InsufficientBalance
            => 12, "insufficient_balance", "Failed - Insufficient balance";
    }
}
