//! What sites say to each other, and how that becomes octets: eight octets in front (who speaks, the version, the length),
//! then the message in postcard. Whatever else arrives is told from it and never believed.

use std::sync::LazyLock;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::site::{Lock, PeriodId, Transfer};
use tollgate_ocs_core::{Command, Release, Role, SiteCommand};
use tollgate_time::Instant;

/// Who speaks: a site of tollgate.
const MAGIC: [u8; 2] = *b"tg";
/// The version of what is said; another one is not understood.
const VERSION: u16 = 1;
/// Octets in front of a message.
const HEAD_LEN: usize = 8;
/// The longest message, in octets.
pub(super) const MESSAGE_MAX: usize = 16 << 20;

/// What the commands begin with that hold another command: the place of the one, and those of the other.
static WRAPPERS: LazyLock<(Option<u8>, Option<[u8; 2]>)> = LazyLock::new(|| {
    let inner = || Box::new(Command::NodeRestarted { node: String::new(), delay: 0 });
    let first = |command: &Command| postcard::to_stdvec(command).ok();
    let within = first(&Command::In { env: EnvId::from_number(1), command: inner() });
    let copied = SiteCommand::Replicated { at: Instant::EPOCH, command: inner() };
    let copied = first(&Command::Site(Box::new(copied)));
    (
        within.and_then(|octets| octets.first().copied()),
        copied.and_then(|octets| octets.first_chunk().copied()),
    )
});

/// Who a site is and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) site: u8,
    pub(super) epoch: u64,
    pub(super) role: Role,
    pub(super) release: Release,
    /// How many commands of the primary it has.
    pub(super) position: u64,
    /// Periods alone that it has to hand over.
    pub(super) outstanding: u32,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Message {
    /// Who speaks; the first on a connection, and whenever it changes.
    Standing(Standing),
    /// The primary's commands from a position on.
    Commands { from: u64, commands: Vec<Sent> },
    /// So many of them are applied.
    Got { position: u64 },
    /// What was spent in a period alone, to be locked.
    Lock(Box<Lock>),
    /// The primary has the lock and all records before this one.
    Known { period: PeriodId, next: u64 },
    /// Records of a period alone, in their order.
    Records(Vec<Transfer>),
    /// Is anybody there?
    Ping,
    /// Yes.
    Pong,
    /// A Diameter request of a client of the stand-by site.
    Diameter { number: u64, peer: String, octets: Vec<u8> },
    /// The primary's answer to it.
    DiameterAnswer { number: u64, octets: Vec<u8> },
}

/// A command on its way. It is kept apart from what wraps it, so that nobody can wrap it without end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    at: Instant,
    env: Option<EnvId>,
    octets: Vec<u8>,
}

impl Sent {
    /// A command of the primary's record; `None` of one that no copy can take.
    pub(super) fn new(at: Instant, command: &Command) -> Option<Self> {
        let (env, command) = match command {
            Command::In { env, command } => (Some(*env), command.as_ref()),
            command => (None, command),
        };
        let octets = postcard::to_stdvec(command).ok().filter(|octets| !is_wrapped(octets))?;
        Some(Self { at, env, octets })
    }

    pub(super) fn read(&self) -> Option<(Instant, Command)> {
        if is_wrapped(&self.octets) {
            return None;
        }
        let command = postcard::from_bytes(&self.octets).ok()?;
        Some((
            self.at,
            match self.env {
                Some(env) => Command::In { env, command: Box::new(command) },
                None => command,
            },
        ))
    }
}

/// Whether a command holds another one.
fn is_wrapped(octets: &[u8]) -> bool {
    let (within, copied) = *WRAPPERS;
    octets.first().copied() == within || octets.first_chunk().copied() == copied
}

/// Why what arrives is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Garbage {
    #[error("it is no message of a site")]
    Foreign,
    #[error("its version is {0}, and this site speaks {VERSION}")]
    Version(u16),
    #[error("it would be {0} octets long")]
    Long(u32),
    #[error("it cannot be read")]
    Broken,
}

