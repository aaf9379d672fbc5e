//! One balance with its limit and what is reserved of it.

use crate::catalogue::BillingModel;
use crate::money::Amount;

/// A balance and the sums that it must agree with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Purse {
    model: BillingModel,
    /// The most that may be owed; none for money left, whose floor is 0.
    limit: Option<Amount>,
    opening: Amount,
    credited: Amount,
    charged: Amount,
    balance: Amount,
    reserved: Amount,
}

impl Purse {
    pub(crate) const fn new(model: BillingModel, opening: Amount, limit: Option<Amount>) -> Self {
        let nothing = Amount::ZERO;
        Self {
            model,
            limit,
            opening,
            credited: nothing,
            charged: nothing,
            balance: opening,
            reserved: nothing,
        }
    }

    pub(crate) const fn model(&self) -> BillingModel {
        self.model
    }

    pub(crate) const fn limit(&self) -> Option<Amount> {
        self.limit
    }

    pub(crate) const fn set_limit(&mut self, limit: Option<Amount>) {
        self.limit = limit;
    }

    pub(crate) const fn balance(&self) -> Amount {
        self.balance
    }

    pub(crate) const fn reserved(&self) -> Amount {
        self.reserved
    }

    /// What was charged less what was paid in.
    pub(crate) const fn spent(&self) -> Amount {
        self.charged.saturating_sub(self.credited)
    }

    /// Whether so much more can be reserved and counted.
    pub(crate) fn has_room_for(&self, amount: Amount) -> bool {
        !amount.is_negative() && self.reserved.checked_add(amount).is_some()
    }

    pub(crate) fn funds(&self) -> Option<Amount> {
        match self.model {
            BillingModel::Debit => Some(self.balance),
            BillingModel::Credit => self.limit.map(|limit| limit.saturating_sub(self.balance)),
        }
    }

    pub(crate) fn available(&self) -> Option<Amount> {
        self.funds().map(|funds| funds.saturating_sub(self.reserved))
    }

    /// After a charge; `None` when a sum could not be held.
    pub(crate) fn charged(&self, amount: Amount) -> Option<Self> {
        let charged = self.charged.checked_add(amount)?;
        let balance = match self.model {
            BillingModel::Debit => self.balance.checked_sub(amount)?,
            BillingModel::Credit => self.balance.checked_add(amount)?,
        };
        Some(Self { charged, balance, ..*self }.agreeing())
    }

    /// After money came in; `None` when a sum could not be held.
    pub(crate) fn credited(&self, amount: Amount) -> Option<Self> {
        let credited = self.credited.checked_add(amount)?;
        let balance = match self.model {
            BillingModel::Debit => self.balance.checked_add(amount)?,
            BillingModel::Credit => self.balance.checked_sub(amount)?,
        };
        Some(Self { credited, balance, ..*self }.agreeing())
    }

    /// Makes a reservation of `from` one of `to`.
    pub(crate) fn reserve(&mut self, from: Amount, to: Amount) {
        let reserved =
            self.reserved.units().checked_sub(from.units()).and_then(|rest| rest.checked_add(to.units()));
        assert!(
            reserved.is_some_and(|units| units >= 0),
            "a reservation of {from} became {to} of {}",
            self.reserved
        );
        self.reserved = Amount::from_units(reserved.unwrap_or_default());
    }

    /// Whether its sums agree, none is larger than `max`, and nothing is reserved: a balance that comes from elsewhere.
    pub(crate) fn is_sound(&self, max: i64) -> bool {
        let sums = [self.opening, self.credited, self.charged, self.balance];
        let small = sums.iter().all(|sum| (-max..=max).contains(&sum.units()));
        let [opening, credited, charged, balance] = sums.map(|sum| i128::from(sum.units()));
        let expected = match self.model {
            BillingModel::Debit => opening + credited - charged,
            BillingModel::Credit => opening - credited + charged,
        };
        let limited = self.limit.is_none_or(|limit| (0..=max).contains(&limit.units()));
        small && limited && balance == expected && self.reserved == Amount::ZERO
    }

    /// Itself, after making sure that nothing was created or lost.
    fn agreeing(self) -> Self {
        let [opening, credited, charged, balance] = [self.opening, self.credited, self.charged, self.balance]
            .map(|amount| i128::from(amount.units()));
        let expected = match self.model {
            BillingModel::Debit => opening + credited - charged,
            BillingModel::Credit => opening - credited + charged,
        };
        assert!(balance == expected, "a balance of {balance} does not agree with its sums: {self:?}");
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn a_debit_balance_falls_and_a_credit_balance_rises() {
        let debit = Purse::new(BillingModel::Debit, amount("10"), None);
        assert_eq!(debit.charged(amount("0.02367")).unwrap().funds(), Some(amount("9.97633")));
        let credit = Purse::new(BillingModel::Credit, amount("2"), Some(amount("5")));
        let charged = credit.charged(amount("1")).unwrap();
        // 2 + 1 owed of 5: 2 are left.
        assert_eq!((charged.balance(), charged.funds()), (amount("3"), Some(amount("2"))));
        assert_eq!(charged.credited(amount("3")).unwrap().balance(), Amount::ZERO);
        assert_eq!(Purse::new(BillingModel::Credit, Amount::ZERO, None).funds(), None);
    }

    #[test]
    fn what_is_reserved_is_not_available() {
        let mut purse = Purse::new(BillingModel::Debit, amount("10"), None);
        purse.reserve(Amount::ZERO, amount("4"));
        assert_eq!((purse.funds(), purse.available()), (Some(amount("10")), Some(amount("6"))));
        purse.reserve(amount("4"), amount("1"));
        assert_eq!(purse.available(), Some(amount("9")));
    }

    #[test]
    #[should_panic(expected = "a reservation of")]
    fn more_than_is_reserved_cannot_be_returned() {
        Purse::new(BillingModel::Debit, amount("10"), None).reserve(amount("1"), Amount::ZERO);
    }

    #[test]
    fn what_cannot_be_held_changes_nothing() {
        let purse = Purse::new(BillingModel::Credit, Amount::from_units(i64::MAX), None);
        assert_eq!(purse.charged(Amount::from_units(1)), None);
    }
}
