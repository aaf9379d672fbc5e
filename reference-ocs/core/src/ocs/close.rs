//! The end of a usage: its record, what is returned, and what happens when its end never comes.

use std::sync::Arc;
use std::time::Duration;

use tollgate_time::Instant;

use super::Ocs;
use crate::catalogue::PeakLevel;
use crate::effect::{Closed, ClosedBy, Effect};
use crate::history;
use crate::money::Amount;
use crate::plans::share;
use crate::rating::{Piece, Rated};
use crate::service::Unit;
use crate::sessions::{Billed, Deadline, Notes, Progress, Session};
use crate::xdr::{Note, Xdr};

impl Ocs {
    /// Ends a usage by its Stop: the rest of its reservation is returned, and its record made.
    pub(super) fn close(&mut self, at: u32, connected: bool, out: &mut Vec<Effect>) {
        self.return_reserved(at);
        self.sessions.set_deadline(at, None);
        self.make_xdr(at, connected, None, out);
        self.sessions.close_usage(at);
    }

    pub(super) fn expire_into(&mut self, now: Instant, out: &mut Vec<Effect>) {
        // A copy moves when the primary does, and at no other time.
        if self.sites.is_following() {
            return;
        }
        self.now = self.now.max(now);
        for other in self.others.values_mut() {
            other.expire_into(now, out);
        }
        loop {
            let reset = self.next_reset().into_iter().chain(self.next_closing()).min();
            let reset = reset.filter(|&reset| reset <= self.now);
            while let Some((due, deadline)) = self.sessions.next_due(reset.unwrap_or(self.now)) {
                match deadline {
                    Deadline::Usage(_, at) => self.give_up(due, at, ClosedBy::GrantExpired, out),
                    Deadline::Lock(_, at) => self.lock_is_due(due, at, out),
                }
            }
            match reset {
                Some(reset) => {
                    self.reset_counters(reset, out);
                    self.close_months(reset, out);
                }
                None => break,
            }
        }
        self.sessions.forget_idle(self.now, self.catalogue.settings.closed_kept);
    }

    fn lock_is_due(&mut self, due: Instant, at: u32, out: &mut Vec<Effect>) {
        if self.sessions.has_open(at) {
            // A call goes on longer than the lock of its login: it keeps the lock.
            self.sessions.set_lock(at, Some(due + self.catalogue.settings.login_lock));
            return;
        }
        self.drop_lock(due, at, ClosedBy::LockExpired, out);
    }

    /// The account's id in a session, as it was reported.
    fn name_in(&self, session: &Session) -> Arc<str> {
        let known = session.account.map(|id| &self.ledger.account(id).name);
        known.map_or_else(|| session.account_name.as_str().into(), Arc::clone)
    }

    /// Ends a session's lock and tells of it.
    pub(super) fn drop_lock(&mut self, now: Instant, at: u32, by: ClosedBy, out: &mut Vec<Effect>) {
        let session = self.sessions.session(at);
        let Some(account) = session.account else { return };
        out.push(Effect::Closed(Closed {
            env: self.env(),
            account: self.name_in(session),
            session: session.key.clone(),
            usage: None,
            at: now,
            by,
            returned: Amount::ZERO,
        }));
        self.unlock(now, account, at);
    }

    /// Ends a usage without its Stop: what was reported is on record, the rest is returned.
    pub(super) fn give_up(&mut self, now: Instant, at: u32, by: ClosedBy, out: &mut Vec<Effect>) {
        let returned = self.return_reserved(at);
        self.sessions.set_deadline(at, None);
        let usage = self.sessions.usage(at);
        let session = self.sessions.session(usage.session);
        let place = usage.session;
        out.push(Effect::Closed(Closed {
            env: self.env(),
            account: self.name_in(session),
            session: usage.key.clone(),
            usage: Some(usage.id),
            at: now,
            by,
            returned,
        }));
        if usage.progress == Progress::Active && !self.is_left_to_primary(at) {
            let connected = usage.connected_at.is_some() || usage.used > 0;
            let note = match by {
                ClosedBy::Administrator => Note::ClosedByAdministrator,
                ClosedBy::NodeRestarted => Note::NodeRestarted,
                ClosedBy::GrantExpired | ClosedBy::LockExpired => Note::NoStop,
            };
            if usage.ended_at.is_none() {
                self.sessions.usage_mut(at).ended_at = Some(now);
            }
            self.make_xdr(at, connected, Some(note), out);
        }
        self.sessions.usage_mut(at).progress = Progress::Expired;
        self.sessions.settle_idle(place, now, self.catalogue.settings.closed_kept_max);
    }