impl Message {
    /// Its octets; none of a message that would be too long.
    pub(super) fn octets(&self) -> Option<Bytes> {
        let [m, n] = MAGIC;
        let [v, w] = VERSION.to_be_bytes();
        let mut octets = vec![m, n, v, w, 0, 0, 0, 0];
        octets = postcard::to_extend(self, octets).ok()?;
        let len = octets.len().checked_sub(HEAD_LEN).filter(|len| *len <= MESSAGE_MAX)?;
        let len = u32::try_from(len).ok()?.to_be_bytes();
        octets.get_mut(4..HEAD_LEN)?.copy_from_slice(&len);
        Some(octets.into())
    }
}

/// Finds messages in what arrives in pieces.
#[derive(Debug, Default)]
pub(super) struct Reader {
    waiting: Vec<u8>,
}

impl Reader {
    /// Takes the next piece.
    pub(super) fn take(&mut self, octets: &[u8]) {
        self.waiting.extend_from_slice(octets);
    }

    /// The next message that has come whole.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Garbage> {
        let Some(head) = self.waiting.first_chunk::<HEAD_LEN>() else {
            return if MAGIC.starts_with(&self.waiting[..self.waiting.len().min(MAGIC.len())]) {
                Ok(None)
            } else {
                Err(Garbage::Foreign)
            };
        };
        let [m, n, v, w, a, b, c, d] = *head;
        if [m, n] != MAGIC {
            return Err(Garbage::Foreign);
        }
        let version = u16::from_be_bytes([v, w]);
        if version != VERSION {
            return Err(Garbage::Version(version));
        }
        let announced = u32::from_be_bytes([a, b, c, d]);
        let len = usize::try_from(announced).ok().filter(|len| *len <= MESSAGE_MAX);
        let Some(len) = len else { return Err(Garbage::Long(announced)) };
        let Some(body) = self.waiting.get(HEAD_LEN..HEAD_LEN + len) else { return Ok(None) };
        let message = match postcard::take_from_bytes(body) {
            Ok((message, [])) => message,
            _ => return Err(Garbage::Broken),
        };
        self.waiting.drain(..HEAD_LEN + len);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn standing() -> Message {
        Message::Standing(Standing {
            site: 1,
            epoch: 0,
            role: Role::StandBy,
            release: Release::Mr95,
            position: 7,
            outstanding: 0,
        })
    }

    #[test]
    fn messages_are_found_however_they_are_cut() {
        let octets = [standing().octets().unwrap(), Message::Ping.octets().unwrap()].concat();
        for cut in 0..octets.len() {
            let mut reader = Reader::default();
            let mut found = Vec::new();
            for piece in [&octets[..cut], &octets[cut..]] {
                reader.take(piece);
                while let Some(message) = reader.next().unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, [standing(), Message::Ping]);
        }
    }

    #[test]
    fn a_command_that_wraps_another_is_not_sent_and_not_read() {
        let wrapped = |inner| Command::In { env: EnvId::from_number(3), command: Box::new(inner) };
        let plain = Command::NodeRestarted { node: "n".to_owned(), delay: 0 };
        let at = Instant::from_unix_secs(1);
        let sent = Sent::new(at, &wrapped(plain.clone())).unwrap();
        assert_eq!(sent.read(), Some((at, wrapped(plain.clone()))));
        assert_eq!(Sent::new(at, &wrapped(wrapped(plain.clone()))), None);
        let copied = SiteCommand::Replicated { at, command: Box::new(plain.clone()) };
        let copied = Command::Site(Box::new(copied));
        assert_eq!(Sent::new(at, &copied), None);
        for command in [wrapped(plain), copied] {
            let octets = postcard::to_stdvec(&command).unwrap();
            assert_eq!(Sent { at, env: None, octets }.read(), None);
        }
        let plain = Sent::new(at, &Command::Site(Box::new(SiteCommand::Return)));
        assert!(plain.is_some_and(|sent| sent.read().is_some()));
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..400), own in any::<bool>()) {
            let mut reader = Reader::default();
            if own {
                let len = u32::try_from(octets.len()).unwrap().to_be_bytes();
                reader.take(&[b't', b'g', 0, 1]);
                reader.take(&len);
            }
            reader.take(&octets);
            for _ in 0..400 {
                match reader.next() {
                    Ok(Some(Message::Commands { commands, .. })) => {
                        commands.iter().for_each(|sent| drop(sent.read()));
                    }
                    Ok(Some(_)) => {}
                    _ => break,
                }
            }
        }
    }
}
