//! Accounts or customers by number and by name. Those of the catalogue stand where their numbers say; those that came from
//! another system keep its numbers, and are looked up.

use std::collections::BTreeMap;

use crate::ids::Numbering;
use crate::names::NameTable;

/// What stands in a table of the ledger.
pub(crate) trait Row {
    /// Its number.
    fn number(&self) -> u32;
    /// Its name.
    fn name(&self) -> &str;
    /// Whether it is found by its name.
    fn is_named(&self) -> bool;
}

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Rows<T> {
    rows: Vec<T>,
    names: NameTable,
    numbering: Numbering,
    /// How many stand where their numbers say.
    own: usize,
    /// The places of the others.
    others: BTreeMap<u32, usize>,
}

impl<T: Row> Rows<T> {
    /// Those of a catalogue with their names.
    pub(crate) fn new(rows: Vec<T>, names: NameTable, numbering: Numbering) -> Self {
        let own = rows.len();
        Self { rows, names, numbering, own, others: BTreeMap::new() }
    }

    /// Those that were stored.
    pub(crate) fn restored(rows: Vec<T>, numbering: Numbering) -> Self {
        let stands = |(place, row): (usize, &T)| numbering.at(place) == Some(row.number());
        let own = rows.iter().enumerate().take_while(|it| stands(*it)).count();
        let others = rows.iter().enumerate().skip(own).map(|(place, row)| (row.number(), place)).collect();
        let mut names = NameTable::with_capacity(rows.len());
        for (place, row) in (0_u32..).zip(&rows).filter(|(_, row)| row.is_named()) {
            names.insert(row.name(), place);
        }
        Self { rows, names, numbering, own, others }
    }

    /// All of them, those of the catalogue first.
    pub(crate) fn all(&self) -> &[T] {
        &self.rows
    }

    fn place(&self, number: u32) -> Option<usize> {
        let own = self.numbering.place(number).filter(|place| *place < self.own);
        own.or_else(|| if self.others.is_empty() { None } else { self.others.get(&number).copied() })
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        let place = self.names.find(name, |place| self.rows.get(place).map(Row::name))?;
        self.rows.get(place).map(Row::number)
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.rows.get(self.place(number)?)
    }

    /// The row of a number that was given out.
    pub(crate) fn row(&self, number: u32) -> &T {
        &self.rows[self.place(number).unwrap_or(usize::MAX)]
    }

    pub(crate) fn row_mut(&mut self, number: u32) -> &mut T {
        let place = self.place(number).unwrap_or(usize::MAX);
        &mut self.rows[place]
    }

    /// Enters a row, in place of the one of the same number.
    pub(crate) fn enter(&mut self, row: T) {
        let number = row.number();
        self.unname(number);
        let place = match self.place(number) {
            Some(place) => {
                self.rows[place] = row;
                place
            }
            None => {
                self.rows.push(row);
                self.others.insert(number, self.rows.len() - 1);
                self.rows.len() - 1
            }
        };
        self.name(place);
    }

    /// Changes a row in whatever is its own, its name too.
    pub(crate) fn change(&mut self, number: u32, change: impl FnOnce(&mut T)) {
        self.unname(number);
        if let Some(place) = self.place(number) {
            change(&mut self.rows[place]);
            self.name(place);
        }
    }

    fn name(&mut self, place: usize) {
        let (row, at) = (&self.rows[place], u32::try_from(place).unwrap_or(u32::MAX));
        if row.is_named() {
            self.names.insert(row.name(), at);
        }
    }

    fn unname(&mut self, number: u32) {
        let Some(place) = self.place(number) else { return };
        let row = &self.rows[place];
        if row.is_named() {
            self.names.remove(row.name(), u32::try_from(place).unwrap_or(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Named(u32, &'static str);

    impl Row for Named {
        fn number(&self) -> u32 {
            self.0
        }
        fn name(&self) -> &str {
            self.1
        }
        fn is_named(&self) -> bool {
            !self.1.is_empty()
        }
    }

    #[test]
    fn what_came_from_elsewhere_keeps_its_number_and_is_found_like_the_others() {
        let mut names = NameTable::default();
        names.insert("anna", 0);
        let mut rows = Rows::new(vec![Named(2, "anna")], names, Numbering::Even);
        rows.enter(Named(7, "otto"));
        rows.enter(Named(12, "mia"));
        assert_eq!(
            ["anna", "otto", "mia", "eva"].map(|name| rows.find(name)),
            [Some(2), Some(7), Some(12), None]
        );
        rows.change(7, |row| row.1 = "eva");
        rows.enter(Named(12, ""));
        assert_eq!(["otto", "eva", "mia"].map(|name| rows.find(name)), [None, Some(7), None]);
        let again = Rows::restored(rows.all().to_vec(), Numbering::Even);
        assert_eq!(["anna", "eva", ""].map(|name| again.find(name)), [Some(2), Some(7), None]);
        assert_eq!((again.get(12), again.get(4)), (Some(&Named(12, "")), None));
    }
}
