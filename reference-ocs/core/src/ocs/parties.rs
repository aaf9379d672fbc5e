//! What a usage costs the resellers above its account and earns the vendor that carries it, and their xDRs.
//!
//! They are charged whenever the account is, by the usage so far less what was charged before, so that reports in parts
//! cost what one would. Their xDRs follow the account's: the nearest reseller first, the vendor last, additional
//! charges of each entity after its own. A vendor's xDR carries as revenue what the direct customer pays: the highest
//! reseller, or the account where there is none; what was charged to it in all, converted, less what earlier xDRs carry.

use std::sync::Arc;

use tollgate_time::Instant;

use super::Ocs;
use super::access::Kind;
use crate::command::{AccessRequest, UsageReport};
use crate::denial::Denial;
use crate::effect::{Effect, Why};
use crate::event::Subject;
use crate::history;
use crate::ids::{AccountId, CustomerId, VendorId, XdrId};
use crate::ledger::{Change, Purse};
use crate::money::{Amount, Currency};
use crate::parties::charge::{Apply, ChargeOrder};
use crate::parties::{PartyBill, Payer, Share, Way};
use crate::xdr::{Entity, Note, Xdr};

/// What is owed to a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VendorView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Money owed to it.
    pub balance: Amount,
    /// In this currency.
    pub currency: Currency,
}

