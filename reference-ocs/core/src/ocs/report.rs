//! Reports of usage: what they say was used, and what that changes.

use std::sync::Arc;
use std::time::Duration;

use tollgate_time::Instant;

use super::Ocs;
use super::access::word;
use super::add_ons::Wanted;
use crate::command::{Lock, SessionKey, Stage, UsageReport};
use crate::effect::{Answer, Effect, Grant, Why};
use crate::ids::{AccountId, RatingEntryId, TariffId};
use crate::money::Amount;
use crate::quota::Hold;
use crate::service::{Leg, Unit};
use crate::sessions::{Progress, Usage};
use crate::xdr::Note;

/// Q.850: normal call clearing.
const NORMAL_CLEARING: u8 = 16;
const NANOS_PER_SEC: u128 = 1_000_000_000;

/// What a report says was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Measured {
    used: u64,
    connected: bool,
    ended_at: Instant,
    /// The duration and the times tell different stories.
    differs: bool,
}

/// How a usage comes to be known by its report.
struct Found {
    session: Option<u32>,
    usage: Option<u32>,
}

impl Ocs {
    pub(super) fn report(&mut self, now: Instant, report: &UsageReport, out: &mut Vec<Effect>) {
        let mut found = self.find(report);
        let account = match found.session {
            Some(session) => self.sessions.session(session).account,
            None => self.ledger.account_id(&report.account),
        };
        let mut known = found.usage.map(|at| self.sessions.known(at).progress);
        if known == Some(Progress::Closed) && self.is_new_part(found.usage, report) {
            (found.usage, known) = (None, None);
        }
        if known != Some(Progress::Closed) {
            if found.usage.is_none() {
                found = self.begin(account, found.session, report);
            }
            if let Some(at) = found.usage {
                self.take_report(now, at, report, out);
            }
            if let Some(account) = account {
                self.lock_by_report(now, account, found.session, report);
            }
            if let Some(session) = found.session {
                self.sessions.settle_idle(session, now, self.catalogue.settings.closed_kept_max);
            }
        }
        out.push(Effect::Answer(Answer::Recorded));
    }

    /// The session and usage of a report: under the key of the session that the call belongs to, or its own.
    fn find(&mut self, report: &UsageReport) -> Found {
        let parent = report.parent.as_ref().filter(|parent| **parent != report.session);
        let mut session = None;
        for root in parent.into_iter().chain([&report.session]) {
            let Some(at) = self.sessions.find(root, &report.account) else { continue };
            if let Some(usage) = self.sessions.find_usage(at, report) {
                return Found { session: Some(at), usage: Some(usage) };
            }
            if let Some(usage) = self.adopt(at, root, report) {
                return Found { session: Some(at), usage: Some(usage) };
            }
            session = session.or(Some(at));
        }
        Found { session, usage: None }
    }

    /// Gives a grant that was made before the session had a name of its own that name.
    fn adopt(&mut self, session: u32, root: &SessionKey, report: &UsageReport) -> Option<u32> {
        if *root == report.session || report.parent.as_ref() != Some(root) || report.leg != Leg::Originate {
            return None;
        }
        let at = self.sessions.find_open(session, root, Leg::Originate)?;
        let usage = self.sessions.usage_mut(at);
        if usage.progress != Progress::Granted || usage.service != report.service {
            return None;
        }
        usage.key = report.session.clone();
        Some(at)
    }

