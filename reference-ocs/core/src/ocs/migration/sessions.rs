//! Sessions of a customer that moves: out of the table with names in place of numbers, and into it again.

use std::sync::Arc;

use crate::ids::{AccountId, CustomerId, NodeId, RateId, TariffId};
use crate::migration::{EntryName, Missing, PayerName, SessionPart, ShareNames, UsageNames, Want};
use crate::money::Amount;
use crate::ocs::Ocs;
use crate::parties::{Payer, Share};
use crate::sessions::{Moved, Usage};

impl Ocs {
    /// Takes a customer's sessions out of the table: what they have reserved is returned, and reserved again where they
    /// are put in.
    pub(super) fn take_out_sessions(&mut self, customer: CustomerId) -> Vec<SessionPart> {
        let accounts = self.own_accounts(customer);
        let places = self.sessions.of(|account| accounts.contains(&account));
        let mut parts = Vec::with_capacity(places.len());
        for at in places {
            let Some(account) = self.sessions.session(at).account else { continue };
            let locks = self.ledger.account(account).locked_by == Some(at);
            if locks {
                self.ledger.account_mut(account).locked_by = None;
            }
            let moved = self.sessions.move_out(at);
            for usage in moved.live() {
                self.ledger.reserve(account, usage.reserved, Amount::ZERO);
            }
            parts.push(self.session_part(account, locks, moved));
        }
        parts
    }

    /// The same, told and left where they are.
    pub(super) fn sessions_on_trial(&self, customer: CustomerId) -> Vec<SessionPart> {
        let accounts = self.own_accounts(customer);
        let places = self.sessions.of(|account| accounts.contains(&account));
        let part = |at| {
            let account = self.sessions.session(at).account?;
            let locks = self.ledger.account(account).locked_by == Some(at);
            Some(self.session_part(account, locks, self.sessions.copied(at)))
        };
        places.into_iter().filter_map(part).collect()
    }

    fn session_part(&self, account: AccountId, locks: bool, moved: Moved) -> SessionPart {
        let names = moved.live().map(|usage| self.usage_names(account, usage)).collect();
        SessionPart { account, locks, moved, names }
    }

    fn usage_names(&self, account: AccountId, usage: &Usage) -> UsageNames {
        let tariff = |id: TariffId| self.catalogue.tariff(id).map(|own| Arc::clone(&own.name));
        let entry = usage.entry.and_then(|(id, _)| {
            // Mostly it is of one of the account's own products.
            let own = self.products_of(account).filter_map(|id| self.catalogue.product(id));
            own.chain(&self.catalogue.products).find_map(|product| {
                let entry = product.entries.iter().find(|entry| entry.id == id)?;
                Some(EntryName {
                    product: Arc::clone(&product.name),
                    access_code: entry.access_code.clone(),
                    service: entry.service,
                    leg: entry.leg,
                })
            })
        });
        let node = usage.node.and_then(|id| self.catalogue.nodes.get(id.place()));
        let discounts = usage.shares.iter().flat_map(|shares| &shares.discounts);
        let discount = |place: &usize| {
            let (plan, index) = self.catalogue.plans.place_name(*place)?;
            Some((plan.to_owned(), index))
        };
        let share = |share: &Share| ShareNames {
            payer: match share.payer {
                Payer::Reseller(id) => PayerName::Reseller(Arc::clone(&self.ledger.customer(id).name)),
                Payer::Vendor(id) => {
                    let vendor = self.catalogue.parties.vendors.get(id.place());
                    PayerName::Vendor(vendor.map(|own| Arc::clone(&own.name)).unwrap_or_default())
                }
            },
            tariff: share.tariff.and_then(tariff),
        };
        UsageNames {
            node: node.map(|node| node.name.clone()),
            entry,
            tariff: usage.entry.and_then(|(_, own)| tariff(own)),
            discounts: discounts.filter_map(discount).collect(),
            shares: usage.parties.iter().flat_map(|bill| &bill.shares).map(share).collect(),
        }
    }

    /// Puts sessions into the table. All that they need is there.
    pub(super) fn put_in_sessions(&mut self, parts: Vec<SessionPart>) {
        for SessionPart { account, locks, mut moved, names } in parts {
            if self
                .ledger
                .known_account(account)
                .is_none_or(|row| row.presence != crate::ledger::Presence::Here)
            {
                continue;
            }
            for (usage, names) in moved.live_mut().zip(&names) {
                self.name_usage(usage, names);
            }
            let (at, open) = self.sessions.put_in(moved, account);
            if locks {
                self.ledger.account_mut(account).locked_by = Some(at);
            }
            for own in open {
                let usage = self.sessions.usage(own);
                let (reserved, service) = (usage.reserved, usage.service);
                self.ledger.reserve(account, Amount::ZERO, reserved);
                self.count_call(account, service, own);
            }
            self.sessions.settle_idle(at, self.now, self.catalogue.settings.closed_kept_max);
        }
    }

