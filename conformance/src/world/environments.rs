//! `environments:` further virtual billing environments of the charging system. Each is a world in itself, without the
//! charging system's addresses: its own nodes, prices, accounts and carriers, and names that mean nothing outside it.
//!
//! What an environment does not say of currency and settings it has from the world above it; options are said there.

use super::load::{self, check};
use tollgate_wire::Text;

use super::model::World;
use crate::diagnostics::{Collector, Problem};
use crate::scenario::read;
use crate::yaml::{Entry, Node};

/// The number of an environment that says none.
const FIRST: u32 = 1;
/// What is said once for all environments, in the world that holds them.
pub(crate) const ABOVE: [&str; 9] =
    ["ocs", "environment", "environments", "instance", "options", "file", "diameter", "api", "release"];

/// Reads `environments:` of a world that has been read otherwise.
pub(super) fn read(node: Option<&Node>, top: &World, collector: &mut Collector) -> Vec<World> {
    load::each(node, "`environments:`", collector, |entry, collector| environment(entry, top, collector))
}

fn environment(entry: &Entry, top: &World, collector: &mut Collector) -> Option<World> {
    let number = entry.key.text.parse::<u32>().ok().filter(|number| *number > 0);
    if number.is_none() {
        collector.error(entry.key.span, "an environment is named by its number, from 1");
    }
    if number == Some(top.resale.environment.unwrap_or(FIRST)) {
        collector.push(
            Problem::error(entry.key.span, format!("environment {} is the world's own", entry.key.text))
                .advice("give the world another number with `environment:`, or this one"),
        );
    }
    for key in ABOVE {
        if let Some(said) = entry.value.get(key) {
            let message = format!("'{key}:' is said in the world above, for all its environments");
            collector.error(said.span, message);
        }
    }
    if let Some(nodes) = entry.value.get("nodes") {
        for node in read::entries(nodes, "`nodes:`", collector) {
            if let Some(internal) = node.value.get("internal") {
                let message =
                    "a node of an environment cannot choose another; put it into the world's own `nodes:`";
                collector.error(internal.span, message);
            }
        }
    }
    let mut world = check(&entry.value, Some(top), collector)?;
    world.resale.environment = Some(number?);
    world.resale.options.clone_from(&top.resale.options);
    world.resale.instance.clone_from(&top.resale.instance);
    if entry.value.get("settings").is_none() {
        world.settings.clone_from(&top.settings);
    }
    Some(world)
}

impl World {
    /// The world and its further environments.
    pub fn everywhere(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.environments)
    }

    /// The names of all accounts, as they are outside: those of other environments with its number in front.
    pub fn account_names(&self) -> impl Iterator<Item = Text> {
        self.everywhere().enumerate().flat_map(|(place, env)| {
            let number = env.resale.environment.filter(|_| place > 0);
            env.accounts.iter().map(move |account| match number {
                Some(number) => format!("{number}/{}", account.id).into(),
                None => account.id.clone(),
            })
        })
    }

    /// The environment that a name stands in, and the name there: `3/1001` is 1001 in environment 3.
    #[must_use]
    pub fn locate<'n>(&self, name: &'n str) -> (&Self, &'n str) {
        let elsewhere = name.split_once('/').and_then(|(number, rest)| {
            let number = number.parse().ok()?;
            let mut others = self.environments.iter();
            Some((others.find(|own| own.resale.environment == Some(number))?, rest))
        });
        elsewhere.unwrap_or((self, name))
    }
}