    /// Begins what was not granted: it is charged if there is anything to charge it by.
    fn begin(&mut self, account: Option<AccountId>, session: Option<u32>, report: &UsageReport) -> Found {
        let nothing = Found { session, usage: None };
        let entry = account.and_then(|account| self.entry_of_report(account, session, report));
        match account {
            // Of an unknown account one record is enough: the last report's, which has the whole of it.
            None if report.stage != Stage::Stop => return nothing,
            Some(_) if report.leg == Leg::Answer && entry.is_none() => return nothing,
            _ => {}
        }
        let at = session.unwrap_or_else(|| {
            let root = report.parent.as_ref().unwrap_or(&report.session);
            let name = account.map_or(report.account.as_str(), |account| &self.ledger.account(account).name);
            self.sessions.begin(root, name, account)
        });
        let (entry, named) = match account.filter(|_| report.leg == Leg::Originate) {
            Some(account) => {
                let code = report.select_code.as_deref();
                let chosen = self.select(account, entry, report.service, code, report.cld.as_deref());
                (chosen.entry, chosen.cld)
            }
            None => (entry, report.cld.as_deref()),
        };
        let cld: Option<Arc<str>> = match (named.filter(|cld| !cld.is_empty()), account) {
            (Some(dialled), Some(account)) => {
                let dialled = self.dialing(account, report.node.as_deref()).normalize(dialled);
                Some(self.resource(entry, &dialled, report.service).into())
            }
            (Some(dialled), None) => Some(dialled.into()),
            (None, _) => word(report.service).map(Into::into),
        };
        let began = report.connected_at.or(report.setup_at).unwrap_or(self.now);
        let rate = entry.zip(cld.as_deref());
        let rate = rate.and_then(|((_, tariff), cld)| self.catalogue.rate_of(tariff, cld, began));
        let usage = self.sessions.begin_usage(at, |id| {
            let mut usage = Usage::new(id, at, report.session.clone(), report.leg, report.service);
            usage.progress = Progress::Active;
            usage.entry = entry;
            usage.rate = rate;
            usage.cld = cld;
            match account {
                None => usage.notes.insert(Note::Unresolved),
                // Nobody asks for a grant of what comes in.
                Some(_) if report.leg == Leg::Originate => usage.notes.insert(Note::WithoutGrant),
                Some(_) => {}
            }
            usage
        });
        Found { session: Some(at), usage: Some(usage) }
    }

    pub(super) fn entry_of_report(
        &self,
        account: AccountId,
        session: Option<u32>,
        report: &UsageReport,
    ) -> Option<(RatingEntryId, TariffId)> {
        let remembered = session.and_then(|at| self.sessions.session(at).access_code.as_deref());
        let named = report.access_code.as_deref();
        let find = |code: Option<&str>| {
            let number = report.cld.as_deref().filter(|_| report.leg == Leg::Originate);
            let (service, leg, node) = (report.service, report.leg, report.node.as_deref());
            self.entry_for(account, &Wanted { code, service, leg, number, node })
        };
        match report.leg {
            Leg::Originate => find(named.or(remembered)),
            // The number that was called is the access number.
            Leg::Answer => [named, report.cld.as_deref(), remembered].into_iter().find_map(find),
        }
    }

    fn take_report(&mut self, now: Instant, at: u32, report: &UsageReport, out: &mut Vec<Effect>) {
        let usage = self.sessions.usage_mut(at);
        if usage.progress == Progress::Expired {
            // A record of it was made: its late beginning tells nothing new.
            if report.stage == Stage::Start && usage.billed.records > 0 {
                return;
            }
            usage.notes.insert(Note::AfterExpiry);
        }
        self.note_heard(at, report.node.as_deref());
        let usage = self.sessions.usage_mut(at);
        usage.progress = Progress::Active;
        usage.take(report);
        self.check_number(at, report);
        self.check_callback(at, report);
        self.find_parties(at, report);
        let usage = self.sessions.usage(at);
        let measured = measure(now, usage, report);
        let (stage, measured) = self.join_part(at, report, measured);
        match stage {
            Stage::Start => {}
            Stage::Interim => {
                let usage = self.sessions.usage_mut(at);
                // A report by time that is behind was overtaken on its way; a count of anything else is the client's.
                let went_back = measured.used < usage.used && usage.service.unit() != Unit::Second;
                usage.ended_at = Some(measured.ended_at);
                if went_back {
                    usage.notes.insert(Note::CounterWentBack);
                }
                if measured.connected {
                    self.settle(at, measured.used, out);
                    self.settle_parties(at, out);
                }
            }
            Stage::Stop => {
                self.stop(at, measured, out);
                return;
            }
        }
        let deadline = Hold::bound(report.hold, now, self.active_deadline(at, now));
        self.sessions.set_deadline(at, Some(deadline));
    }

    fn stop(&mut self, at: u32, measured: Measured, out: &mut Vec<Effect>) {
        let usage = self.sessions.usage_mut(at);
        usage.ended_at = Some(measured.ended_at);
        if measured.differs {
            usage.notes.insert(Note::DurationDiffers);
        }
        if measured.used < usage.used {
            usage.notes.insert(Note::CounterWentBack);
        }
        let connected = measured.connected || usage.used > 0;
        if connected {
            self.settle(at, measured.used, out);
            self.settle_parties(at, out);
        }
        self.close(at, connected, out);
    }