    /// Gives what names stand for its numbers here.
    fn name_usage(&self, usage: &mut Usage, names: &UsageNames) {
        let node = names.node.as_deref().and_then(|node| self.catalogue.node_place(node));
        usage.node = node.and_then(NodeId::at);
        let tariff = |name: Option<&Arc<str>>| name.and_then(|name| self.tariff_id(name));
        let began = usage.began(self.now);
        let cld = usage.cld.clone();
        let rate = |tariff: Option<TariffId>| -> Option<RateId> {
            self.catalogue.rate_of(tariff?, cld.as_deref()?, began)
        };
        let entry = names.entry.as_ref().and_then(|entry| self.entry_id(entry));
        usage.entry = entry.zip(tariff(names.tariff.as_ref()));
        let was = usage.rate;
        usage.rate = was.and_then(|_| rate(usage.entry.map(|(_, tariff)| tariff)));
        if let Some(shares) = &mut usage.shares {
            let place = |(plan, index): &(String, usize)| self.catalogue.plans.place_of(plan, *index);
            let places: Vec<usize> = names.discounts.iter().filter_map(place).collect();
            let known = |old: usize| {
                let number = shares.discounts.iter().position(|own| *own == old)?;
                places.get(number).copied()
            };
            let parts: Vec<_> = shares.parts.iter().map(|own| own.discount.and_then(known)).collect();
            let claim: Vec<_> = shares.claim.iter().map(|own| own.discount.and_then(known)).collect();
            shares.parts.iter_mut().zip(parts).for_each(|(own, place)| own.discount = place);
            shares.claim.iter_mut().zip(claim).for_each(|(own, place)| own.discount = place);
            shares.discounts = places;
            shares.rate = shares.rate.filter(|own| Some(*own) == was).and(usage.rate);
        }
        if let Some(bill) = &mut usage.parties {
            let mut named = names.shares.iter();
            bill.shares.retain_mut(|share| {
                let Some(names) = named.next() else { return false };
                let payer = match &names.payer {
                    PayerName::Reseller(name) => self.ledger.customer_id(name).map(Payer::Reseller),
                    PayerName::Vendor(name) => self.vendor_id(name).map(Payer::Vendor),
                };
                share.tariff = tariff(names.tariff.as_ref());
                share.rate = share.rate.and_then(|_| rate(share.tariff));
                payer.map(|payer| share.payer = payer).is_some()
            });
        }
    }

    /// What sessions need and this system does not have.
    pub(super) fn missing_for_sessions(&self, parts: &[SessionPart], missing: &mut Vec<Missing>) {
        let mut need = |what, name: &str, there: bool| {
            if !there {
                missing.push(Missing { what, name: name.to_owned(), want: Want::Absent });
            }
        };
        for part in parts {
            for (usage, names) in part.moved.live().zip(&part.names) {
                if let Some(entry) = &names.entry {
                    need("product with a rating entry as", &entry.product, self.entry_id(entry).is_some());
                }
                let tariff = names.tariff.as_deref().map(|name| (name, self.tariff_id(name)));
                if let Some((name, id)) = tariff {
                    need("tariff", name, id.is_some());
                    let cld = usage.cld.as_deref().filter(|_| usage.rate.is_some());
                    if let Some((id, cld)) = id.zip(cld) {
                        let began = usage.began(self.now);
                        need("rate for", cld, self.catalogue.rate_of(id, cld, began).is_some());
                    }
                }
                for (plan, index) in &names.discounts {
                    need("discount plan", plan, self.catalogue.plans.place_of(plan, *index).is_some());
                }
                for share in &names.shares {
                    match &share.payer {
                        PayerName::Reseller(name) => {
                            need("reseller", name, self.ledger.customer_id(name).is_some());
                        }
                        PayerName::Vendor(name) => need("vendor", name, self.vendor_id(name).is_some()),
                    }
                }
            }
        }
    }

    fn tariff_id(&self, name: &str) -> Option<TariffId> {
        self.catalogue.tariffs.iter().position(|own| *own.name == *name).and_then(TariffId::at)
    }

    fn entry_id(&self, name: &EntryName) -> Option<crate::ids::RatingEntryId> {
        let product = self.catalogue.product(self.catalogue.product_id(&name.product)?)?;
        let same = |own: &&crate::catalogue::RatingEntry| {
            own.access_code == name.access_code && own.service == name.service && own.leg == name.leg
        };
        product.entries.iter().find(same).map(|own| own.id)
    }

    fn vendor_id(&self, name: &str) -> Option<crate::ids::VendorId> {
        let vendors = &self.catalogue.parties.vendors;
        vendors.iter().position(|own| *own.name == *name).and_then(crate::ids::VendorId::at)
    }
}
