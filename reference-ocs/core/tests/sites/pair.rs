//! A primary with its record, and a stand-by site that follows it.

use std::sync::Arc;

use tollgate_ocs_core::catalogue::Catalogue;
use tollgate_ocs_core::site::{Delta, PeriodId, SiteCommand, SiteFact};
use tollgate_ocs_core::{
    Accepted, AccountSpec, Admin, Amount, Answer, Command, CustomerSpec, Denial, Effect, Grant, Ocs, Role,
    UsageReport, VoucherSpec, Xdr,
};

use crate::common::{amount, at, builder, cad, decided, request, settings};

/// The customer of the documents' example with its account.
pub(crate) const ABC: &str = "12345";

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Primary,
    Secondary,
}
pub(crate) use At::{Primary, Secondary};

/// The world of the tests with the example's customer: 98.00 of 100.00 are owed.
pub(crate) fn catalogue() -> Catalogue {
    let mut build = builder(settings());
    let customer = build
        .customer(CustomerSpec {
            credit_limit: Some(amount("100.00")),
            balance: amount("98.00"),
            ..CustomerSpec::new("ABC", cad())
        })
        .unwrap();
    let lines = build.product_named("Lines").unwrap();
    let credit = AccountSpec::credit(ABC, cad(), Some(amount("100.00")), lines, customer);
    build.account(AccountSpec { balance: amount("98.00"), ..credit }).unwrap();
    build
        .voucher(VoucherSpec { id: "V-5".to_owned(), amount: amount("5"), currency: cad(), expires_at: None })
        .unwrap();
    build.finish().unwrap()
}

