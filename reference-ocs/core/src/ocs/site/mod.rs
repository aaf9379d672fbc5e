//! The sites of a system, in its core: what role this one has, and how that changes. What a site alone gathers is in
//! `branch`, how the primary takes it over in `lock` and `merge`.

mod branch;
mod lock;
mod merge;
mod view;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

use super::{Ocs, OtherCatalogue, StoredState};
use crate::catalogue::Catalogue;
use crate::command::{Admin, Command};
use crate::commitments::CommitmentChange;
use crate::effect::{Answer, Effect, Refusal};
use crate::site::{Delta, PeriodId, Received, Release, Role, SiteCommand, SiteFact};

pub(super) use branch::Branch;
pub use view::{Adjustment, SiteView};

/// Where the numbers of usages begin that a site gives alone: its number, then that of the period. So no two sites give
/// the same one.
const SITE_SHIFT: u32 = 56;
const PERIOD_SHIFT: u32 = 40;

/// What a system knows of its sites.
#[derive(Clone, Debug, Default)]
pub(super) struct Sites {
    /// What was taken over of periods in which sites stood alone; the same in the primary and its copies.
    received: BTreeMap<PeriodId, Received>,
    /// The release that it behaves as; the same in the primary and its copies.
    release: Release,
    /// What this site knows that others do not; nothing of a primary that has always been one.
    local: Option<Box<Local>>,
}

/// What one site knows of itself.
#[derive(Clone, Debug)]
struct Local {
    role: Role,
    /// Its number among the sites.
    site: u8,
    /// The number of the rule under which somebody is the primary.
    epoch: u64,
    /// The release of its software.
    software: Release,
    /// How many of the primary's commands it has.
    position: u64,
    /// Periods alone that were begun.
    periods: u16,
    /// The one that it is in was ordered.
    ordered: bool,
    /// What was not handed over yet, the oldest period first.
    outstanding: VecDeque<Delta>,
    /// The copy as it was when the primary was lost; while it stands alone.
    base: Option<Box<Ocs>>,
}

/// The same, to be written down.
#[derive(Serialize)]
pub(super) struct SitesState<'a> {
    received: &'a BTreeMap<PeriodId, Received>,
    release: Release,
    local: Option<LocalState<'a>>,
}

#[derive(Serialize)]
struct LocalState<'a> {
    role: Role,
    site: u8,
    epoch: u64,
    software: Release,
    position: u64,
    periods: u16,
    ordered: bool,
    outstanding: &'a VecDeque<Delta>,
    base: Option<Box<super::state::State<'a>>>,
}

/// The same, as it was read back.
#[derive(Deserialize)]
pub(super) struct StoredSites {
    received: BTreeMap<PeriodId, Received>,
    release: Release,
    local: Option<StoredLocal>,
}

#[derive(Deserialize)]
struct StoredLocal {
    role: Role,
    site: u8,
    epoch: u64,
    software: Release,
    position: u64,
    periods: u16,
    ordered: bool,
    outstanding: VecDeque<Delta>,
    base: Option<Box<StoredState>>,
}

impl Sites {
    pub(super) fn new(release: Release) -> Self {
        Self { release, ..Self::default() }
    }

    /// Whether it is a copy that moves with the primary alone.
    pub(super) fn is_following(&self) -> bool {
        self.role() == Role::StandBy
    }

    /// Why nobody is served here, if so.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let role = self.role();
        matches!(role, Role::StandBy | Role::Fenced).then_some(Refusal::NotServing(role.name()))
    }

    fn role(&self) -> Role {
        self.local.as_ref().map_or(Role::Primary, |local| local.role)
    }

    pub(super) fn state(&self) -> SitesState<'_> {
        let local = self.local.as_deref().map(|own| LocalState {
            role: own.role,
            site: own.site,
            epoch: own.epoch,
            software: own.software,
            position: own.position,
            periods: own.periods,
            ordered: own.ordered,
            outstanding: &own.outstanding,
            base: own.base.as_deref().map(|base| Box::new(base.whole_state())),
        });
        SitesState { received: &self.received, release: self.release, local }
    }

    pub(super) fn restored(stored: StoredSites, catalogue: &Catalogue) -> Result<Self, OtherCatalogue> {
        let StoredSites { received, release, local } = stored;
        let local = local.map(|own| {
            let base =
                own.base.map(|base| Ocs::restored(catalogue.clone(), *base).map(Box::new)).transpose()?;
            Ok(Box::new(Local {
                role: own.role,
                site: own.site,
                epoch: own.epoch,
                software: own.software,
                position: own.position,
                periods: own.periods,
                ordered: own.ordered,
                outstanding: own.outstanding,
                base,
            }))
        });
        Ok(Self { received, release, local: local.transpose()? })
    }
}

