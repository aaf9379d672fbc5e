//! Shorthands for the rows of the tables that a kind of peer publishes.

use tollgate_network::{Arg, ArgKind, Need};

const fn arg(name: &'static str, kind: ArgKind, need: Need, about: &'static str) -> Arg {
    Arg { name, kind, need, about }
}

pub(crate) const fn required(name: &'static str, kind: ArgKind, about: &'static str) -> Arg {
    arg(name, kind, Need::Required, about)
}

pub(crate) const fn optional(name: &'static str, kind: ArgKind, about: &'static str) -> Arg {
    arg(name, kind, Need::Optional, about)
}

pub(crate) const fn preset(
    name: &'static str,
    kind: ArgKind,
    text: &'static str,
    about: &'static str,
) -> Arg {
    arg(name, kind, Need::Default(text), about)
}

pub(crate) const fn integer(min: i64, max: i64) -> ArgKind {
    ArgKind::Integer { min, max }
}
