//! Options of the configuration: said for all, for an environment or for one instance, and inherited downwards.
//!
//! A value holds where it is said and on every level below, until a lower level says another (ARCH, configuration
//! tree). Each value that is read tells where it comes from. Options have types, and a value of another type or for an
//! option that there is not is refused when it is said.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::catalogue::Settings;
use crate::ids::EnvId;

/// A level of the tree, the highest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For everything.
    Global,
    /// For one virtual billing environment.
    Environment(EnvId),
    /// For one running instance, by its name.
    Instance(String),
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody has said it: it is the option's default.
    Default,
    /// It was said on that level.
    Said(Level),
}

/// A value with its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// A number of things.
    Count(u64),
    /// A span of time.
    Span(Duration),
}

/// An option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opt {
    /// The wrong password in a row that locks an account out.
    PasswordAttemptsMax,
    /// How long an account stays locked out.
    Lockout,
    /// How long a login keeps the account locked.
    LoginLock,
    /// How long after a grant its use may begin, and after a granted time its end is waited for.
    SessionExpiry,
    /// The longest grant of time.
    GrantMax,
}

/// An option could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// There is no such option.
    #[error("there is no option '{name}'; there are {}", Opt::ALL.map(Opt::name).join(", "))]
    Unknown {
        /// What was to be set.
        name: String,
    },
    /// The value has another type, or is out of range.
    #[error("the option '{}' is {}, not {value}", .option.name(), .option.wanted())]
    Value {
        /// The option.
        option: Opt,
        /// What was to be its value.
        value: OptionValue,
    },
}

/// What was said on the levels.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OptionTree {
    said: BTreeMap<(Opt, Level), OptionValue>,
}

impl Opt {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::PasswordAttemptsMax, Self::Lockout, Self::LoginLock, Self::SessionExpiry, Self::GrantMax];

    /// Its name, as world files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PasswordAttemptsMax => "password-attempts-max",
            Self::Lockout => "lockout",
            Self::LoginLock => "login-lock",
            Self::SessionExpiry => "session-expiry",
            Self::GrantMax => "grant-max",
        }
    }

    /// The option of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn from_name(name: &str) -> Result<Self, OptionError> {
        let known = Self::ALL.into_iter().find(|option| option.name() == name);
        known.ok_or_else(|| OptionError::Unknown { name: name.to_owned() })
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::PasswordAttemptsMax => "a number from 0 to 255",
            Self::Lockout | Self::LoginLock | Self::SessionExpiry => "a span of time",
            Self::GrantMax => "a span of time of at least a second",
        }
    }

    fn takes(self, value: OptionValue) -> bool {
        match (self, value) {
            (Self::PasswordAttemptsMax, OptionValue::Count(count)) => u8::try_from(count).is_ok(),
            (Self::GrantMax, OptionValue::Span(span)) => span >= Duration::from_secs(1),
            (Self::Lockout | Self::LoginLock | Self::SessionExpiry, OptionValue::Span(_)) => true,
            _ => false,
        }
    }
}

impl OptionTree {
    /// Says a value on a level, in place of what was said there before.
    ///
    /// # Errors
    /// The value is not one that the option can have.
    pub fn set(&mut self, level: Level, option: Opt, value: OptionValue) -> Result<(), OptionError> {
        if !option.takes(value) {
            return Err(OptionError::Value { option, value });
        }
        self.said.insert((option, level), value);
        Ok(())
    }

    /// The value that an instance in an environment has, with where it comes from; `None` and the default's origin where
    /// nobody has said any.
    #[must_use]
    pub fn get(&self, option: Opt, env: EnvId, instance: &str) -> (Option<OptionValue>, Origin) {
        let levels = [Level::Instance(instance.to_owned()), Level::Environment(env), Level::Global];
        for level in levels {
            let key = (option, level);
            if let Some(&value) = self.said.get(&key) {
                return (Some(value), Origin::Said(key.1));
            }
        }
        (None, Origin::Default)
    }

