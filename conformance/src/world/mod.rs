//! What exists before a run: nodes, tariffs, products, customers, accounts.

pub mod model;

pub use model::{
    Account, AccountType, Customer, DialingRule, Interval, Leg, Node, PriceUnit, Product, Rate, RatingEntry,
    Settings, Tariff, World,
};