    /// Whether a report speaks of a part of a session that has ended without it.
    fn is_new_part(&self, usage: Option<u32>, report: &UsageReport) -> bool {
        usage.zip(report.part.as_ref()).is_some_and(|(at, part)| !self.sessions.known(at).parts.knows(part))
    }

    /// What the report of one part says of the whole: the sum of its parts, which ends with the last of them.
    fn join_part(&mut self, at: u32, report: &UsageReport, measured: Measured) -> (Stage, Measured) {
        let Some(part) = &report.part else { return (report.stage, measured) };
        let usage = self.sessions.usage_mut(at);
        // Without figures of its own a report tells of its part that it is there, and no more.
        let told = match usage.service.unit() {
            Unit::Octet => report.octets_in.is_some() || report.octets_out.is_some(),
            Unit::Second => report.stage != Stage::Start,
            Unit::Piece => report.quantity.is_some(),
        };
        let used = if told { measured.used } else { 0 };
        let whole = usage.parts.take(part, used, report.stage == Stage::Stop);
        if told && whole.went_back && usage.service.unit() != Unit::Second {
            usage.notes.insert(Note::CounterWentBack);
        }
        let stage = match report.stage {
            Stage::Stop if !whole.ended => Stage::Interim,
            stage => stage,
        };
        (stage, Measured { used: whole.used, connected: measured.connected || whole.used > 0, ..measured })
    }

    /// Rates anew what was granted for another number.
    fn check_number(&mut self, at: u32, report: &UsageReport) {
        let usage = self.sessions.usage(at);
        let Some(said) = report.cld.as_deref().filter(|cld| !cld.is_empty()) else { return };
        let same = |known: Option<&str>| known == Some(said);
        if same(usage.cld.as_deref()) || same(usage.dialled.as_deref()) {
            return;
        }
        let Some(account) = self.sessions.session(usage.session).account else { return };
        let named = self.select(account, usage.entry, usage.service, None, Some(said)).cld.unwrap_or(said);
        let number = self.dialing(account, report.node.as_deref()).normalize(named);
        let cld: Arc<str> = self.resource(usage.entry, &number, usage.service).into();
        if usage.cld.as_deref() == Some(&*cld) {
            return;
        }
        let began = usage.began(self.now);
        let rate = usage.entry.and_then(|(_, tariff)| self.catalogue.rate_of(tariff, &cld, began));
        let usage = self.sessions.usage_mut(at);
        if usage.grant.is_some() {
            usage.notes.insert(Note::OtherNumber);
        }
        usage.rate = rate;
        usage.cld = Some(cld);
        usage.dialled = Some(said.into());
    }

    /// Charges what all usage so far costs, less what was charged for it before.
    fn settle(&mut self, at: u32, used: u64, out: &mut Vec<Effect>) {
        let usage = self.sessions.usage_mut(at);
        usage.used = usage.used.max(used);
        if let Some(Grant::Units(granted)) = usage.grant
            && usage.used > granted
        {
            usage.notes.insert(Note::BeyondGrant);
        }
        let Some(account) = self.sessions.session(self.sessions.usage(at).session).account else { return };
        let usage = self.sessions.usage_mut(at);
        if usage.parties.as_ref().is_some_and(|bill| bill.account_is_free) {
            return;
        }
        let planned = self.settle_plans(account, at, out);
        let usage = self.sessions.usage_mut(at);
        let Some(rate) = usage.rate.and_then(|rate| self.catalogue.rate(rate)) else { return };
        let began = usage.rate_from(self.now);
        let Some(total) = planned.unwrap_or_else(|| rate.usage(usage.used, began).cost.round()) else {
            usage.notes.insert(Note::AmountTooLarge);
            return;
        };
        let due = total.saturating_sub(usage.charged);
        if due <= Amount::ZERO {
            return;
        }
        let Some(movement) = self.ledger.charge(account, due) else {
            usage.notes.insert(Note::AmountTooLarge);
            return;
        };
        let before = usage.reserved;
        let after = before.saturating_sub(due).max(Amount::ZERO);
        usage.charged = total;
        usage.reserved = after;
        if movement.account.funds.is_some_and(|(_, funds)| funds.is_negative()) {
            usage.notes.insert(Note::Overdraft);
        }
        self.ledger.reserve(account, before, after);
        self.count_spent(account, due);
        self.tell(account, movement, Why::Charge, out);
    }

