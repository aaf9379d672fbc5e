//! What exists before a run: nodes, tariffs, products, customers, accounts; its model and the reading
//! of world files. What a charging system makes of them is a target's business.

pub mod api;
pub mod diameter;
mod environments;
pub(crate) mod load;
pub mod local;
pub mod model;
mod network;
pub mod numbers;
mod parties;
mod peaks;
pub mod plans;
mod prices;
pub mod resale;
mod supplies;

pub(crate) use environments::ABOVE;
pub(crate) use load::RELEASES;
pub use load::{load_file, load_text};
pub use model::{
    Account, AccountType, CallLimits, Customer, DialingRule, DynamicAuthorization, Interval, Leg, Node,
    PriceUnit, Product, Rate, RatingEntry, Route, Settings, Tariff, Voucher, World,
};
pub use peaks::{PeakLevel, Peaks, Period};
