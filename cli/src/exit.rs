//! How the command ends.

use std::process::ExitCode;

/// The exit codes that scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// 0: everything asked for was done, every scenario passed.
    Passed,
    /// 1: the command line makes no sense.
    Usage,
    /// 2: a scenario or a world is wrong; nothing was run.
    ScenarioWrong,
    /// 3: something could not be run: a socket in use, a file that cannot be written.
    CouldNotRun,
    /// 4: the system under test did not do what a scenario expects.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Passed => 0,
            Exit::Usage => 1,
            Exit::ScenarioWrong => 2,
            Exit::CouldNotRun => 3,
            Exit::Failed => 4,
        })
    }
}
