//! Settings of the environment, and the network's nodes.

use std::time::Duration;

use crate::dialing::DialingRules;
use crate::ids::{EnvId, Numbering};
use crate::money::Currency;
use crate::service::Unit;
use crate::site::Release;

/// Settings of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The number of the virtual billing environment (`i_env`).
    pub env: EnvId,
    /// Which numbers it gives to customers, accounts and xDRs.
    pub numbering: Numbering,
    /// Its currency.
    pub currency: Currency,
    /// The language of announcements where neither account nor product names one.
    pub language: String,
    /// Rules of dialling where neither customer nor node has any.
    pub dialing: DialingRules,
    /// The wrong password in a row that locks the account out; 0 for never.
    pub password_attempts_max: u8,
    /// How long an account stays locked out.
    pub lockout: Duration,
    /// How long a login keeps the account locked when nothing more is heard of the session.
    pub login_lock: Duration,
    /// How long after a grant its use may begin. A grant by time is kept for its time and the grace as well, in case
    /// only the Start was lost.
    pub start_wait: Duration,
    /// How long after the end of a granted time its Stop is waited for.
    pub stop_grace: Duration,
    /// How long after the last report the next one is waited for, of usage that is not granted by time.
    pub idle_max: Duration,
    /// The most seconds granted at once to an account with a limit.
    pub grant_secs_max: Option<u64>,
    /// The most octets granted at once to an account with a limit.
    pub grant_octets_max: Option<u64>,
    /// The most pieces granted at once to an account with a limit.
    pub grant_pieces_max: Option<u64>,
    /// How long a closed session is remembered, so that a repeated Stop is known again.
    pub closed_kept: Duration,
    /// How many closed sessions are remembered at most; at least one.
    pub closed_kept_max: usize,
    /// How many xDRs are kept for [`Ocs::xdrs`](crate::Ocs::xdrs) at most; the oldest go first.
    pub xdrs_kept_max: usize,
    /// The release that the system begins with.
    pub release: Release,
}

impl Settings {
    /// The usual settings of an environment with that currency.
    #[must_use]
    pub fn new(currency: Currency) -> Self {
        Self {
            env: EnvId::from_number(1),
            numbering: Numbering::All,
            currency,
            language: "en".to_owned(),
            dialing: DialingRules::default(),
            password_attempts_max: 3,
            lockout: Duration::from_secs(600),
            login_lock: Duration::from_secs(3_600),
            start_wait: Duration::from_secs(300),
            stop_grace: Duration::from_secs(300),
            idle_max: Duration::from_secs(86_400),
            grant_secs_max: None,
            grant_octets_max: None,
            grant_pieces_max: None,
            closed_kept: Duration::from_secs(3_600),
            closed_kept_max: 1_000_000,
            xdrs_kept_max: 100_000,
            release: Release::default(),
        }
    }

    /// The most that is granted at once.
    pub(crate) const fn grant_max(&self, unit: Unit) -> Option<u64> {
        match unit {
            Unit::Second => self.grant_secs_max,
            Unit::Octet => self.grant_octets_max,
            Unit::Piece => self.grant_pieces_max,
        }
    }
}

/// A node of the network.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NodeSpec {
    /// Its name, by which requests name it.
    pub name: String,
    /// Its address.
    pub address: String,
    /// How numbers are dialled there, for customers without rules of their own.
    pub dialing: Option<DialingRules>,
}
