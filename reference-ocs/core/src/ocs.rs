//! The state machine: commands in, effects out.
//!
//! - Before a command is applied, all that was due by then expires, each at its own time; so a log of commands gives the
//!   same state wherever [`Ocs::expire`] was called in between.
//! - Each command is answered exactly once, and the answer is its last effect.
//! - A grant reserves its price. What is reported is charged, and what is left returned at the Stop. A grant that is not
//!   used in time, or whose Stop does not come, is given up and returned; what is reported later is still charged.
//! - A report that was taken before changes nothing. Usage without a grant is charged all the same and noted. Usage of
//!   an unknown account becomes a record without a charge, to be resolved by hand.
//! - A called number is normalised once, for its grant: the report may repeat it as dialled or as charged.

mod access;
mod add_ons;
mod admin;
mod callback;
mod close;
mod commitments;
mod credit;
mod credit_event;
mod dump;
mod environments;
mod import;
mod incoming;
mod limits;
mod lists;
mod migration;
mod node;
mod numbers;
mod parties;
mod payment;
mod plans;
mod quota;
mod report;
mod site;
mod standing;
mod state;
mod trial;
mod view;
mod voucher;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tollgate_time::Instant;

pub use lists::ProductView;
pub use parties::VendorView;
pub use site::{Adjustment, SiteView};
pub use standing::{Seat, Standing};
pub use state::{OtherCatalogue, StoredState};
pub use view::{AccountView, CustomerView, UsageState, UsageView};
pub(crate) use voucher::Redeemed;

use crate::catalogue::{BillingModel, Catalogue};
use crate::command::Command;
use crate::effect::{BalanceChange, Effect, Why};
use crate::event::{Event, Fact, Subject};
use crate::ids::{AccountId, CustomerId, EnvId};
use crate::ledger::{Change, Ledger, Movement, Purse};
use crate::money::{Amount, Currency};
use crate::sessions::Sessions;
use crate::xdr::Xdr;
use access::Kind;

/// The charging system: a catalogue, and what became of its accounts.
#[derive(Clone, Debug)]
pub struct Ocs {
    catalogue: Catalogue,
    /// The environment's language, shared by the answers.
    language: Arc<str>,
    ledger: Ledger,
    sessions: Sessions,
    xdrs: VecDeque<Arc<Xdr>>,
    /// What is owed to vendors, by their numbers.
    vendors: Vec<Purse>,
    xdrs_made: u64,
    /// What accounts have used of their plans and budgets.
    counters: crate::plans::counter::Counters,
    commitments: commitments::Commitments,
    /// Calls of those who may make only so many at once.
    calls: limits::Calls,
    /// What became of vouchers, by their numbers.
    vouchers_used: BTreeMap<String, Redeemed>,
    /// What is remembered of customers that move between systems.
    moves: migration::Moves,
    now: Instant,
    /// The environments beside the first, each knowing no other.
    others: BTreeMap<EnvId, Self>,
    /// What it knows of the system's sites; of the first environment alone.
    sites: site::Sites,
    /// What came of a period alone so far.
    branch: Option<Box<site::Branch>>,
}

impl Ocs {
    /// A system that begins with the accounts and customers of a catalogue.
    #[must_use]
    pub fn new(mut catalogue: Catalogue) -> Self {
        let ledger = Ledger::new(
            std::mem::take(&mut catalogue.accounts),
            std::mem::take(&mut catalogue.account_names),
            std::mem::take(&mut catalogue.customers),
            std::mem::take(&mut catalogue.customer_names),
            catalogue.settings.numbering,
        );
        let others =
            std::mem::take(&mut catalogue.others).into_iter().map(|(env, own)| (env, Self::new(own)));
        let release = catalogue.settings.release;
        Self {
            language: catalogue.settings.language.as_str().into(),
            vendors: Self::vendor_purses(&catalogue),
            catalogue,
            ledger,
            sessions: Sessions::default(),
            xdrs: VecDeque::new(),
            xdrs_made: 0,
            counters: crate::plans::counter::Counters::default(),
            commitments: commitments::Commitments::default(),
            calls: limits::Calls::default(),
            vouchers_used: BTreeMap::new(),
            moves: migration::Moves::default(),
            now: Instant::EPOCH,
            others: others.collect(),
            sites: site::Sites::new(release),
            branch: None,
        }
    }

    /// Does what a command asks. A time before an earlier one counts as that.
    pub fn apply(&mut self, now: Instant, command: Command) -> Vec<Effect> {
        let mut out = Vec::new();
        self.apply_into(now, &command, &mut out);
        out
    }