    /// The settings of an instance: `settings`, with what was said in place of it, in the environment that they name.
    #[must_use]
    pub fn settings(&self, mut settings: Settings, instance: &str) -> Settings {
        for option in Opt::ALL {
            let (Some(value), _) = self.get(option, settings.env, instance) else { continue };
            match (option, value) {
                (Opt::PasswordAttemptsMax, OptionValue::Count(count)) => {
                    settings.password_attempts_max = u8::try_from(count).unwrap_or(u8::MAX);
                }
                (Opt::Lockout, OptionValue::Span(span)) => settings.lockout = span,
                (Opt::LoginLock, OptionValue::Span(span)) => settings.login_lock = span,
                (Opt::SessionExpiry, OptionValue::Span(span)) => {
                    settings.start_wait = span;
                    settings.stop_grace = span;
                }
                (Opt::GrantMax, OptionValue::Span(span)) => {
                    settings.grant_secs_max = Some(span.as_secs().max(1));
                }
                // No other pair was taken.
                _ => {}
            }
        }
        settings
    }
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "the number {count}"),
            Self::Span(span) => write!(f, "a span of {span:?}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Said(Level::Global) => f.write_str("global"),
            Self::Said(Level::Environment(env)) => write!(f, "environment {env}"),
            Self::Said(Level::Instance(name)) => write!(f, "instance {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn env(number: u32) -> EnvId {
        EnvId::from_number(number)
    }

    fn tree() -> OptionTree {
        let mut tree = OptionTree::default();
        let span = |minutes: u32| OptionValue::Span(MINUTE * minutes);
        tree.set(Level::Global, Opt::Lockout, span(14)).unwrap();
        tree.set(Level::Environment(env(3)), Opt::Lockout, span(10)).unwrap();
        tree.set(Level::Instance("ocs-1".to_owned()), Opt::Lockout, span(5)).unwrap();
        tree.set(Level::Global, Opt::PasswordAttemptsMax, OptionValue::Count(7)).unwrap();
        tree
    }

    #[test]
    fn a_lower_level_counts_before_a_higher_one_and_tells_where_it_is() {
        let shown = |option, number, instance| {
            let (value, origin) = tree().get(option, env(number), instance);
            (value, origin.to_string())
        };
        let span = |minutes: u32| Some(OptionValue::Span(MINUTE * minutes));
        assert_eq!(shown(Opt::Lockout, 3, "ocs-1"), (span(5), "instance ocs-1".to_owned()));
        assert_eq!(shown(Opt::Lockout, 3, "ocs-2"), (span(10), "environment 3".to_owned()));
        assert_eq!(shown(Opt::Lockout, 4, "ocs-2"), (span(14), "global".to_owned()));
        assert_eq!(shown(Opt::GrantMax, 3, "ocs-1"), (None, "default".to_owned()));
    }

    #[test]
    fn settings_keep_what_nobody_said() {
        let before = Settings { env: env(3), ..Settings::new("CAD".parse().unwrap()) };
        let after = tree().settings(before.clone(), "ocs-2");
        assert_eq!((after.lockout, after.password_attempts_max), (MINUTE * 10, 7));
        assert_eq!(after.login_lock, before.login_lock);
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let mut tree = OptionTree::default();
        for (option, value) in [
            (Opt::Lockout, OptionValue::Count(3)),
            (Opt::PasswordAttemptsMax, OptionValue::Span(MINUTE)),
            (Opt::PasswordAttemptsMax, OptionValue::Count(256)),
            (Opt::GrantMax, OptionValue::Span(Duration::ZERO)),
        ] {
            assert_eq!(tree.set(Level::Global, option, value), Err(OptionError::Value { option, value }));
        }
        assert_eq!(tree, OptionTree::default());
        assert!(Opt::from_name("lock-out").is_err());
        assert!(Opt::ALL.into_iter().all(|option| Opt::from_name(option.name()) == Ok(option)));
    }
}
