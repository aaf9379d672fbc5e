//! What a scenario asks a peer to do.

use std::net::IpAddr;
use std::time::Duration;

use tollgate_wire::{Decimal, Fields, Text, Value};

/// A verb with its arguments, checked against the table that the peer's kind publishes
/// ([`crate::Verb`]): required arguments are there, defaults filled in, every value of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The verb's name.
    pub verb: Text,
    /// The arguments by name.
    pub args: Fields,
}

/// Why a peer could not do what it was asked. The text is a lowercase phrase that ends the sentence
/// "could not …:".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It makes no sense in the peer's state: `there is no call to hang up`.
    #[error("{0}")]
    Impossible(String),
    /// The peer's kind has no such verb. Only a program that skipped the check before the run sees this.
    #[error("this peer has no verb '{0}'")]
    UnknownVerb(String),
    /// An argument is missing or of another type. Only a program that skipped the check sees this.
    #[error("argument '{0}' is missing or of the wrong type")]
    BadArgument(String),
}

impl Action {
    /// An action without arguments.
    pub fn new(verb: impl Into<Text>) -> Self {
        Self { verb: verb.into(), args: Fields::new() }
    }

    /// The same with one more argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.args.push(name, value);
        self
    }

    /// A text argument.
    ///
    /// # Errors
    /// It is not there, or no text.
    pub fn text(&self, name: &str) -> Result<&str, ActionError> {
        self.opt_text(name).ok_or_else(|| ActionError::BadArgument(name.to_owned()))
    }

    /// A text argument that may be left out.
    #[must_use]
    pub fn opt_text(&self, name: &str) -> Option<&str> {
        self.args.get(name).and_then(Value::as_text)
    }

    /// A span of time that may be left out.
    #[must_use]
    pub fn opt_span(&self, name: &str) -> Option<Duration> {
        match self.args.get(name) {
            Some(Value::Span(span)) => Some(*span),
            _ => None,
        }
    }

    /// A whole number that may be left out.
    #[must_use]
    pub fn opt_integer(&self, name: &str) -> Option<i128> {
        self.args.get(name).and_then(Value::as_integer)
    }

    /// A flag; `false` when it is left out.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.args.get(name), Some(Value::Flag(true)))
    }

    /// An address that may be left out.
    #[must_use]
    pub fn opt_address(&self, name: &str) -> Option<IpAddr> {
        match self.args.get(name) {
            Some(Value::Address(address)) => Some(*address),
            _ => None,
        }
    }

    /// An amount of money with its currency.
    ///
    /// # Errors
    /// It is not there, or no money.
    pub fn money(&self, name: &str) -> Result<(Decimal, &str), ActionError> {
        match self.args.get(name) {
            Some(Value::Money(amount, currency)) => Ok((*amount, currency)),
            _ => Err(ActionError::BadArgument(name.to_owned())),
        }
    }
}