    /// Does what a command asks, and adds what came of it to `out`.
    pub fn apply_into(&mut self, now: Instant, command: &Command, out: &mut Vec<Effect>) {
        if let Command::Site(command) = command {
            return self.apply_site(now, command, out);
        }
        if let Some(refusal) = self.sites.refusal() {
            return out.push(Effect::Answer(crate::effect::Answer::Refused(refusal)));
        }
        self.expire_into(now, out);
        let now = self.now;
        match command {
            Command::Authenticate(request) => self.access_unaliased(now, request, Kind::Login, out),
            Command::Authorize(request) => self.access_unaliased(now, request, Kind::Use, out),
            Command::Account(report) => self.report_unaliased(now, report, out),
            Command::Admin(change) => self.admin(now, change, out),
            Command::Recharge(request) => self.recharge(now, request, out),
            Command::Credit(request) => self.credit(now, request, out),
            Command::NodeRestarted { node, delay } => {
                self.node_restarted(now, node, *delay, out);
                out.push(Effect::Answer(crate::effect::Answer::Recorded));
            }
            // A site alone creates nothing and gives nothing away.
            Command::Migrate(_) if self.branch.is_some() => {
                out.push(Effect::Answer(crate::effect::Answer::Refused(crate::Refusal::StandsAlone)));
            }
            Command::Migrate(order) => self.migrate(order, out),
            Command::In { env, command } => self.apply_in(now, *env, command, out),
            Command::Site(_) => {}
        }
    }

    /// When [`Self::expire`] has something to do next; it may turn out to have moved back.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.sites.is_following() {
            return None;
        }
        let own =
            self.sessions.next_deadline().into_iter().chain(self.next_reset()).chain(self.next_closing());
        own.chain(self.others.values().filter_map(Self::next_deadline)).min()
    }

    /// Gives up what was due by `now`: grants that were not used, usage whose Stop did not come, locks of logins.
    pub fn expire(&mut self, now: Instant) -> Vec<Effect> {
        let mut out = Vec::new();
        self.expire_into(now, &mut out);
        out
    }

    /// What is known of a customer; of an environment beside the first, named as [`Self::locate`] says.
    #[must_use]
    pub fn customer(&self, name: &str) -> Option<CustomerView<'_>> {
        let (ocs, name) = self.locate(name);
        ocs.ledger.customer_id(name).map(|id| CustomerView::new(ocs, id))
    }

    /// What is known of an account; of an environment beside the first, named as [`Self::locate`] says.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<AccountView<'_>> {
        let (ocs, id) = self.locate(id);
        let id = ocs.ledger.account_id(id).or_else(|| ocs.catalogue.parties.alias(id));
        id.map(|id| AccountView::new(ocs, id))
    }

    /// An account's service password, for the gateway to check what a request brings; `None` for an unknown account and
    /// for one without a password.
    #[must_use]
    pub fn password(&self, account: &str) -> Option<&str> {
        let id = self.ledger.account_id(account).or_else(|| self.catalogue.parties.alias(account));
        id.and_then(|id| self.ledger.account(id).password.as_deref())
    }

    /// What is granted or in use now, by number.
    pub fn sessions(&self) -> impl Iterator<Item = UsageView<'_>> {
        self.sessions.open().into_iter().map(|(session, usage)| UsageView::new(session, usage))
    }

    /// The latest xDRs, the oldest first, as many as the settings keep.
    pub fn xdrs(&self) -> impl ExactSizeIterator<Item = &Arc<Xdr>> {
        self.xdrs.iter()
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &crate::catalogue::Settings {
        &self.catalogue.settings
    }

    fn keep_xdr(&mut self, xdr: Arc<Xdr>, out: &mut Vec<Effect>) {
        if self.catalogue.settings.xdrs_kept_max > 0 && !self.sessions.is_trial() {
            if self.xdrs.len() >= self.catalogue.settings.xdrs_kept_max {
                self.xdrs.pop_front();
            }
            self.xdrs.push_back(Arc::clone(&xdr));
        }
        self.journal(&xdr);
        out.push(Effect::Xdr(xdr));
    }

    fn account_subject(&self, id: AccountId) -> Subject {
        Subject::Account { id, name: Arc::clone(&self.ledger.account(id).name) }
    }

    fn customer_subject(&self, id: CustomerId) -> Subject {
        Subject::Customer { id, name: Arc::clone(&self.ledger.customer(id).name) }
    }

    fn event(&self, subject: Subject, fact: Fact, out: &mut Vec<Effect>) {
        out.push(Effect::Event(Event { env: self.catalogue.settings.env, subject, fact }));
    }

    /// Tells of a movement of an account's balance, and its customer's.
    fn tell(&self, id: AccountId, movement: Movement, why: Why, out: &mut Vec<Effect>) {
        let account = self.ledger.account(id);
        self.tell_change(self.account_subject(id), account.currency, movement.account, why, out);
        if let Some(change) = movement.customer {
            self.tell_change(self.customer_subject(account.customer), account.currency, change, why, out);
        }
    }

    fn tell_change(
        &self,
        subject: Subject,
        currency: Currency,
        change: Change,
        why: Why,
        out: &mut Vec<Effect>,
    ) {
        let (before, after) = change.balance;
        if before == after {
            return;
        }
        let (env, own) = (self.env(), subject.clone());
        out.push(Effect::Balance(BalanceChange { env, subject: own, before, after, currency, why }));
        let changed = Fact::BalanceChanged { before, after };
        let funds = match change.funds.map(|(before, after)| (before > Amount::ZERO, after > Amount::ZERO)) {
            Some((true, false)) => Fact::ZeroAvailableFunds,
            Some((false, true)) => Fact::AvailableFundsAppear,
            _ => return self.event(subject, changed, out),
        };
        self.event(subject.clone(), changed, out);
        self.event(subject, funds, out);
    }

    fn is_debit(&self, id: AccountId) -> bool {
        self.ledger.account(id).purse.model() == BillingModel::Debit
    }
}