/// Both sites.
pub(crate) struct Pair {
    catalogue: Catalogue,
    pub(crate) primary: Ocs,
    pub(crate) secondary: Ocs,
    /// What the primary's record holds.
    pub(crate) log: Vec<(tollgate_time::Instant, Command)>,
    /// What the secondary's holds.
    own_log: Vec<(tollgate_time::Instant, Command)>,
    /// How many of the primary's commands are on the other side.
    copied: usize,
    pub(crate) effects: Vec<Effect>,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::of(catalogue())
    }

    pub(crate) fn of(catalogue: Catalogue) -> Self {
        let mut pair = Self {
            primary: Ocs::new(catalogue.clone()),
            secondary: Ocs::new(catalogue.clone()),
            catalogue,
            log: Vec::new(),
            own_log: Vec::new(),
            copied: 0,
            effects: Vec::new(),
        };
        pair.site(0, Secondary, SiteCommand::StandBy { site: 1 });
        pair
    }

    pub(crate) fn ocs(&self, at: At) -> &Ocs {
        match at {
            Primary => &self.primary,
            Secondary => &self.secondary,
        }
    }

    pub(crate) fn apply(&mut self, secs: u64, site: At, command: Command) -> Answer {
        let (ocs, log) = match site {
            Primary => (&mut self.primary, &mut self.log),
            Secondary => (&mut self.secondary, &mut self.own_log),
        };
        log.push((at(secs), command.clone()));
        self.effects = ocs.apply(at(secs), command);
        match self.effects.last() {
            Some(Effect::Answer(answer)) => answer.clone(),
            other => panic!("the last effect is {other:?}"),
        }
    }

    pub(crate) fn site(&mut self, secs: u64, site: At, command: SiteCommand) {
        assert_eq!(
            self.apply(secs, site, Command::Site(Box::new(command.clone()))),
            Answer::Recorded,
            "{command:?}"
        );
    }

    pub(crate) fn grant(
        &mut self,
        secs: u64,
        site: At,
        account: &str,
        key: &str,
        cld: &str,
    ) -> Result<u64, Denial> {
        let access = tollgate_ocs_core::AccessRequest { cld: Some(cld.to_owned()), ..request(account, key) };
        let accepted: Accepted = decided(self.apply(secs, site, Command::Authorize(access)))?;
        match accepted.grant {
            Some(Grant::Units(units)) => Ok(units),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn report(&mut self, secs: u64, site: At, report: UsageReport) {
        assert_eq!(self.apply(secs, site, Command::Account(report)), Answer::Recorded);
    }

    pub(crate) fn admin(&mut self, secs: u64, site: At, change: Admin) -> Answer {
        self.apply(secs, site, Command::Admin(change))
    }

    /// The secondary hears of so many of the primary's commands.
    pub(crate) fn replicate(&mut self, secs: u64, most: usize) {
        for _ in 0..most {
            let Some((when, command)) = self.log.get(self.copied).cloned() else { return };
            self.copied += 1;
            let command = SiteCommand::Replicated { at: when, command: Box::new(command) };
            self.site(secs, Secondary, command);
        }
    }

    pub(crate) fn stand_alone(&mut self, secs: u64) {
        self.site(secs, Secondary, SiteCommand::StandAlone { ordered: false });
    }

    pub(crate) fn go_back(&mut self, secs: u64) {
        self.site(secs, Secondary, SiteCommand::Return);
    }

    /// The periods that the secondary has to hand over.
    pub(crate) fn outstanding(&self) -> Vec<PeriodId> {
        self.secondary.site().outstanding().map(Delta::period).collect()
    }

    /// Locks the oldest period that is to be handed over and not locked.
    pub(crate) fn lock(&mut self, secs: u64) -> bool {
        let primary = self.primary.site();
        let unknown =
            self.secondary.site().outstanding().find(|delta| primary.next_of(delta.period()).is_none());
        let Some(lock) = unknown.map(|delta| delta.lock().clone()) else { return false };
        self.site(secs, Primary, SiteCommand::Lock(Box::new(lock)));
        true
    }

    /// Hands over the next record of the oldest period, or one before it again.
    pub(crate) fn transfer(&mut self, secs: u64, back: u64) -> bool {
        let view = self.secondary.site();
        let primary = self.primary.site();
        let is_open =
            |delta: &&Delta| primary.next_of(delta.period()).is_none_or(|next| next < delta.records());
        let Some(delta) = view.outstanding().find(is_open) else { return false };
        let Some(next) = primary.next_of(delta.period()) else { return false };
        let Some(transfer) = delta.transfer(next.saturating_sub(back)) else { return false };
        self.site(secs, Primary, SiteCommand::Transfer(Box::new(transfer)));
        true
    }

    /// Hands over all there is, and has the secondary follow.
    pub(crate) fn synchronise(&mut self, secs: u64) {
        while !self.outstanding().is_empty() {
            while self.lock(secs) {}
            while self.transfer(secs, 0) {}
            self.replicate(secs, usize::MAX);
        }
        self.replicate(secs, usize::MAX);
    }

    /// Whether the secondary has all that the primary has.
    pub(crate) fn is_copied(&self) -> bool {
        self.copied == self.log.len()
    }

    /// Whether the primary knows of all that the secondary has spent.
    pub(crate) fn is_locked(&self) -> bool {
        let (role, primary) = (self.secondary.site().role(), self.primary.site());
        let known = |period| primary.next_of(period).is_some();
        role == Role::StandBy && self.outstanding().into_iter().all(known)
    }

    /// A site loses its power: it is what its record says.
    pub(crate) fn crash(&mut self, secs: u64, site: At) {
        let (ocs, log) = match site {
            Primary => (&mut self.primary, &self.log),
            Secondary => (&mut self.secondary, &self.own_log),
        };
        let mut again = Ocs::new(self.catalogue.clone());
        for (when, command) in log {
            again.apply(*when, command.clone());
        }
        // What has expired at its time expires again.
        self.effects = ocs.expire(at(secs));
        again.expire(at(secs));
        assert_same(&again.dump(), &ocs.dump());
        *ocs = again;
    }

    pub(crate) fn xdrs(&self) -> Vec<Arc<Xdr>> {
        let made = self.effects.iter().filter_map(|effect| match effect {
            Effect::Xdr(xdr) => Some(Arc::clone(xdr)),
            _ => None,
        });
        made.collect()
    }

    pub(crate) fn facts(&self) -> Vec<SiteFact> {
        let facts = self.effects.iter().filter_map(|effect| match effect {
            Effect::Site(fact) => Some(fact.clone()),
            _ => None,
        });
        facts.collect()
    }

    pub(crate) fn balance(&self, site: At, account: &str) -> Amount {
        self.ocs(site).account(account).unwrap().balance()
    }

    pub(crate) fn reserved(&self, site: At, account: &str) -> Amount {
        self.ocs(site).account(account).unwrap().reserved()
    }

    /// Whatever one of the two crashes, its record rebuilds it byte for byte; and a copy is what it is a copy of.
    pub(crate) fn check(&self, secs: u64) {
        for (ocs, log) in [(&self.primary, &self.log), (&self.secondary, &self.own_log)] {
            let mut again = Ocs::new(self.catalogue.clone());
            for (when, command) in log {
                again.apply(*when, command.clone());
            }
            again.expire(at(secs));
            let mut ocs = ocs.clone();
            ocs.expire(at(secs));
            assert_same(&again.dump(), &ocs.dump());
        }
        if self.secondary.site().role() == Role::StandBy && self.copied == self.log.len() {
            assert_same(&self.primary.site().shared(at(secs)), &self.secondary.site().shared(at(secs)));
        }
    }
}

/// Two states as text, compared line by line.
fn assert_same(one: &str, other: &str) {
    let mut lines = one.lines().zip(other.lines());
    let differs = lines.find(|(own, other)| own != other);
    assert_eq!(differs, None);
    assert_eq!(one.lines().count(), other.lines().count());
}
