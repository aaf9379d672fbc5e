//! Identifiers, one type each, counted from 1 in the order in which things come to exist; never reused.

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

table_id!(
    /// An account (`i_account`).
    AccountId
);
table_id!(
    /// A customer (`i_customer`).
    CustomerId
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