    pub(super) fn return_reserved(&mut self, at: u32) -> Amount {
        let usage = self.sessions.usage_mut(at);
        let reserved = std::mem::take(&mut usage.reserved);
        if let Some(account) = self.sessions.session(self.sessions.usage(at).session).account {
            self.ledger.reserve(account, reserved, Amount::ZERO);
            self.release_claim(account, at);
        }
        reserved
    }

    /// Makes the record of what was used and charged since the usage's last one.
    fn make_xdr(&mut self, at: u32, connected: bool, by: Option<Note>, out: &mut Vec<Effect>) {
        let usage = self.sessions.usage(at);
        let session = self.sessions.session(usage.session);
        let unit = usage.service.unit();
        let rate = usage.rate.and_then(|id| self.catalogue.rate(id).map(|rate| (id, rate)));
        let rated = rate.map(|(_, rate)| rate.usage(usage.used, usage.began(self.now))).filter(|_| connected);
        let units = rated.as_ref().map_or(0, |rated| rated.units);
        let before = usage.billed;
        let mut notes = usage.notes;
        if let Some(by) = by {
            notes.insert(by);
        }
        if !connected {
            notes.remove(Note::WithoutGrant);
        }
        let history = match (rate, &rated) {
            _ if !connected => history::NOT_CONNECTED.to_owned(),
            (Some((_, rate)), Some(rated)) if !notes.contains(Note::AmountTooLarge) => match &usage.shares {
                Some(shares) => share::formula(
                    &self.catalogue.plans,
                    rate,
                    unit,
                    (usage.used, rated.free),
                    &shares.parts,
                    (usage.charged, before.amount),
                ),
                None => history::formula(rate, unit, usage.used, rated, usage.charged, before.amount),
            },
            (Some(_), _) => Note::AmountTooLarge.phrase().to_owned(),
            (None, _) => {
                if session.account.is_some() {
                    notes.insert(Note::Unrated);
                }
                history::UNRATED.to_owned()
            }
        };
        let ended_at = usage.ended_at.unwrap_or(self.now);
        let account = session.account.map(|id| (id, self.ledger.account(id)));
        let xdr = Arc::new(Xdr {
            // It gets its number when it is kept.
            id: crate::ids::XdrId::from_number(0),
            env: self.catalogue.settings.env,
            session_id: usage.key.clone(),
            call_id: usage.call_id.clone(),
            cli: usage.cli.clone(),
            cld: usage.cld.clone(),
            setup_time: usage.setup_millis(),
            connect_time: connected
                .then(|| usage.connected_at.or_else(|| began(ended_at, unit, usage.used)))
                .flatten(),
            disconnect_time: Some(ended_at),
            bill_time: ended_at,
            disconnect_cause: usage.disconnect_cause,
            voice_quality: usage.voice_quality,
            used_quantity: usage.used.saturating_sub(before.used),
            account_id: self.name_in(session),
            account: session.account,
            destination: rate.map(|(_, rate)| rate.destination),
            destination_group: rate.and_then(|(_, rate)| rate.shown.group),
            tariff: usage.entry.map(|(_, tariff)| tariff),
            rate: rate.map(|(id, _)| id),
            charged_quantity: units.saturating_sub(before.units),
            charged_amount: usage.charged.saturating_sub(before.amount),
            currency: account.map(|(_, account)| account.currency),
            history,
            peak_level: rated.as_ref().and_then(|rated| rated.level).map(PeakLevel::number),
            vendor: None,
            service: usage.service,
            rating_entry: usage.entry.map(|(entry, _)| entry),
            customer: account.map(|(_, account)| account.customer),
            parent_session_id: usage.parent.clone(),
            rating_pattern: rate.map(|(_, rate)| rate.shown.pattern.clone()),
            subscriber_ip: usage.subscriber_ip.clone(),
            split_order: (before.records > 0).then(|| before.records.saturating_add(1)),
            billing_model: account.map(|(_, account)| account.purse.model().xdr_number()),
            invoice: None,
            revenue: None,
            entity: self.entity_of(session.account),
            leg: usage.leg,
            usage: usage.id,
            failed: !connected,
            notes: notes.listed(),
        });
        let pieces = rated.as_ref().map_or_else(Vec::new, |rated| self.pieces(at, &xdr, rated));
        let made = u32::try_from(pieces.len()).unwrap_or(u32::MAX).max(1);
        let usage = self.sessions.usage(at);
        let session = self.sessions.session(usage.session);
        let billed = Billed {
            records: before.records.saturating_add(made),
            used: usage.used,
            units,
            amount: usage.charged,
        };
        if connected && let Some(id) = session.account {
            let account = self.ledger.account_mut(id);
            account.first_usage = Some(account.first_usage.map_or(ended_at, |first| first.min(ended_at)));
            account.last_usage = account.last_usage.max(Some(ended_at));
        }
        let usage = self.sessions.usage_mut(at);
        usage.billed = billed;
        usage.notes = Notes::default();
        self.keep_xdrs(at, xdr, pieces, out);
        self.journal_call(at, by.is_none());
    }

