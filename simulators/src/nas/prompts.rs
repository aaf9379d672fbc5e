//! What a caller hears, by `h323-return-code` (ESI, RADIUS return codes).

/// What the IVR does after it has told the caller about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It asks again, as often as its settings allow.
    Again,
    /// It says goodbye and hangs up.
    Goodbye,
}

/// One return code.
#[derive(Debug)]
pub(super) struct Denial {
    code: u32,
    /// The prompt.
    pub(super) prompt: &'static str,
    /// After an authentication (card number).
    pub(super) login: Then,
    /// After an authorization (destination).
    pub(super) destination: Then,
}

const fn denial(code: u32, prompt: &'static str, login: Then, destination: Then) -> Denial {
    Denial { code, prompt, login, destination }
}

/// A card that is refused may be followed by another card. A destination that is refused may be followed by
/// another one where the number, or its price, was the reason; not where the account was.
const DENIALS: &[Denial] = &[
    denial(1, "invalid-card", Then::Again, Then::Goodbye),
    denial(2, "wrong-password", Then::Again, Then::Goodbye),
    denial(3, "card-in-use", Then::Again, Then::Goodbye),
    denial(4, "zero-balance", Then::Again, Then::Goodbye),
    denial(5, "expired", Then::Again, Then::Goodbye),
    denial(6, "credit-limit", Then::Again, Then::Again),
    denial(7, "blocked", Then::Again, Then::Goodbye),
    denial(8, "service-unavailable", Then::Goodbye, Then::Goodbye),
    denial(9, "destination-blocked", Then::Again, Then::Again),
    denial(10, "retries-exceeded", Then::Goodbye, Then::Goodbye),
    denial(11, "invalid-argument", Then::Again, Then::Again),
    denial(12, "insufficient-balance", Then::Again, Then::Again),
    denial(14, "invalid-card", Then::Again, Then::Goodbye),
    denial(15, "destination-blocked", Then::Again, Then::Again),
    denial(51, "redirected", Then::Goodbye, Then::Goodbye),
    denial(52, "redirected", Then::Goodbye, Then::Goodbye),
    denial(53, "redirected", Then::Goodbye, Then::Goodbye),
    denial(109, "destination-unavailable", Then::Again, Then::Again),
    denial(110, "invalid-destination", Then::Again, Then::Again),
    denial(111, "invalid-destination", Then::Again, Then::Again),
    denial(112, "invalid-destination", Then::Again, Then::Again),
    denial(114, "funds-locked", Then::Again, Then::Again),
    denial(115, "refused", Then::Goodbye, Then::Goodbye),
    denial(116, "insufficient-balance", Then::Again, Then::Again),
    denial(117, "insufficient-balance", Then::Again, Then::Again),
];

/// A refusal without a return code, or with one that nobody has defined.
const REFUSED: Denial = denial(u32::MAX, "refused", Then::Again, Then::Again);
/// An authorization for no time at all.
pub(super) const NO_TIME: Denial = denial(12, "insufficient-balance", Then::Again, Then::Again);

/// What a return code means to the caller.
pub(super) fn of(code: Option<u32>) -> &'static Denial {
    DENIALS.iter().find(|denial| Some(denial.code) == code).unwrap_or(&REFUSED)
}

/// Whether an answer with this return code lets the caller go on: success, toll-free calls allowed, and a
/// call that comes back to the telephone network.
pub(super) const fn is_success(code: u32) -> bool {
    matches!(code, 0 | 13 | 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_and_no_success_is_a_denial() {
        let codes: std::collections::BTreeSet<u32> = DENIALS.iter().map(|denial| denial.code).collect();
        assert_eq!(codes.len(), DENIALS.len());
        assert!(!codes.iter().any(|code| is_success(*code)));
    }

    #[test]
    fn a_blocked_destination_may_be_followed_by_another_and_a_blocked_account_may_not() {
        assert_eq!(of(Some(9)).destination, Then::Again);
        assert_eq!(of(Some(7)).destination, Then::Goodbye);
        assert_eq!(of(Some(10)).login, Then::Goodbye);
        assert_eq!(of(Some(4711)).prompt, "refused");
        assert_eq!(of(None).prompt, "refused");
    }
}
