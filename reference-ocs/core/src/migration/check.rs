//! Whether what travels can be what a system has sent: whoever takes it in computes with it.

use std::collections::BTreeSet;

use super::{AccountPart, Bundle, SessionPart};
use crate::catalogue::BillingModel;
use crate::money::Amount;
use crate::plans::counter::Counter;
use crate::plans::share;
use crate::sessions::Usage;
use crate::xdr::Entity;

/// The largest amount that travels: ten thousand million currency units, of which many can be added.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
/// The farthest period or day from 1970 that travels.
const PERIOD_MAX: i64 = 1_000_000;
/// The last second that travels: the year 2262 is the last that can be held.
const SECONDS_MAX: u64 = 8_000_000_000;
/// Accounts of one customer at most.
const ACCOUNTS_MAX: usize = 100_000;

impl Bundle {
    /// Holds it against what a system sends.
    ///
    /// # Errors
    /// A lowercase phrase that says what cannot be.
    pub fn check(&self) -> Result<(), String> {
        let customer = &self.customer;
        if customer.purse.model() != BillingModel::Credit || !customer.purse.is_sound(AMOUNT_MAX) {
            return Err("the customer's balance does not agree with its sums".to_owned());
        }
        if self.accounts.len() > ACCOUNTS_MAX {
            return Err(format!("there are more than {ACCOUNTS_MAX} accounts"));
        }
        let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
        for account in &self.accounts {
            let name = &account.name;
            if !ids.insert(account.id) || !names.insert(&**name) {
                return Err(format!("account '{name}' is there twice"));
            }
            if account.currency != customer.currency {
                return Err(format!("account '{name}' is in another currency than its customer"));
            }
            account_is_sound(account).map_err(|why| format!("account '{name}': {why}"))?;
        }
        let mut reserved = Amount::ZERO;
        for session in &self.sessions {
            if !ids.contains(&session.account) {
                return Err(format!("a session is of account {}, which is not there", session.account));
            }
            reserved = reserved.saturating_add(session_is_sound(session)?);
        }
        if reserved.units() > AMOUNT_MAX {
            return Err("sessions have reserved more than can be held".to_owned());
        }
        if self.groups.iter().flatten().any(|member| !ids.contains(member)) {
            return Err("a pick-up group has a member that is not there".to_owned());
        }
        if self.vouchers.iter().any(|own| !ids.contains(&own.redeemed.account())) {
            return Err("a voucher was redeemed by an account that is not there".to_owned());
        }
        xdrs_are_of(customer.id, &self.xdrs)
    }
}

/// Whether records are a customer's own.
///
/// # Errors
/// A lowercase phrase that names the first that is not.
pub(crate) fn xdrs_are_of(customer: crate::ids::CustomerId, xdrs: &[crate::xdr::Xdr]) -> Result<(), String> {
    let own = |xdr: &&crate::xdr::Xdr| {
        xdr.customer == Some(customer) && matches!(xdr.entity, Entity::Account | Entity::Customer)
    };
    match xdrs.iter().find(|xdr| !own(xdr)) {
        Some(other) => Err(format!("xDR {} is another customer's", other.id)),
        None => Ok(()),
    }
}

fn account_is_sound(account: &AccountPart) -> Result<(), &'static str> {
    if !account.purse.is_sound(AMOUNT_MAX) {
        return Err("its balance does not agree with its sums");
    }
    let near = |number: i64| (-PERIOD_MAX..=PERIOD_MAX).contains(&number);
    let counted = |counter: &Counter| {
        near(counter.period) && counter.held.len() == counter.used.len() && counter.used.len() < 256
    };
    if !account.counters.iter().all(|part| counted(&part.counter)) {
        return Err("a counter of its plans cannot be");
    }
    if account.spent.is_some_and(|spent| !near(spent.period)) {
        return Err("its budget counts a period that cannot be");
    }
    let signed = |own: &crate::commitments::Signed| {
        let days = own.pauses.iter().flat_map(|(from, until)| [from, until]);
        let days = days.chain([&own.billed_to, &own.discount_ends]);
        days.into_iter().all(|day| near(day.0)) && own.billed_to.0 >= 0
    };
    if !account.commitments.iter().all(|part| signed(&part.signed)) {
        return Err("a commitment has days that cannot be");
    }
    Ok(())
}

/// What a session has reserved, if it can be.
fn session_is_sound(session: &SessionPart) -> Result<Amount, String> {
    let wrong = |why: &str| format!("a session of account {}: {why}", session.account);
    if session.moved.live().count() != session.names.len() {
        return Err(wrong("its usages are not those that are named"));
    }
    let mut reserved = Amount::ZERO;
    for (usage, names) in session.moved.live().zip(&session.names) {
        let shares = usage.parties.as_ref().map_or(0, |bill| bill.shares.len());
        let discounts = usage.shares.as_ref().map_or(0, |own| own.discounts.len());
        if shares != names.shares.len() || discounts != names.discounts.len() {
            return Err(wrong("what others are charged is not what is named"));
        }
        if !usage_is_sound(usage) {
            return Err(wrong("a usage has figures or times that cannot be"));
        }
        if usage.progress.is_open() {
            reserved = reserved.saturating_add(usage.reserved);
        } else if usage.reserved != Amount::ZERO {
            return Err(wrong("what was given up has something reserved"));
        }
    }
    Ok(reserved)
}

fn usage_is_sound(usage: &Usage) -> bool {
    let amounts = [usage.reserved, usage.charged, usage.billed.amount];
    let times = [
        usage.setup_at,
        usage.alerted_at,
        usage.connected_at,
        usage.rated_from,
        usage.ended_at,
        usage.deadline,
        Some(usage.heard_at),
    ];
    let shares = usage.shares.as_deref().is_none_or(|own| {
        let parts = own.parts.iter().chain(&own.claim);
        own.discounts.len() <= share::PLANS_MAX
            && own.periods.len() <= share::PLANS_MAX
            && own.parts.len() + own.claim.len() <= 1 << 16
            && parts.into_iter().all(|part| part.seen <= share::PLANS_MAX && part.price.nanos() >= 0)
    });
    amounts.iter().all(|amount| (0..=AMOUNT_MAX).contains(&amount.units()))
        && times.iter().flatten().all(|at| at.unix_secs() <= SECONDS_MAX)
        && shares
}