impl Ocs {
    /// Does what a command about sites asks. Time passes with those that a primary takes, and in a site that begins or ends
    /// to stand alone; a copy moves with the primary.
    pub(super) fn apply_site(&mut self, now: Instant, command: &SiteCommand, out: &mut Vec<Effect>) {
        let done = match command {
            SiteCommand::StandBy { site } => self.stand_by(*site),
            SiteCommand::Replicated { at, command } => self.replicate(*at, command, out),
            SiteCommand::Passed { at } => {
                self.expire_into(*at, out);
                Ok(())
            }
            SiteCommand::StandAlone { ordered } => self.stand_alone(now, *ordered),
            SiteCommand::Return => self.go_back(now, out),
            SiteCommand::Lock(lock) => self.as_primary(now, out, |ocs, out| ocs.take_lock(lock, out)),
            SiteCommand::Transfer(transfer) => {
                self.as_primary(now, out, |ocs, out| ocs.take_transfer(transfer, out))
            }
            SiteCommand::Promote { epoch } => self.promote(now, *epoch),
            SiteCommand::Fence { epoch } => self.fence(*epoch),
            SiteCommand::Upgrade(release) => {
                self.upgrade(*release);
                Ok(())
            }
        };
        let changes = !matches!(
            command,
            SiteCommand::Replicated { .. }
                | SiteCommand::Passed { .. }
                | SiteCommand::Lock(_)
                | SiteCommand::Transfer(_)
        );
        if changes && done.is_ok() {
            out.push(Effect::Site(SiteFact::Changed(self.sites.role())));
        }
        out.push(Effect::Answer(match done {
            Ok(()) => Answer::Recorded,
            Err(refusal) => Answer::Refused(refusal),
        }));
    }

    fn local(&mut self) -> &mut Local {
        let release = self.sites.release;
        self.sites.local.get_or_insert_with(|| {
            Box::new(Local {
                role: Role::Primary,
                site: 0,
                epoch: 0,
                software: release,
                position: 0,
                periods: 0,
                ordered: false,
                outstanding: VecDeque::new(),
                base: None,
            })
        })
    }

    fn stand_by(&mut self, site: u8) -> Result<(), Refusal> {
        if self.sites.role() != Role::Primary || self.sessions.begun() != (0, 0) || site == 0 {
            return Err(Refusal::NoSuchTurn(
                "only a site that has served nobody yet can become a stand-by copy",
            ));
        }
        let local = self.local();
        (local.role, local.site) = (Role::StandBy, site);
        Ok(())
    }

    /// Applies a command of the primary. What it brings about was told there.
    fn replicate(&mut self, at: Instant, command: &Command, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        if self.sites.role() != Role::StandBy {
            return Err(Refusal::NoSuchTurn("only a stand-by site follows the primary"));
        }
        let local = self.sites.local.take();
        let mut effects = Vec::new();
        self.apply_into(at, command, &mut effects);
        let taken =
            effects.into_iter().filter(|effect| matches!(effect, Effect::Site(SiteFact::Transferred(_))));
        out.extend(taken);
        self.sites.local = local;
        let received = &self.sites.received;
        if let Some(local) = &mut self.sites.local {
            local.position = local.position.saturating_add(1);
            let done = |delta: &Delta| received.get(&delta.period()).is_some_and(Received::is_complete);
            local.outstanding.retain(|delta| !done(delta));
        }
        Ok(())
    }

    /// Keeps the copy as it is, and works on a second one from now on.
    fn stand_alone(&mut self, now: Instant, ordered: bool) -> Result<(), Refusal> {
        if self.sites.role() != Role::StandBy {
            return Err(Refusal::NoSuchTurn("only a stand-by site can stand alone"));
        }
        let Some(mut local) = self.sites.local.take() else { return Ok(()) };
        let base = Box::new(self.clone());
        self.now = self.now.max(now);
        for other in self.others.values_mut() {
            other.now = other.now.max(now);
        }
        self.take_outstanding(&local.outstanding);
        local.periods = local.periods.saturating_add(1);
        local.ordered = ordered;
        let first = u64::from(local.site) << SITE_SHIFT | u64::from(local.periods) << PERIOD_SHIFT;
        self.fork(first);
        self.others.values_mut().for_each(|other| other.fork(first));
        local.role = Role::StandAlone;
        local.base = Some(base);
        let software = local.software;
        self.sites.local = Some(local);
        self.behave_as(software);
        // What has ended while nobody looked ends now. The primary tells of it.
        self.expire_into(now, &mut Vec::new());
        Ok(())
    }

