//! Identifiers, one type each, counted from 1 in the order in which things come to exist; never reused.
//!
//! Customers, accounts and xDRs may be counted in odd or in even numbers alone ([`Numbering`]), so that two systems
//! between which customers move never give one number twice (ARCH, Dual Version: API for administrators).

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub struct $name($inner);

        impl $name {
            /// The number, from 1.
            #[must_use]
            pub const fn number(self) -> $inner {
                self.0
            }

            /// The identifier of that number.
            #[must_use]
            pub const fn from_number(number: $inner) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

/// Which numbers a system gives to customers, accounts and xDRs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Numbering {
    /// 1, 2, 3: a system that shares its customers with nobody.
    #[default]
    All,
    /// 1, 3, 5: a source system.
    Odd,
    /// 2, 4, 6: a target system.
    Even,
}

impl Numbering {
    /// The number of the `count`-th thing, from 1.
    pub(crate) const fn number(self, count: u64) -> u64 {
        match self {
            Self::All => count,
            Self::Odd => count.saturating_mul(2).saturating_sub(1),
            Self::Even => count.saturating_mul(2),
        }
    }

    /// The number of what stands at a place, from 0; `None` when numbers have run out.
    pub(crate) fn at(self, place: usize) -> Option<u32> {
        let count = u64::try_from(place).ok()?.checked_add(1)?;
        u32::try_from(self.number(count)).ok()
    }

    /// The place of a number, from 0; `None` of one that is not given here.
    pub(crate) const fn place(self, number: u32) -> Option<usize> {
        match (self, number % 2) {
            (_, _) if number == 0 => None,
            (Self::All, _) => Some(number as usize - 1),
            (Self::Odd, 1) => Some(number as usize / 2),
            (Self::Even, 0) => Some(number as usize / 2 - 1),
            _ => None,
        }
    }

    pub(crate) fn account(self, place: usize) -> Option<AccountId> {
        self.at(place).map(AccountId)
    }

    pub(crate) fn customer(self, place: usize) -> Option<CustomerId> {
        self.at(place).map(CustomerId)
    }
}

/// Identifiers that are places in a table: number = place + 1.
macro_rules! table_id {
    ($(#[$doc:meta])* $name:ident) => {
        id!($(#[$doc])* $name(u32));

        impl $name {
            /// The identifier of a place in its table, from 0; `None` when that is full.
            #[must_use]
            pub fn at(place: usize) -> Option<Self> {
                u32::try_from(place).ok()?.checked_add(1).map(Self)
            }

            /// The place in its table, from 0.
            #[must_use]
            pub const fn place(self) -> usize {
                self.0.saturating_sub(1) as usize
            }
        }
    };
}

id!(
    /// An account (`i_account`). It stays the account's wherever its customer is moved to.
    AccountId(u32)
);
id!(
    /// A customer (`i_customer`). It stays the customer's wherever it is moved to.
    CustomerId(u32)
);
table_id!(
    /// A tariff (`i_tariff`).
    TariffId
);
table_id!(
    /// A product (`i_product`).
    ProductId
);
table_id!(
    /// A rate of a tariff (`i_rate`).
    RateId
);
table_id!(
    /// A destination (`i_dest`).
    DestinationId
);
table_id!(
    /// A group of destinations (`i_dest_group`).
    DestinationGroupId
);
table_id!(
    /// A rating entry of a product (`i_accessibility`).
    RatingEntryId
);
table_id!(
    /// A vendor (`i_vendor`).
    VendorId
);
table_id!(
    /// A network node.
    NodeId
);
table_id!(
    /// A volume discount plan (`i_vd_plan`).
    PlanId
);
id!(
    /// A virtual billing environment (`i_env`).
    EnvId(u32)
);
id!(
    /// A session: everything under one conference id of one account.
    SessionId(u64)
);
id!(
    /// What one call or service session used, from its grant or first report to its xDR.
    UsageId(u64)
);
id!(
    /// An xDR.
    XdrId(u64)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_and_even_numbers_never_meet_and_lead_back_to_their_places() {
        for (numbering, first) in
            [(Numbering::All, [1, 2, 3]), (Numbering::Odd, [1, 3, 5]), (Numbering::Even, [2, 4, 6])]
        {
            for (place, number) in first.into_iter().enumerate() {
                assert_eq!(numbering.at(place), Some(number));
                assert_eq!(numbering.place(number), Some(place));
            }
            assert_eq!(numbering.place(0), None);
        }
        assert_eq!((Numbering::Odd.place(4), Numbering::Even.place(3)), (None, None));
    }
}