    /// The records of each peak level in place of the one of all, where the product asks for them.
    ///
    /// What earlier records carry in part stays one record, and so does what each other party is charged: their tariffs
    /// have levels of their own.
    fn pieces(&self, at: u32, whole: &Xdr, rated: &Rated) -> Vec<Xdr> {
        let usage = self.sessions.usage(at);
        let product = whole.account.map(|id| self.ledger.account(id).product);
        let splits = product.and_then(|id| self.catalogue.product(id)).is_some_and(|it| it.split_by_level);
        let rate = usage.rate.and_then(|id| self.catalogue.rate(id));
        let Some(rate) = rate.filter(|_| splits && usage.billed.records == 0) else { return Vec::new() };
        let parts = usage.shares.as_ref().map(|shares| shares.parts.as_slice());
        let cost = parts.map_or(rated.cost, |parts| share::cost(rate, parts));
        if cost.round() != Some(usage.charged) {
            return Vec::new();
        }
        let pieces = rate.pieces(rated, usage.used, usage.charged);
        if pieces.len() < 2 {
            return Vec::new();
        }
        let unit = usage.service.unit();
        let began = usage.began(self.now);
        let last = pieces.len() - 1;
        let (mut units, mut before) = (0_u64, Amount::ZERO);
        let mut record = |(place, piece): (usize, Piece)| {
            let used = piece.begins.saturating_add(piece.used);
            let ends = began + Duration::from_secs(used);
            units = units.saturating_add(piece.units);
            let (total, history) = match parts {
                None => {
                    let (so_far, sums) = (&piece.so_far, (piece.total, piece.before));
                    (piece.total, history::formula(rate, unit, used, so_far, sums.0, sums.1))
                }
                Some(parts) => {
                    let so_far = share::cut(parts, units);
                    // The last makes up the whole.
                    let total = share::cost(rate, &so_far).round().filter(|_| place < last);
                    let total = total.unwrap_or(usage.charged).min(usage.charged);
                    let sums = (total, before);
                    let plans = &self.catalogue.plans;
                    (total, share::formula(plans, rate, unit, (used, rated.free), &so_far, sums))
                }
            };
            let amount = total.saturating_sub(before);
            before = total;
            Xdr {
                connect_time: Some(began + Duration::from_secs(piece.begins)),
                disconnect_time: if place == last { whole.disconnect_time } else { Some(ends) },
                bill_time: if place == last { whole.bill_time } else { ends },
                used_quantity: piece.used,
                charged_quantity: piece.units,
                charged_amount: amount,
                history,
                peak_level: Some(piece.level.number()),
                split_order: u32::try_from(place + 1).ok(),
                ..whole.clone()
            }
        };
        pieces.into_iter().enumerate().map(&mut record).collect()
    }
}

/// When a usage began that is known by its end and its seconds.
fn began(ended_at: Instant, unit: Unit, used: u64) -> Option<Instant> {
    let nanos = u64::try_from(Duration::from_secs(used).as_nanos()).ok()?;
    (unit == Unit::Second).then(|| Instant::from_unix_nanos(ended_at.unix_nanos().saturating_sub(nanos)))
}
