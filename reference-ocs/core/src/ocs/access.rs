//! Requests for access: who is asking, may he, and for how long.

use std::sync::Arc;

use tollgate_time::Instant;

use super::Ocs;
use super::add_ons::Wanted;
use super::incoming::Goes;
use super::numbers::Selection;
use super::quota::Bounds;
use crate::catalogue::Rate;
use crate::command::{AccessRequest, Lock, Proof, Reuse, SessionKey};
use crate::denial::Denial;
use crate::dialing::DialingRules;
use crate::effect::{Accepted, Answer, Context, Denied, Effect, Grant, ReturnCode};
use crate::ids::{AccountId, RateId, RatingEntryId, TariffId};
use crate::ledger::Presence;
use crate::money::Amount;
use crate::quota::{Hold, QuotaGrant, QuotaWish};
use crate::service::{Service, Unit};
use crate::sessions::{Progress, Usage};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To log in.
    Login,
    /// To use something now.
    Use,
}

/// What was found to charge a request by.
struct Match {
    entry: (RatingEntryId, TariffId),
    rate: RateId,
    cld: Arc<str>,
    /// Where the call goes.
    goes: Goes,
}

/// What a request asks for.
struct Asked<'a> {
    cld: Arc<str>,
    /// The usage that it would go on with.
    open: Option<&'a Usage>,
    /// When that began, or would begin.
    began: Instant,
    /// What it would be charged by, where there is anything.
    rate: Option<RateId>,
}

/// What an account can be granted.
pub(super) struct Offer {
    pub(super) grant: Grant,
    /// The whole of it from the beginning of the usage; `None` without end.
    pub(super) total: Option<u64>,
    /// What funds would pay for beyond that.
    pub(super) retained: Option<u64>,
    /// The price of the whole.
    pub(super) price: Amount,
}

impl Ocs {
    pub(super) fn access(
        &mut self,
        now: Instant,
        request: &AccessRequest,
        kind: Kind,
        out: &mut Vec<Effect>,
    ) {
        let answer = match self.decide(now, request, kind) {
            Ok(accepted) => Answer::Accepted(Box::new(accepted)),
            Err(denied) => Answer::Denied(Box::new(denied)),
        };
        out.push(Effect::Answer(answer));
    }

