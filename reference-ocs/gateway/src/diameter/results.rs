//! Which Result-Code says what, and whether of the whole request or of one service.
//!
//! Source: RFC 8506 section 9; ESI, the failed authorizations of Diameter Gy and Ro.

use tollgate_diameter::ResultCode;
use tollgate_ocs_core::Denial;

/// The Result-Code of a denial.
pub(super) const fn of(denial: Denial) -> ResultCode {
    match denial {
        Denial::InvalidAccount | Denial::InvalidVoucher => ResultCode::USER_UNKNOWN,
        Denial::ZeroBalance
        | Denial::CreditLimit
        | Denial::SpendLimitExceeded
        | Denial::FundsLocked
        | Denial::FundsInsufficient
        | Denial::InsufficientBalance => ResultCode::CREDIT_LIMIT_REACHED,
        Denial::InvalidArgument | Denial::NotAvailable => ResultCode::RATING_FAILED,
        Denial::CallLimitExceeded | Denial::BandwidthLimitExceeded | Denial::AccountInUse => {
            ResultCode::AUTHORIZATION_REJECTED
        }
        _ => ResultCode::END_USER_SERVICE_DENIED,
    }
}