    /// What earlier periods have not handed over yet was spent all the same.
    fn take_outstanding(&mut self, outstanding: &VecDeque<Delta>) {
        let mut unseen = Vec::new();
        for delta in outstanding {
            // Neither is refused: a period is known or new, and its records come in their order.
            let _ = self.take_lock(delta.lock(), &mut unseen);
            let next = self.sites.received.get(&delta.period()).map_or(0, |received| received.next);
            for transfer in (next..delta.records()).filter_map(|sequence| delta.transfer(sequence)) {
                let _ = self.take_transfer(&transfer, &mut unseen);
            }
            unseen.clear();
        }
    }

    /// Ends the period alone: the copy is there again as it was, and what the period came to is to be handed over.
    fn go_back(&mut self, now: Instant, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        if self.sites.role() != Role::StandAlone {
            return Err(Refusal::NoSuchTurn("only a site that stands alone can go back"));
        }
        self.expire_into(now, out);
        let Some(mut local) = self.sites.local.take() else { return Ok(()) };
        let period = PeriodId { site: local.site, number: local.periods };
        let delta = self.delta(period);
        if let Some(base) = local.base.take() {
            *self = *base;
        }
        if let Some(delta) = delta {
            local.outstanding.push_back(delta);
        }
        local.role = Role::StandBy;
        self.sites.local = Some(local);
        Ok(())
    }

    /// Takes what another site hands over, if there is somebody to take it.
    fn as_primary(
        &mut self,
        now: Instant,
        out: &mut Vec<Effect>,
        take: impl FnOnce(&mut Self, &mut Vec<Effect>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let role = self.sites.role();
        if role != Role::Primary {
            return Err(Refusal::NotServing(role.name()));
        }
        self.expire_into(now, out);
        take(self, out)
    }

    /// Makes what it works on its own. A site that follows stands alone first.
    fn promote(&mut self, now: Instant, epoch: u64) -> Result<(), Refusal> {
        if self.sites.role() == Role::StandBy {
            self.stand_alone(now, true)?;
        }
        let ours = self.sites.local.as_ref().map_or(0, |local| local.epoch);
        if self.sites.role() != Role::StandAlone || epoch <= ours {
            return Err(Refusal::NoSuchTurn(
                "only a secondary site can become the primary, under a new rule",
            ));
        }
        let local = self.local();
        (local.role, local.epoch, local.base) = (Role::Primary, epoch, None);
        local.outstanding.clear();
        self.branch = None;
        self.others.values_mut().for_each(|other| other.branch = None);
        Ok(())
    }

    fn fence(&mut self, epoch: u64) -> Result<(), Refusal> {
        let local = self.local();
        if epoch <= local.epoch {
            return Err(Refusal::NoSuchTurn("that rule is older than the one that holds here"));
        }
        (local.role, local.epoch) = (Role::Fenced, epoch);
        Ok(())
    }

    /// A copy goes on behaving as the primary does; its own release counts when it stands alone.
    fn upgrade(&mut self, release: Release) {
        let following = self.sites.is_following();
        if let Some(local) = &mut self.sites.local {
            local.software = release;
        }
        if !following {
            self.behave_as(release);
        }
    }

    fn behave_as(&mut self, release: Release) {
        self.sites.release = release;
        self.others.values_mut().for_each(|other| other.sites.release = release);
    }

    /// Whether the months of commitments close here.
    pub(super) fn closes_months(&self) -> bool {
        self.branch.is_none() && self.sites.release.knows_commitments()
    }

    /// Whether an administrator may change that here and now.
    pub(super) fn check_change(&self, change: &Admin) -> Result<(), Refusal> {
        if self.branch.is_some() {
            return Err(Refusal::StandsAlone);
        }
        match change {
            Admin::Commitment { change: CommitmentChange::SignUp { .. }, .. }
                if !self.sites.release.knows_commitments() =>
            {
                Err(Refusal::UnknownToRelease {
                    what: "commitments",
                    since: Release::Mr86,
                    runs: self.sites.release,
                })
            }
            _ => Ok(()),
        }
    }
}