    pub(super) fn decide(
        &mut self,
        now: Instant,
        request: &AccessRequest,
        kind: Kind,
    ) -> Result<Accepted, Denied> {
        let unknown = |denial| Denied { denial, context: None };
        let no_number = request.cld.as_deref().unwrap_or_default().is_empty();
        if kind == Kind::Use && no_number && word(request.service).is_none() {
            return Err(unknown(Denial::InvalidArgument));
        }
        let Some(account) = self.ledger.account_id(&request.account) else {
            let handed_in = self.handed_in(request, kind);
            return handed_in.unwrap_or_else(|| Err(unknown(Denial::InvalidAccount)));
        };
        if self.ledger.is_exported(account) {
            return Err(unknown(Denial::Exported));
        }
        self.check_password(now, account, request.proof).map_err(unknown)?;
        if kind == Kind::Login && request.call.registers {
            // A telephone that can be called may have no money: nothing is used, locked or begun.
            self.check_standing(now, account).map_err(unknown)?;
            return Ok(self.accepted(account, self.context(account, None, None), None, None));
        }

        let root = request.parent.as_ref().unwrap_or(&request.session);
        let session = self.sessions.find(root, &request.account);
        let remembered = session.and_then(|at| self.sessions.session(at).access_code.clone());
        let code = request.access_code.as_deref().or(remembered.as_deref());
        let wanted = Wanted {
            code,
            service: request.service,
            leg: request.leg(),
            number: request.cld.as_deref(),
            node: request.node.as_deref(),
        };
        let entry = self.entry_for(account, &wanted);
        let selection = self.select_for(account, entry, request);
        let routing_plan = selection.plan.clone();
        let context = Context { routing_plan, ..self.context(account, selection.entry, code) };
        let standing = self.check_standing(now, account).and_then(|()| match kind {
            Kind::Login => Ok(()),
            Kind::Use => self.check_terminated(session, request),
        });
        if kind == Kind::Use && request.call.pickup {
            // Whoever answers a call pays nothing: only whether he may is asked.
            return match standing.and_then(|()| self.pick_up(account, request)) {
                Ok(number) => Ok(self.accepted(account, context, None, Some(number))),
                Err(denial) => Err(Denied { denial, context: Some(context) }),
            };
        }
        let checked = standing
            .and_then(|()| self.check_lock(account, root, request.lock))
            .and_then(|()| match kind {
                Kind::Login => Ok(()),
                Kind::Use => self.check_call_limits(account, request.service, &request.session),
            })
            .and_then(|()| self.check_resellers(account))
            .and_then(|()| {
                let asked = || match kind {
                    Kind::Login => None,
                    Kind::Use => self.asked(account, session, &selection, request).rate,
                };
                // What comes in may cost nothing: what it costs says whether there is enough.
                if request.call.incoming { Ok(()) } else { self.check_funds(account, request.service, asked) }
            });
        if let Err(denial) = checked {
            let elsewhere = self.customer_service(account, denial).filter(|_| kind == Kind::Login);
            return match elsewhere {
                Some(return_code) => {
                    Ok(Accepted { return_code, ..self.accepted(account, context, None, None) })
                }
                None => Err(Denied { denial, context: Some(context) }),
            };
        }
        if kind == Kind::Use && request.call.incoming && entry.is_none() {
            // Nothing is charged for what comes in.
            return Ok(self.accepted(account, context, Some(Grant::Unlimited), request.cld.clone()));
        }
        let used = match kind {
            Kind::Login => None,
            Kind::Use => match self.offer(account, session, &selection, request) {
                Ok(used) => Some(used),
                Err(denial) => return Err(Denied { denial, context: Some(context) }),
            },
        };

        // Nothing was changed so far but the count of wrong passwords; from here on nothing is denied.
        let at = session
            .unwrap_or_else(|| self.sessions.begin(root, &self.ledger.account(account).name, Some(account)));
        if let Some(code) = &request.access_code
            && remembered.as_deref() != Some(code)
            && request.reuse == Reuse::Both
        {
            self.sessions.session_mut(at).access_code = Some(code.as_str().into());
        }
        if request.reuse > Reuse::Nothing {
            self.sessions.trust(at);
        }
        let (grant, cld, quota) = match &used {
            None => (None, None, None),
            Some((found, offer)) => {
                let quota = self.take_grant(now, at, account, request, found, offer);
                (Some(offer.grant), Some(String::from(&*found.cld)), quota)
            }
        };
        let goes = used.map(|(found, _)| found.goes).unwrap_or_default();
        let default = kind == Kind::Login && self.is_debit(account);
        self.set_lock(now, account, Some(at), request.lock, default);
        self.hold_lock(now, account, at, request.wishes.hold);
        self.sessions.settle_idle(at, now, self.catalogue.settings.closed_kept_max);
        let mut accepted = Accepted { quota, ..self.accepted(account, context, grant, cld) };
        accepted.return_code = goes.elsewhere.unwrap_or(accepted.return_code);
        accepted.called = goes.called;
        Ok(accepted)
    }

    pub(super) fn accepted(
        &self,
        account: AccountId,
        context: Context,
        grant: Option<Grant>,
        cld: Option<String>,
    ) -> Accepted {
        let purse = &self.ledger.account(account).purse;
        let product = self.catalogue.product(self.ledger.account(account).product);
        Accepted {
            context,
            balance: purse.balance(),
            funds: self.ledger.funds(account),
            breakage: product.map_or(Amount::ZERO, |product| product.breakage),
            customer: (!self.is_debit(account)).then(|| self.customer_money(account)),
            grant,
            cld,
            quota: None,
            return_code: if grant == Some(Grant::Unlimited) {
                ReturnCode::TollFree
            } else {
                ReturnCode::Success
            },
            called: None,
        }
    }

    pub(super) fn context(
        &self,
        id: AccountId,
        entry: Option<(RatingEntryId, TariffId)>,
        code: Option<&str>,
    ) -> Context {
        let account = self.ledger.account(id);
        let product = self.catalogue.product(account.product);
        let language =
            account.language.as_ref().or_else(|| product.and_then(|product| product.language.as_ref()));
        let tariff = entry.and_then(|(_, tariff)| self.catalogue.tariff(tariff));
        Context {
            account: Arc::clone(&account.name),
            billing_model: account.purse.model(),
            currency: account.currency,
            language: Arc::clone(language.unwrap_or(&self.language)),
            product: product.map(|product| Arc::clone(&product.name)).unwrap_or_default(),
            tariff: tariff.map(|tariff| Arc::clone(&tariff.name)),
            access_code: code.map(Into::into),
            routing_plan: None,
        }
    }

