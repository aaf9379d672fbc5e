//! Commitments: subscriptions with discounts for a number of billing periods (NEW, Commitments).
//!
//! - A billing period is a calendar month. When it closes, its fees are charged, day by day where a commitment was signed,
//!   paused or cancelled during it; each fee and each discount of a month is rounded once.
//! - The discount lasts for a number of periods from the day of signing, or until a day that was agreed. Days of a pause
//!   cost nothing, give nothing, and move that day back by as many.
//! - Days on which the customer is suspended cost what others do, with their discounts; but those are no part of a penalty,
//!   and the day on which discounts end stays.
//! - Who cancels before that day pays a penalty: the sum of all discounts given so far, one-time fees included. The day
//!   of the cancellation is still charged.
//! - A customer that has a discount of its own on all monthly fees has that in place of its commitments'; nobody asks for it
//!   back.
//! - Whoever hands a commitment over pays up to that day and a fee; the other account goes on with its discounts, and
//!   with the penalty that they would be.

mod signed;

pub(crate) use signed::Signed;

use crate::ids::PlanId;
use crate::money::Amount;
use crate::plans::PlanError;

/// A fee with its discount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeSpec {
    /// What it is for.
    pub name: String,
    /// The full fee.
    pub fee: Amount,
    /// What is taken off.
    pub discount: Amount,
}

/// A commitment that accounts can sign up for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CommitmentSpec {
    /// Its name.
    pub name: String,
    /// For how many billing periods there are discounts.
    pub periods: u32,
    /// Due each month; the discount lasts as long as the commitment's.
    pub recurring: Vec<FeeSpec>,
    /// Due when it is signed.
    pub one_time: Vec<FeeSpec>,
    /// Due from whoever hands it over to another account.
    pub transfer_fee: Amount,
    /// The discount plan that comes with it.
    pub plan: Option<PlanId>,
}

/// The commitments of a catalogue.
#[derive(Clone, Debug, Default)]
pub struct CommitmentBook {
    all: Vec<CommitmentSpec>,
}

impl CommitmentBook {
    /// Adds a commitment.
    ///
    /// # Errors
    /// It has no name, or another's; a fee or discount is below zero, or a discount larger than its fee; or there are
    /// discounts and no periods with them.
    pub fn add(&mut self, spec: CommitmentSpec) -> Result<(), PlanError> {
        const WHAT: &str = "commitment";
        if spec.name.is_empty() {
            return Err(PlanError::NoName { what: WHAT });
        }
        if self.named(&spec.name).is_some() {
            return Err(PlanError::Twice { what: WHAT, name: spec.name });
        }
        let wrong =
            |fee: &&FeeSpec| fee.fee.is_negative() || fee.discount.is_negative() || fee.discount > fee.fee;
        if spec.recurring.iter().chain(&spec.one_time).find(wrong).is_some()
            || spec.transfer_fee.is_negative()
        {
            return Err(PlanError::Amount { what: WHAT, name: spec.name, field: "a fee or discount" });
        }
        let discounted = spec.recurring.iter().chain(&spec.one_time).any(|fee| fee.discount > Amount::ZERO);
        if discounted && spec.periods == 0 {
            return Err(PlanError::NoPeriods { name: spec.name });
        }
        self.all.push(spec);
        Ok(())
    }

    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|it| it.name == name)
    }

    pub(crate) fn name(&self, place: usize) -> Option<&str> {
        self.all.get(place).map(|it| it.name.as_str())
    }

    pub(crate) fn get(&self, place: usize) -> Option<&CommitmentSpec> {
        self.all.get(place)
    }
}

/// When the discounts of a commitment end.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum DiscountEnd {
    /// After the commitment's own number of periods.
    #[default]
    Own,
    /// Together with those of another commitment that the account has.
    With(String),
    /// On that day, which is the first without discounts.
    At(tollgate_time::Instant),
}

/// What is done with a commitment of an account.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum CommitmentChange {
    /// The account signs up, from today on.
    SignUp {
        /// When its discounts end.
        ends: DiscountEnd,
    },
    /// The account cancels; today is its last day.
    Cancel,
    /// The service is paused, the days of both moments included; charges begin again with the day after.
    Pause {
        /// The first day.
        from: tollgate_time::Instant,
        /// The last day.
        until: tollgate_time::Instant,
    },
    /// It goes over to another account, from tomorrow on.
    Transfer {
        /// The other account.
        to: String,
    },
    /// For a time, the account has what comes with another commitment, at the price of its own.
    Upgrade {
        /// The other commitment.
        to: String,
        /// The last day.
        until: tollgate_time::Instant,
    },
}
