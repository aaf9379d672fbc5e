//! Several environments in one system: each is a system of its own with accounts, prices, sessions, records and settings
//! that no other sees, so that one account id may exist in two of them.
//!
//! The first is the system itself; it holds the others, and a command for one of those comes wrapped in
//! [`Command::In`]. Time passes for all together. Records are numbered in each environment by itself.

use tollgate_time::Instant;

use super::Ocs;
use crate::command::{Command, UsageReport};
use crate::credit::CreditAnswer;
use crate::denial::Denial;
use crate::effect::{Answer, Denied, Effect, Refusal};
use crate::ids::EnvId;

/// What stands between the number of an environment and a name in it: `3/1001`.
const SEPARATOR: char = '/';

impl Ocs {
    /// The number of its own environment.
    #[must_use]
    pub fn env(&self) -> EnvId {
        self.catalogue.settings.env
    }

    /// The environment of that number: itself, or one that it holds.
    #[must_use]
    pub fn environment(&self, env: EnvId) -> Option<&Self> {
        if env == self.env() { Some(self) } else { self.others.get(&env) }
    }

    /// All environments: the first, and the others by their numbers.
    pub fn environments(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.others.values())
    }

    /// The environment that a name stands in, and the name there: `3/1001` is 1001 in environment 3. A name of the first
    /// one stands by itself.
    #[must_use]
    pub fn locate<'n>(&self, name: &'n str) -> (&Self, &'n str) {
        let elsewhere =
            name.split_once(SEPARATOR).filter(|_| !self.others.is_empty()).and_then(|(number, rest)| {
                let env = number.parse().ok().map(EnvId::from_number)?;
                Some((self.others.get(&env)?, rest))
            });
        elsewhere.unwrap_or((self, name))
    }

    /// The name by which [`Self::locate`] finds an object of an environment.
    #[must_use]
    pub fn qualified(&self, env: EnvId, name: &str) -> String {
        if env == self.env() { name.to_owned() } else { format!("{env}{SEPARATOR}{name}") }
    }

    /// Does what a command asks in an environment.
    pub(super) fn apply_in(&mut self, now: Instant, env: EnvId, command: &Command, out: &mut Vec<Effect>) {
        if env == self.env() {
            return self.apply_into(now, command, out);
        }
        if let Some(other) = self.others.get_mut(&env) {
            return other.apply_into(now, command, out);
        }
        let answer = match command {
            Command::Authenticate(_) | Command::Authorize(_) | Command::Recharge(_) => {
                Answer::Denied(Box::new(Denied { denial: Denial::InvalidArgument, context: None }))
            }
            Command::Credit(_) => Answer::Credit(Box::new(CreditAnswer::Denied {
                denial: Denial::InvalidArgument,
                context: None,
            })),
            Command::Account(report) => return self.report_astray(now, env, report, out),
            Command::Admin(_)
            | Command::Migrate(_)
            | Command::NodeRestarted { .. }
            | Command::In { .. }
            | Command::Site(_) => Answer::Refused(Refusal::UnknownEnvironment(env)),
        };
        out.push(Effect::Answer(answer));
    }

    /// Somebody's usage in an environment that there is not: a record to be resolved by hand, and nobody's charge, even if
    /// an account has that id here.
    fn report_astray(&mut self, now: Instant, env: EnvId, report: &UsageReport, out: &mut Vec<Effect>) {
        let account = format!("{env}{SEPARATOR}{}", report.account);
        self.report(now, &UsageReport { account, ..report.clone() }, out);
    }
}