    pub(super) fn check_password(&mut self, now: Instant, id: AccountId, proof: Proof) -> Result<(), Denial> {
        let max = self.catalogue.settings.password_attempts_max;
        let lockout = self.catalogue.settings.lockout;
        let account = self.ledger.account_mut(id);
        let good = match proof {
            Proof::Ignored => return Ok(()),
            Proof::Valid => true,
            Proof::Absent => account.password.is_none(),
            Proof::Invalid => false,
        };
        if account.locked_out_until.is_some_and(|until| now < until) {
            return Err(Denial::RetriesExceeded);
        }
        account.locked_out_until = None;
        if good {
            account.wrong_passwords = 0;
            return Ok(());
        }
        account.wrong_passwords = account.wrong_passwords.saturating_add(1);
        if max > 0 && account.wrong_passwords >= max {
            account.wrong_passwords = 0;
            account.locked_out_until = Some(now + lockout);
            return Err(Denial::RetriesExceeded);
        }
        Err(Denial::InvalidPassword)
    }

    pub(super) fn check_standing(&self, now: Instant, id: AccountId) -> Result<(), Denial> {
        let account = self.ledger.account(id);
        let customer = self.ledger.customer(account.customer);
        if customer.presence == Presence::Exported {
            return Err(Denial::Exported);
        }
        if account.blocked {
            return Err(Denial::UserDenied);
        }
        if customer.blocked || customer.suspended {
            return Err(Denial::UserSuspended);
        }
        if account.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(Denial::CardExpired);
        }
        Ok(())
    }

    pub(super) fn check_lock(&self, id: AccountId, root: &SessionKey, lock: Lock) -> Result<(), Denial> {
        let holder = self.ledger.account(id).locked_by;
        let other = holder.is_some_and(|at| self.sessions.session(at).key != *root);
        match lock {
            Lock::Default | Lock::NoLock if other => Err(Denial::AccountInUse),
            _ => Ok(()),
        }
    }

    /// Whether there is money, or something for nothing of what is asked for.
    fn check_funds(
        &self,
        id: AccountId,
        service: Service,
        asked: impl FnOnce() -> Option<RateId>,
    ) -> Result<(), Denial> {
        let product = self.catalogue.product(self.ledger.account(id).product);
        let breakage = product.map_or(Amount::ZERO, |product| product.breakage);
        let lacking = match self.ledger.funds(id) {
            Some(funds) if funds <= breakage && self.is_debit(id) => Denial::ZeroBalance,
            Some(funds) if funds <= Amount::ZERO => Denial::CreditLimit,
            _ if self.budget_left(id).is_some_and(|left| left <= Amount::ZERO) => Denial::SpendLimitExceeded,
            _ => return Ok(()),
        };
        if self.has_quota(id, service, asked()) { Ok(()) } else { Err(lacking) }
    }

    /// What a request asks for, and the rate that it would be charged by.
    fn asked(
        &self,
        account: AccountId,
        session: Option<u32>,
        selection: &Selection<'_>,
        request: &AccessRequest,
    ) -> Asked<'_> {
        let rules = self.dialing(account, request.node.as_deref());
        let entry = selection.entry;
        let cld: Arc<str> = match selection.cld.filter(|cld| !cld.is_empty()) {
            Some(dialled) => self.resource(entry, &rules.normalize(dialled), request.service).into(),
            None => word(request.service).unwrap_or_default().into(),
        };
        let open = session.and_then(|at| self.sessions.find_open(at, &request.session, request.leg()));
        let open = open.map(|at| self.sessions.usage(at));
        let began = open.map_or(self.now, |open| open.began(self.now));
        let rate = entry.and_then(|(_, tariff)| {
            let between = self.rate_between_systems(request, tariff, &cld);
            between.or_else(|| self.catalogue.rate_of(tariff, &cld, began))
        });
        Asked { cld, open, began, rate }
    }

    /// What to charge a request by, and how much of it the account can be granted.
    fn offer(
        &self,
        account: AccountId,
        session: Option<u32>,
        selection: &Selection<'_>,
        request: &AccessRequest,
    ) -> Result<(Match, Offer), Denial> {
        let entry = selection.entry.ok_or(Denial::NotAvailable)?;
        if selection.missing {
            return Err(Denial::PreselectNotSet);
        }
        let Asked { cld, open, began, rate: id } = self.asked(account, session, selection, request);
        let goes = self.way(request, &cld)?;
        let id = id.ok_or_else(|| Self::unrated(request.service, &cld))?;
        let rate = self.catalogue.rate(id).filter(|rate| !rate.forbidden).ok_or(Denial::CldBlocked)?;
        let open = open.filter(|open| open.is_replaced_by(id, &cld));
        let wish = Self::wish(request, request.service.unit())?;
        let planned = self.planned(account, (id, rate), request.service, open, wish);
        let offer = planned.unwrap_or_else(|| {
            let offer = self.offer_of(account, rate, request.service, open, wish);
            offer.ok_or_else(|| self.too_little(account, rate, began))
        })?;
        Ok((Match { entry, rate: id, cld, goes }, offer))
    }

    /// The rate that a request would be charged by.
    pub(super) fn rate_asked_for(
        &self,
        account: AccountId,
        request: &AccessRequest,
    ) -> Result<&Rate, Denial> {
        let selection = self.selection(account, request);
        let Asked { cld, rate: id, .. } = self.asked(account, None, &selection, request);
        selection.entry.ok_or(Denial::NotAvailable)?;
        let id = id.ok_or_else(|| Self::unrated(request.service, &cld))?;
        self.catalogue.rate(id).filter(|rate| !rate.forbidden).ok_or(Denial::CldBlocked)
    }

    /// Whether a request would be granted what it asks for; nothing changes.
    pub(super) fn can_be_granted(&self, account: AccountId, request: &AccessRequest) -> bool {
        let selection = self.selection(account, request);
        let rate = || self.asked(account, None, &selection, request).rate;
        self.check_funds(account, request.service, rate).is_ok()
            && self.offer(account, None, &selection, request).is_ok()
    }

    fn selection<'a>(&self, account: AccountId, request: &'a AccessRequest) -> Selection<'a> {
        let wanted = Wanted {
            code: request.access_code.as_deref(),
            service: request.service,
            leg: request.leg(),
            number: request.cld.as_deref(),
            node: request.node.as_deref(),
        };
        let entry = self.entry_for(account, &wanted);
        self.select_for(account, entry, request)
    }

    /// The selection for a request; what comes in goes by no routing plan.
    fn select_for<'a>(
        &self,
        account: AccountId,
        entry: Option<(RatingEntryId, TariffId)>,
        request: &'a AccessRequest,
    ) -> Selection<'a> {
        let cld = request.cld.as_deref();
        if request.call.incoming {
            return Selection { entry, cld, plan: None, missing: false };
        }
        let chosen = request.call.select_code.as_deref();
        self.select(account, entry, request.service, chosen, cld)
    }

    /// How much available funds pay for, with what `open` has reserved and was charged already; `None` for nothing.
    fn offer_of(
        &self,
        account: AccountId,
        rate: &Rate,
        service: Service,
        open: Option<&Usage>,
        wish: Option<&QuotaWish>,
    ) -> Option<Offer> {
        let unlimited = Offer { grant: Grant::Unlimited, total: None, retained: None, price: Amount::ZERO };
        let Some(available) = self.spendable(account) else { return Some(unlimited) };
        let (reserved, charged, used) =
            open.map_or((Amount::ZERO, Amount::ZERO, 0), |open| (open.reserved, open.charged, open.used));
        let bounds = wish.map_or_else(Bounds::default, Bounds::of);
        let funds = available.saturating_add(reserved);
        let paying = bounds.max_funds.map_or(funds, |max| funds.min(max)).saturating_add(charged);
        let began = open.map_or(self.now, |open| open.began(self.now));
        let all = funds.saturating_add(charged);
        let most = rate.affordable(all, began);
        let paid = if paying == all { most } else { rate.affordable(paying, began) };
        let Some((most, paid)) = most.zip(paid) else { return Some(unlimited) };
        let quantum = self.catalogue.settings.grant_max(service.unit());
        let total = bounds.total(used, paid, quantum, |units| rate.whole_within(units, began))?;
        let units = total - used;
        let retained = Some(most.saturating_sub(total)).filter(|&units| units > 0);
        let price = rate.usage(total, began).cost.round()?;
        Some(Offer { grant: Grant::Units(units), total: Some(total), retained, price })
    }

    /// Reserves the price of what is granted, in place of what the same call had reserved before.
    fn take_grant(
        &mut self,
        now: Instant,
        session: u32,
        account: AccountId,
        request: &AccessRequest,
        found: &Match,
        offer: &Offer,
    ) -> Option<QuotaGrant> {
        let open = self.sessions.find_open(session, &request.session, request.leg());
        let open = open.filter(|&at| self.sessions.usage(at).is_replaced_by(found.rate, &found.cld));
        let at = open.unwrap_or_else(|| {
            let key = request.session.clone();
            self.sessions
                .begin_usage(session, |id| Usage::new(id, session, key, request.leg(), request.service))
        });
        self.note_heard(at, request.node.as_deref());
        let usage = self.sessions.usage_mut(at);
        let before = usage.reserved;
        let after = offer.price.saturating_sub(usage.charged).max(Amount::ZERO);
        usage.reserved = after;
        usage.grant = Some(offer.total.map_or(Grant::Unlimited, Grant::Units));
        usage.entry = Some(found.entry);
        usage.rate = Some(found.rate);
        usage.service = request.service;
        usage.parent.clone_from(&request.parent);
        usage.cli = request.cli.as_deref().map(Into::into);
        usage.dialled = request.cld.as_deref().filter(|cld| **cld != *found.cld).map(Into::into);
        usage.cld = Some(Arc::clone(&found.cld));
        let wish = request.wishes.quota(request.service.unit());
        let granted = match offer.grant {
            Grant::Units(units) => Some(units),
            Grant::Unlimited => None,
        };
        let deadline = match wish {
            Some(wish) => self.quota_deadline(at, now, wish, granted),
            None => self.waiting_deadline(at, now),
        };
        let deadline = Hold::bound(request.wishes.hold, now, deadline);
        self.ledger.reserve(account, before, after);
        self.claim(account, at);
        self.sessions.set_deadline(at, Some(deadline));
        self.count_call(account, request.service, at);
        // Octets are told as a quota even where none was asked for: no other attribute of an answer counts them.
        let octets = QuotaWish::of(Unit::Octet);
        let told = wish.or_else(|| (request.service.unit() == Unit::Octet).then_some(&octets));
        told.map(|wish| Self::quota_grant(wish, granted, offer.retained, deadline))
    }

    /// Locks or unlocks an account for a session, as the request says or, by default, as `default` does.
    pub(super) fn set_lock(
        &mut self,
        now: Instant,
        account: AccountId,
        session: Option<u32>,
        lock: Lock,
        default: bool,
    ) {
        let holder = self.ledger.account(account).locked_by;
        let mine = holder.is_some() && holder == session;
        let locks = match lock {
            Lock::Lock => true,
            // Whatever is heard of a session that holds the lock makes it last.
            Lock::Default => default || mine,
            Lock::Ignore | Lock::NoLock | Lock::Unlock => false,
        };
        let unlocks = match lock {
            Lock::Unlock => true,
            Lock::NoLock => mine,
            _ => locks && !mine,
        };
        if unlocks && let Some(holder) = holder {
            self.unlock(now, account, holder);
        }
        if locks && let Some(session) = session {
            self.ledger.account_mut(account).locked_by = Some(session);
            self.sessions.set_lock(session, Some(now + self.catalogue.settings.login_lock));
        }
    }

    /// Takes the lock from the session that holds it.
    pub(super) fn unlock(&mut self, now: Instant, account: AccountId, holder: u32) {
        self.ledger.account_mut(account).locked_by = None;
        self.sessions.set_lock(holder, None);
        self.sessions.settle_idle(holder, now, self.catalogue.settings.closed_kept_max);
    }

    /// The rules that numbers are dialled by: the customer's, else the node's, else the environment's.
    pub(super) fn dialing(&self, account: AccountId, node: Option<&str>) -> &DialingRules {
        let customer = self.ledger.customer(self.ledger.account(account).customer);
        customer.dialing.as_ref().unwrap_or_else(|| self.catalogue.node_dialing(node))
    }
}

/// What a service without a called number is rated as. Calls and messages have a number, so that there is nothing.
pub(super) const fn word(service: Service) -> Option<&'static str> {
    match service {
        Service::Voice | Service::Msg => None,
        Service::Quantity => Some("QUANTITY"),
        Service::NetAccess => Some("NETACCESS"),
        Service::Data => Some("DATA"),
        Service::Session => Some("SESSION"),
        Service::Wifi => Some("WIFI"),
        Service::Dialup => Some("DIALUP"),
        Service::Conference => Some("CONFERENCE"),
        Service::Did => Some("DID"),
        Service::Payments | Service::Credits | Service::Subscriptions => None,
    }
}

impl Usage {
    /// Whether a new grant takes the place of this one: nothing was used yet, or it goes on with the same.
    fn is_replaced_by(&self, rate: RateId, cld: &str) -> bool {
        match self.progress {
            Progress::Granted => true,
            Progress::Active => self.rate == Some(rate) && self.cld.as_deref() == Some(cld),
            Progress::Expired | Progress::Closed => false,
        }
    }
}
