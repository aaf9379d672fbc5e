//! Where an AVP stands in a message, groups included: `Multiple-Services-Credit-Control.Rating-Group`.

use crate::{AvpCode, AvpFlags, Avps, Message, dictionary};

/// The AVPs to go through, from the outermost on; of several alike, the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvpPath(Vec<AvpCode>);

impl AvpPath {
    /// The path to an AVP outside of groups.
    #[must_use]
    pub fn to(code: AvpCode) -> Self {
        Self(vec![code])
    }

    /// Reads names with dots between them; `None` where an AVP is not known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split('.').map(dictionary::code).collect::<Option<Vec<_>>>().map(Self)
    }
}

/// Where an AVP stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Octets from the start of the message to its header.
    pub start: usize,
    /// Behind its data.
    pub data_end: usize,
    /// Behind its padding.
    pub end: usize,
    /// Vendor and number.
    pub code: AvpCode,
    /// Its flags.
    pub flags: AvpFlags,
    /// Where the groups around it start.
    pub groups: Vec<usize>,
}

/// The place that `path` reaches.
#[must_use]
pub fn place(message: &[u8], path: &AvpPath) -> Option<Place> {
    let view = Message::parse(message).ok()?;
    let mut inside: Avps<'_> = view.avps();
    let mut limit = message.len();
    let mut groups = Vec::new();
    let (last, outer) = path.0.split_last()?;
    for code in outer {
        let group = inside.get(*code)?;
        groups.push(group.offset);
        limit = group.offset + group.len();
        inside = group.group().ok()?;
    }
    let own = inside.get(*last)?;
    let data_end = own.offset + own.len();
    let end = data_end.next_multiple_of(4).min(limit);
    Some(Place { start: own.offset, data_end, end, code: own.code, flags: own.flags, groups })
}
