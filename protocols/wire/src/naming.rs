//! What a protocol's dictionaries say of the name of a field, before any message is made or read.

/// What is known of a name at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It is a name of the dictionaries, or one by number.
    Known,
    /// Another name of a field, understood where it is written; what is read shows under this one.
    Alias(&'static str),
    /// Nobody defines it, and nobody needs to: names are free here.
    Free,
    /// Nobody defines it, though it looks as if somebody did.
    Doubtful,
    /// No field has this name.
    Unknown,
    /// The field that it should stand in holds no others.
    NoGroup,
}
