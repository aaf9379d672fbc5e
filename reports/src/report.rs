//! What every report is.

use std::io;

use tollgate_conformance::run::RunEvent;

/// A fold over the events of one run.
pub trait Report {
    /// Takes the next event.
    ///
    /// # Errors
    /// Its writer fails.
    fn handle(&mut self, event: &RunEvent) -> Result<(), ReportError>;

    /// Writes what is left; to be called once, after the last event, also when a run was cut short.
    ///
    /// # Errors
    /// Its writer fails.
    fn finish(&mut self) -> Result<(), ReportError>;
}

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// What takes the text failed.
    #[error("the report cannot be written: {0}")]
    Write(#[from] io::Error),
    /// The JUnit document cannot be made.
    #[error("the junit report cannot be written: {0}")]
    Junit(#[from] quick_junit::SerializeError),
    /// The JSON document cannot be made.
    #[error("the json report cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}