    fn lock_by_report(
        &mut self,
        now: Instant,
        account: AccountId,
        session: Option<u32>,
        report: &UsageReport,
    ) {
        let holder = self.ledger.account(account).locked_by;
        let caller_left = report.stage == Stage::Stop && report.leg == Leg::Answer;
        if report.lock == Lock::Default && caller_left && holder.is_some() && holder == session {
            if let Some(holder) = holder {
                self.unlock(now, account, holder);
            }
            return;
        }
        self.set_lock(now, account, session, report.lock, false);
        if let Some(session) = session {
            self.hold_lock(now, account, session, report.hold);
        }
    }

    /// Until when a usage waits to be heard of.
    ///
    /// A grant by time is kept for all of that time after the last moment at which it may begin: its Start may be lost,
    /// and its money must not be spent twice for that.
    pub(super) fn waiting_deadline(&self, at: u32, now: Instant) -> Instant {
        let usage = self.sessions.usage(at);
        let begins = now + self.catalogue.settings.start_wait;
        match (usage.progress, usage.grant, usage.service.unit()) {
            (Progress::Granted, Some(Grant::Units(_)), Unit::Octet | Unit::Piece) => begins,
            (Progress::Granted, _, _) => self.active_deadline(at, begins),
            _ => self.active_deadline(at, now),
        }
    }

    /// Until when the next report of a usage in progress is waited for.
    fn active_deadline(&self, at: u32, now: Instant) -> Instant {
        let usage = self.sessions.usage(at);
        let settings = &self.catalogue.settings;
        match (usage.grant, usage.service.unit()) {
            (Some(Grant::Units(secs)), Unit::Second) => {
                let began = usage.connected_at.unwrap_or(now).min(now);
                (began + Duration::from_secs(secs)).max(now) + settings.stop_grace
            }
            _ => now + settings.idle_max,
        }
    }
}

/// What a report says was used. It is measured from the usage's own times where the report has none.
fn measure(now: Instant, usage: &Usage, report: &UsageReport) -> Measured {
    let sent_at =
        Instant::from_unix_nanos(now.unix_nanos().saturating_sub(report.delay.saturating_mul(1_000_000_000)));
    let by_duration =
        usage.connected_at.zip(report.duration).map(|(at, secs)| at + Duration::from_secs(secs));
    let ended_at = report.disconnected_at.or(by_duration).unwrap_or(sent_at);
    let between = usage.connected_at.map(|at| (ended_at - at).as_nanos());
    let (used, differs) = match usage.service.unit() {
        Unit::Second => {
            let rounded_up =
                between.map(|nanos| u64::try_from(nanos.div_ceil(NANOS_PER_SEC)).unwrap_or(u64::MAX));
            let told = report.duration.zip(between.filter(|_| report.disconnected_at.is_some()));
            let differs = told.is_some_and(|(secs, between)| {
                (u128::from(secs) * NANOS_PER_SEC).abs_diff(between) > NANOS_PER_SEC
            });
            (report.duration.or(rounded_up).unwrap_or(0), differs)
        }
        Unit::Octet => {
            let both = [report.octets_in, report.octets_out];
            let told = both.iter().any(Option::is_some);
            let sum = both.into_iter().flatten().fold(0, u64::saturating_add);
            // A report without counters (a Start) says nothing new; of a part, nothing new of that part.
            let known = report.part.as_ref().map_or(usage.used, |part| usage.parts.used_by(part));
            (if told { sum } else { known }, false)
        }
        // A report of a message that does not count is of one.
        Unit::Piece => (report.quantity.unwrap_or(1), false),
    };
    let failed = used == 0 && usage.disconnect_cause.is_some_and(|cause| cause != NORMAL_CLEARING);
    let connected = (used > 0 || usage.connected_at.is_some()) && !failed;
    Measured { used, connected, ended_at, differs }
}
