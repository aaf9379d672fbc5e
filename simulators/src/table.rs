//! Shorthands for the rows of the tables that a kind of peer publishes.

use tollgate_network::{Arg, ArgKind, Need, Sight, Verb};

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

/// Two tables of arguments in one; `C` is the sum of `A` and `B`.
pub(crate) const fn join<const A: usize, const B: usize, const C: usize>(
    first: [Arg; A],
    then: [Arg; B],
) -> [Arg; C] {
    joined(first, then)
}

/// The same for tables of sights.
pub(crate) const fn join_sights<const A: usize, const B: usize, const C: usize>(
    first: [Sight; A],
    then: [Sight; B],
) -> [Sight; C] {
    joined(first, then)
}

/// The same for tables of verbs.
pub(crate) const fn join_verbs<const A: usize, const B: usize, const C: usize>(
    first: [Verb; A],
    then: [Verb; B],
) -> [Verb; C] {
    joined(first, then)
}

const fn joined<T: Copy, const A: usize, const B: usize, const C: usize>(
    first: [T; A],
    then: [T; B],
) -> [T; C] {
    assert!(A + B == C && A > 0, "the joined table has a row for each of both");
    let mut all = [first[0]; C];
    let mut at = 0;
    while at < C {
        all[at] = if at < A { first[at] } else { then[at - A] };
        at += 1;
    }
    all
}