impl Ocs {
    /// What is known of a vendor.
    #[must_use]
    pub fn vendor(&self, name: &str) -> Option<VendorView<'_>> {
        let (ocs, name) = self.locate(name);
        let mut known = ocs.catalogue.parties.vendors.iter().zip(&ocs.vendors);
        let (vendor, purse) = known.find(|(vendor, _)| &*vendor.name == name)?;
        Some(VendorView { name: &vendor.name, balance: purse.balance(), currency: vendor.currency })
    }

    /// The id of the account that an alias stands for.
    pub(super) fn unaliased(&self, name: &str) -> Option<&Arc<str>> {
        self.catalogue.parties.alias(name).map(|id| &self.ledger.account(id).name)
    }

    /// Takes a request under the id of its account, whatever alias it was made by.
    pub(super) fn access_unaliased(
        &mut self,
        now: Instant,
        request: &AccessRequest,
        kind: Kind,
        out: &mut Vec<Effect>,
    ) {
        match self.unaliased(&request.account) {
            None => self.access(now, request, kind, out),
            Some(account) => {
                let request = AccessRequest { account: account.to_string(), ..request.clone() };
                self.access(now, &request, kind, out);
            }
        }
    }

    /// The same for a report; one with orders for its charging goes its own way.
    pub(super) fn report_unaliased(&mut self, now: Instant, report: &UsageReport, out: &mut Vec<Effect>) {
        let known = if report.account.is_empty() {
            self.trusted(report)
        } else {
            self.unaliased(&report.account).map(|name| &**name)
        };
        let unaliased = known.map(|account| UsageReport { account: account.to_owned(), ..report.clone() });
        let report = unaliased.as_ref().unwrap_or(report);
        if self.keep_late_report(report, out) {
            return;
        }
        match report.charge.as_deref() {
            None => self.report(now, report, out),
            Some(charge) => self.import(now, report, charge, out),
        }
    }

    /// The account of a report that names none: the one that its session was accepted for.
    fn trusted(&self, report: &UsageReport) -> Option<&str> {
        let mut keys = report.parent.iter().chain([&report.session]);
        let session = keys.find_map(|key| self.sessions.find_trusted(key))?;
        Some(&self.sessions.session(session).account_name)
    }

    /// Whether every reseller above an account may have its customers served: none is suspended, none has used up its
    /// limit. What a call will cost them is not reserved: a call that was granted goes on, even past their limits.
    pub(super) fn check_resellers(&self, account: AccountId) -> Result<(), Denial> {
        let customer = self.ledger.account(account).customer;
        for reseller in self.catalogue.parties.chain(customer) {
            let reseller = self.ledger.customer(reseller);
            if reseller.blocked || reseller.suspended {
                return Err(Denial::UserSuspended);
            }
            if reseller.purse.funds().is_some_and(|funds| funds <= Amount::ZERO) {
                return Err(Denial::CreditLimit);
            }
        }
        Ok(())
    }

    /// Whom an account's record charges: itself, or its customer where the product says so.
    pub(super) fn entity_of(&self, account: Option<AccountId>) -> Entity {
        let product = account.map(|id| self.ledger.account(id).product);
        match product {
            Some(product) if self.catalogue.parties.is_charged_to_customer(product) => Entity::Customer,
            _ => Entity::Account,
        }
    }

    /// Finds who else is concerned by what a report tells of, and takes its orders.
    pub(super) fn find_parties(&mut self, at: u32, report: &UsageReport) {
        if self.catalogue.parties.is_empty() && report.charge.is_none() {
            return;
        }
        let usage = self.sessions.usage(at);
        let Some(account) = self.sessions.session(usage.session).account else { return };
        let (service, cld, began) = (usage.service, usage.cld.clone(), usage.began(self.now));
        let parties = &self.catalogue.parties;
        let owner = self.ledger.account(account).customer;
        let product = self.ledger.account(account).product;
        let way = Way {
            remote_address: report.remote_address.as_deref(),
            route: report.route.as_deref(),
            node: report.node.as_deref(),
            service,
            leg: usage.leg,
        };
        let mut bill = usage.parties.as_deref().cloned().unwrap_or_default();
        let mut found: Vec<Share> = (1_u8..)
            .zip(parties.chain(owner))
            .map(|(level, reseller)| Share {
                tariff: parties.tariff(reseller, product, service),
                ..Share::new(Entity::Reseller(level), Payer::Reseller(reseller))
            })
            .collect();
        let known = bill.shares.iter().find(|share| share.entity == Entity::Vendor).cloned();
        let vendor = parties.connection(&way).map(|connection| Share {
            tariff: Some(connection.tariff),
            ..Share::new(Entity::Vendor, Payer::Vendor(connection.vendor))
        });
        // A vendor that was charged stays: a later report may say less of the way.
        let vendor = match known {
            Some(known) if known.charged > Amount::ZERO => Some(known),
            known => vendor.or(known),
        };
        let connected = vendor.is_some();
        found.extend(vendor);
        let orders = report.charge.as_ref().map(|charge| charge.orders.as_slice()).unwrap_or_default();
        let applies = |entity| {
            orders.iter().filter(|order| order.is_for(entity) && order.amount.is_none()).all(|order| {
                match order.apply {
                    Apply::Always => true,
                    Apply::Connection => connected,
                    Apply::Never => false,
                }
            })
        };
        found.retain(|share| applies(share.entity));
        for share in &mut found {
            let rate = share.tariff.zip(cld.as_deref());
            share.rate = rate.and_then(|(tariff, cld)| self.catalogue.rate_of(tariff, cld, began));
            if let Some(before) = bill.shares.iter().find(|before| before.payer == share.payer) {
                let (tariff, rate) = (share.tariff, share.rate);
                *share = Share { tariff, rate, ..before.clone() };
            }
        }
        if !orders.is_empty() {
            bill.account_is_free = !applies(Entity::Account);
            let additional = orders.iter().filter(|order| {
                order.amount.is_some()
                    && match order.apply {
                        Apply::Always => true,
                        Apply::Connection => connected,
                        Apply::Never => false,
                    }
            });
            bill.orders = additional.cloned().collect();
        }
        bill.shares = found;
        if bill != PartyBill::default() {
            self.sessions.usage_mut(at).parties = Some(Box::new(bill));
        }
    }

    /// Charges the parties what all usage so far costs, less what was charged for it before.
    pub(super) fn settle_parties(&mut self, at: u32, out: &mut Vec<Effect>) {
        let usage = self.sessions.usage_mut(at);
        let used = usage.used;
        let Some(mut bill) = usage.parties.take() else { return };
        let began = usage.rate_from(self.now);
        for share in &mut bill.shares {
            let Some(rate) = share.rate.and_then(|id| self.catalogue.rate(id)) else { continue };
            let tariff = share.tariff.and_then(|id| self.catalogue.tariff(id)).map(|tariff| tariff.currency);
            let ours = self.payer_currency(share.payer);
            let exchange = tariff.and_then(|theirs| self.catalogue.parties.exchange.between(theirs, ours));
            let total = exchange.and_then(|exchange| exchange.cost(rate.usage(used, began).cost));
            let due = total.map(|total| total.saturating_sub(share.charged));
            share.too_large = match due {
                Some(due) if due <= Amount::ZERO => false,
                Some(due) => {
                    let taken = self.charge_payer(share.payer, due, out);
                    if let (true, Some(total)) = (taken, total) {
                        share.charged = total;
                    }
                    !taken
                }
                None => true,
            };
        }
        self.sessions.usage_mut(at).parties = Some(bill);
    }

    fn payer_currency(&self, payer: Payer) -> Currency {
        match payer {
            Payer::Reseller(id) => self.ledger.customer(id).currency,
            Payer::Vendor(id) => {
                let vendor = self.catalogue.parties.vendors.get(id.place());
                vendor.map_or(self.catalogue.settings.currency, |vendor| vendor.currency)
            }
        }
    }

    /// Takes a charge and tells of it; false, and nothing is changed, when a balance could not be held.
    pub(super) fn charge_payer(&mut self, payer: Payer, amount: Amount, out: &mut Vec<Effect>) -> bool {
        let (subject, change) = match payer {
            Payer::Reseller(id) => {
                let change = self.ledger.charge_customer(id, amount);
                (self.customer_subject(id), change)
            }
            Payer::Vendor(id) => {
                let change = self.vendors.get_mut(id.place()).and_then(|purse| {
                    let before = *purse;
                    *purse = before.charged(amount)?;
                    Some(Change { balance: (before.balance(), purse.balance()), funds: None })
                });
                (self.vendor_subject(id), change)
            }
        };
        let Some(change) = change else { return false };
        let currency = self.payer_currency(payer);
        if let Payer::Reseller(_) = payer {
            self.tell_change(subject, currency, change, Why::Charge, out);
        } else {
            // The documents have no event of a vendor's balance.
            let (before, after) = change.balance;
            out.push(Effect::Balance(crate::effect::BalanceChange {
                env: self.env(),
                subject,
                before,
                after,
                currency,
                why: Why::Charge,
            }));
        }
        true
    }

    fn vendor_subject(&self, id: VendorId) -> Subject {
        let vendor = self.catalogue.parties.vendors.get(id.place());
        Subject::Vendor { id, name: vendor.map(|vendor| Arc::clone(&vendor.name)).unwrap_or_default() }
    }

    /// Keeps an account's record, or the pieces that stand in its place, with those of the parties and of additional
    /// charges.
    pub(super) fn keep_xdrs(
        &mut self,
        at: u32,
        mut whole: Arc<Xdr>,
        pieces: Vec<Xdr>,
        out: &mut Vec<Effect>,
    ) {
        let total = self.sessions.usage(at).charged;
        let Some(mut bill) = self.sessions.usage_mut(at).parties.take() else {
            if pieces.is_empty() {
                // Most records go this way, and are not copied on it.
                let id = self.next_xdr();
                Arc::make_mut(&mut whole).id = id;
                self.keep_xdr(whole, out);
                return;
            }
            self.keep_own(Arc::unwrap_or_clone(whole), pieces, out);
            return;
        };
        let mut own = Arc::unwrap_or_clone(whole);
        let orders = std::mem::take(&mut bill.orders);
        let has_more = |entity: Entity| orders.iter().any(|order| order.is_for(entity));
        if has_more(own.entity) {
            own.split_order = own.split_order.or(Some(1));
        }
        let top = bill.shares.iter().rev().find_map(|share| match share.payer {
            Payer::Reseller(id) => Some((id, share.charged)),
            Payer::Vendor(_) => None,
        });
        let mut made = Vec::with_capacity(bill.shares.len() + 1);
        for share in &mut bill.shares {
            let usage = self.sessions.usage(at);
            let whole = (usage.used, usage.began(self.now));
            let mut xdr = self.share_xdr(share, &own, whole, top, total);
            if has_more(share.entity) {
                xdr.split_order = xdr.split_order.or(Some(1));
            }
            made.push((share.payer, xdr));
        }
        let mut template = own.clone();
        if let Some(last) = pieces.last() {
            template.split_order = last.split_order;
        }
        if bill.account_is_free {
            // Additional charges are the first there are.
            template.split_order = Some(0);
        } else {
            self.keep_own(own, pieces, out);
        }
        if let Some(account) = template.account {
            self.additional(&orders, Entity::Account, None, account, &template, out);
            for (payer, xdr) in made {
                let base = xdr.clone();
                self.number_and_keep(xdr, out);
                self.additional(&orders, base.entity, Some(payer), account, &base, out);
            }
        }
        self.sessions.usage_mut(at).parties = Some(bill);
    }

    fn keep_own(&mut self, own: Xdr, pieces: Vec<Xdr>, out: &mut Vec<Effect>) {
        if pieces.is_empty() {
            self.number_and_keep(own, out);
        }
        for piece in pieces {
            self.number_and_keep(piece, out);
        }
    }

    pub(super) fn number_and_keep(&mut self, mut xdr: Xdr, out: &mut Vec<Effect>) {
        xdr.id = self.next_xdr();
        self.keep_xdr(Arc::new(xdr), out);
    }

    /// The number of a record that is about to be kept.
    pub(super) const fn next_xdr(&mut self) -> XdrId {
        self.xdrs_made += 1;
        XdrId::from_number(self.catalogue.settings.numbering.number(self.xdrs_made))
    }

    /// The record of what a party was charged since its last one.
    fn share_xdr(
        &self,
        share: &mut Share,
        own: &Xdr,
        (used, began): (u64, Instant),
        top: Option<(CustomerId, Amount)>,
        total: Amount,
    ) -> Xdr {
        let currency = self.payer_currency(share.payer);
        let connected = !own.failed;
        let rate = share.rate.and_then(|id| self.catalogue.rate(id).map(|rate| (id, rate)));
        let rated = rate.map(|(_, rate)| rate.usage(used, began)).filter(|_| connected);
        let mut notes = own.notes.clone();
        notes.retain(|note| !matches!(note, Note::Unrated | Note::Overdraft | Note::AmountTooLarge));
        let history = match (rate, &rated) {
            _ if !connected => history::NOT_CONNECTED.to_owned(),
            _ if share.too_large => {
                notes.push(Note::AmountTooLarge);
                Note::AmountTooLarge.phrase().to_owned()
            }
            (Some((_, rate)), Some(rated)) => {
                let theirs = share.tariff.and_then(|id| self.catalogue.tariff(id)).map(|it| it.currency);
                let foreign = theirs.filter(|theirs| *theirs != currency);
                let cost = foreign.map_or(Some(share.charged), |_| rated.cost.round());
                let (cost, before) = (cost.unwrap_or(share.charged), share.billed);
                let unit = own.service.unit();
                match foreign {
                    None => history::formula(rate, unit, used, rated, cost, before),
                    Some(theirs) => {
                        let formula = history::formula(rate, unit, used, rated, cost, Amount::ZERO);
                        format!("{formula} {theirs}, exchanged for {} {currency}", share.charged)
                    }
                }
            }
            _ => {
                notes.push(Note::Unrated);
                history::UNRATED.to_owned()
            }
        };
        notes.sort_unstable();
        let units = rated.map_or(0, |rated| rated.units);
        let mut xdr = Xdr {
            entity: share.entity,
            destination: rate.map(|(_, rate)| rate.destination),
            destination_group: rate.and_then(|(_, rate)| rate.shown.group),
            tariff: share.tariff,
            rate: rate.map(|(id, _)| id),
            rating_pattern: rate.map(|(_, rate)| rate.shown.pattern.clone()),
            rating_entry: None,
            charged_quantity: units.saturating_sub(share.billed_units),
            charged_amount: share.charged.saturating_sub(share.billed),
            currency: Some(currency),
            history,
            notes,
            ..own.clone()
        };
        match share.payer {
            Payer::Reseller(id) => xdr.customer = Some(id),
            Payer::Vendor(id) => {
                xdr.vendor = Some(id);
                xdr.customer = top.map(|(id, _)| id).or(own.customer);
                let earned = top.map_or(own.currency.map(|theirs| (theirs, total)), |(id, charged)| {
                    Some((self.ledger.customer(id).currency, charged))
                });
                let revenue = earned.and_then(|(theirs, amount)| {
                    self.catalogue.parties.exchange.between(theirs, currency)?.amount(amount)
                });
                xdr.revenue = revenue.map(|revenue| revenue.saturating_sub(share.billed_revenue));
                share.billed_revenue = revenue.unwrap_or(share.billed_revenue);
            }
        }
        share.billed = share.charged;
        share.billed_units = units;
        xdr
    }

    /// Makes the additional charges that were ordered for an entity, after its own record.
    fn additional(
        &mut self,
        orders: &[ChargeOrder],
        entity: Entity,
        payer: Option<Payer>,
        account: AccountId,
        base: &Xdr,
        out: &mut Vec<Effect>,
    ) {
        let mut place = base.split_order.unwrap_or(1);
        for order in orders.iter().filter(|order| order.is_for(entity)) {
            let Some(amount) = order.amount else { continue };
            let ours = base.currency.unwrap_or(self.catalogue.settings.currency);
            let exchange = self.catalogue.parties.exchange.between(order.currency.unwrap_or(ours), ours);
            let Some(due) = exchange.and_then(|exchange| exchange.amount(amount)) else { continue };
            let mut notes = vec![if order.prerated { Note::Prerated } else { Note::Additional }];
            if due > Amount::ZERO {
                let taken = match payer {
                    Some(payer) => self.charge_payer(payer, due, out),
                    None => match self.ledger.charge(account, due) {
                        Some(movement) => {
                            if movement.account.funds.is_some_and(|(_, funds)| funds.is_negative()) {
                                notes.push(Note::Overdraft);
                            }
                            self.tell(account, movement, Why::Charge, out);
                            true
                        }
                        None => false,
                    },
                };
                if !taken {
                    continue;
                }
            } else if due.is_negative() {
                continue;
            }
            notes.sort_unstable();
            place = place.saturating_add(1);
            let xdr = Xdr {
                used_quantity: 0,
                charged_quantity: order.quantity.unwrap_or(0),
                charged_amount: due,
                history: order.history.clone().unwrap_or_else(|| Note::Additional.phrase().to_owned()),
                split_order: Some(place),
                revenue: None,
                tariff: None,
                rate: None,
                rating_pattern: None,
                rating_entry: None,
                failed: false,
                notes,
                ..base.clone()
            };
            if !order.prerated {
                self.number_and_keep(xdr, out);
                continue;
            }
            let aux = auxiliary(order, ours, &xdr);
            self.number_and_keep(xdr, out);
            self.number_and_keep(aux, out);
        }
    }

    /// The purses of a catalogue's vendors.
    pub(super) fn vendor_purses(catalogue: &crate::catalogue::Catalogue) -> Vec<Purse> {
        let owed = |vendor: &crate::parties::Vendor| {
            Purse::new(crate::catalogue::BillingModel::Credit, vendor.balance, None)
        };
        catalogue.parties.vendors.iter().map(owed).collect()
    }
}

/// The auxiliary record of an additional charge: what was said of it, in the words and the currency in which it was said.
fn auxiliary(order: &ChargeOrder, ours: Currency, charge: &Xdr) -> Xdr {
    let amount = order.amount.unwrap_or(Amount::ZERO);
    let mut history = format!("rated elsewhere: {amount} {}", order.currency.unwrap_or(ours));
    if let Some(said) = &order.history {
        history.push_str(&format!(", {said}"));
    }
    for (name, value) in &order.flags {
        history.push_str(&format!(", {name}={value}"));
    }
    Xdr {
        charged_amount: Amount::ZERO,
        history,
        notes: vec![Note::Auxiliary],
        revenue: None,
        ..charge.clone()
    }
}
