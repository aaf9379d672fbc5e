//! The embedded store: a folder with a log of commits and states beside it.
//!
//! | file | what it holds |
//! |---|---|
//! | `log-<position>` | commits after so many commands and xDRs; the one with the greatest is written to |
//! | `state-<position>` | the state at that position; the latest two |
//! | `next-log`, `next-state` | what is being made ready; without meaning after a crash |
//! | `lock` | held by the process that has the store open |
//!
//! The log is never shortened: it is the account of everything that was charged, and holds each xDR. A segment before
//! the latest state is not needed to start, and may be moved elsewhere once its xDRs were taken out ([`xdrs`]).

mod error;
mod frame;
mod header;
mod segment;
mod snapshot;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tollgate_ocs_core::{Catalogue, Command, Effect, Ocs, Record, RecordError, Recovered, Xdr};
use tollgate_time::Instant;

pub use error::OpenError;

use crate::encoding::{self, Item, ItemRef, World};
use header::{Header, Kind};
use segment::{Prepared, Read, Segment};
use snapshot::Snapshot;

/// How an embedded store works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The length of the log's files, in octets.
    pub segment: u64,
    /// After so many octets of log the state is kept again; it bounds how long a start takes.
    pub state_every: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment: 16 << 20, state_every: 128 << 20 }
    }
}

/// A durable record in a folder.
#[derive(Debug)]
pub struct Embedded {
    folder: PathBuf,
    world: World,
    options: Options,
    /// Held as long as this is.
    _lock: File,
    /// What is written to; none before the first recovery.
    log: Option<(Segment, Prepared)>,
    /// The frame that waits, with room for its front.
    frame: Vec<u8>,
    frame_items: u32,
    /// Whether what is noted next came of a command.
    of_command: bool,
    /// How many commands and xDRs are stored.
    position: u64,
    /// Octets of log since the state was kept.
    since_state: u64,
    writing_state: Option<JoinHandle<Result<(), OpenError>>>,
    failed: Option<RecordError>,
}

impl Embedded {
    /// Opens the store in a folder, or begins one there.
    ///
    /// # Errors
    /// The folder cannot be used, or another process has it open. What it holds is read by [`Record::recover`].
    pub fn open(folder: &Path, world: World, options: Options) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(OpenError::io(folder))?;
        let path = folder.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(OpenError::io(&path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::InUse(folder.to_owned()),
            TryLockError::Error(source) => OpenError::Io { path, source },
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            world,
            options,
            _lock: lock,
            log: None,
            frame: vec![0; frame::FRONT],
            frame_items: 0,
            of_command: false,
            position: 0,
            since_state: 0,
            writing_state: None,
            failed: None,
        })
    }

    /// How many commands and xDRs are stored.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    fn read(&mut self, catalogue: &Catalogue) -> Result<Recovered, OpenError> {
        self.forget();
        let (mut ocs, from) = self.state(catalogue)?;
        let mut replayed = 0;
        let mut effects = Vec::new();
        let segments = segments(&self.folder)?;
        (self.position, self.since_state) = (from, 0);
        for (index, path) in segments.iter().enumerate() {
            // A segment that ends before the state need not even be read.
            if segments.get(index + 1).is_some_and(|next| position_of(next) <= Some(from)) {
                continue;
            }
            let segment = Read::open(path, self.world)?;
            let (end, place) = segment.frames(|frame| {
                for (position, item) in (frame.position..).zip(encoding::items(frame.body)) {
                    match item {
                        Ok(Item::Command(at, command)) if position >= from => {
                            ocs.apply_into(at, &command, &mut effects);
                            effects.clear();
                            replayed += 1;
                        }
                        Ok(Item::Passed(now)) if position >= from => {
                            // What came of it was shown when it happened.
                            let _ = ocs.expire(now);
                        }
                        Ok(Item::Command(..) | Item::Passed(_) | Item::Xdr(_)) => {}
                        Err(_) => return Err(segment.damaged(0, "a command in it cannot be read")),
                    }
                }
                Ok(())
            })?;
            match segments.get(index + 1) {
                Some(next) if position_of(next) != Some(end) => {
                    return Err(segment.damaged(place, "its end is missing"));
                }
                Some(_) => {}
                None => segment.cut(place)?,
            }
            self.position = end;
            self.since_state += place as u64;
        }
        if self.position < from {
            return Err(OpenError::Damaged {
                path: self.folder.clone(),
                at: 0,
                what: "the log ends before the state that was kept",
            });
        }
        self.begin_segment(self.options.segment, None)?;
        Ok(Recovered { ocs, replayed })
    }

    /// The latest state that can be read, and its position.
    fn state(&mut self, catalogue: &Catalogue) -> Result<(Ocs, u64), OpenError> {
        for path in snapshot::all(&self.folder)?.iter().rev() {
            if let Some((header, state)) = snapshot::read(path, self.world)? {
                let ocs = Ocs::restored(catalogue.clone(), state)
                    .map_err(|_| OpenError::OtherWorld(path.clone()))?;
                return Ok((ocs, header.position));
            }
        }
        Ok((Ocs::new(catalogue.clone()), 0))
    }

    /// Forgets what waits for a commit.
    fn forget(&mut self) {
        self.frame.clear();
        self.frame.resize(frame::FRONT, 0);
        (self.frame_items, self.of_command) = (0, false);
        self.failed = None;
        if let Some((segment, prepared)) = self.log.take() {
            // Their end is found by reading; the file that was made ready is made anew.
            drop(segment);
            let _ = prepared.wait();
        }
        if let Some(writing) = self.writing_state.take() {
            let _ = writing.join();
        }
    }

    fn begin_segment(&mut self, length: u64, prepared: Option<Prepared>) -> Result<(), OpenError> {
        let prepared = prepared.unwrap_or_else(|| Prepared::begin(&self.folder, length));
        let header = Header { kind: Kind::Log, world: self.world, position: self.position, body: (0, 0) };
        let segment = Segment::begin(&self.folder, prepared, length, &header)?;
        self.log = Some((segment, Prepared::begin(&self.folder, self.options.segment)));
        Ok(())
    }

    fn add(&mut self, item: &ItemRef<'_>) -> Result<(), RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let frame = std::mem::take(&mut self.frame);
        match encoding::push(frame, item) {
            Ok(frame) => {
                self.frame = frame;
                self.frame_items += 1;
                Ok(())
            }
            // What was in the frame is gone with it.
            Err(error) => {
                Err(self.fail(RecordError::Failed(format!("a command cannot be written: {error}"))))
            }
        }
    }

    fn fail(&mut self, error: RecordError) -> RecordError {
        self.failed = Some(error.clone());
        error
    }

    fn store(&mut self) -> Result<(), OpenError> {
        frame::seal(&mut self.frame, self.position, self.frame_items);
        let length = self.frame.len() as u64;
        if !self.log.as_ref().is_some_and(|(segment, _)| segment.has_room(length)) {
            let room = length + header::HEADER as u64;
            let prepared = match self.log.take() {
                Some((segment, prepared)) => {
                    segment.finish()?;
                    if room <= self.options.segment {
                        Some(prepared)
                    } else {
                        prepared.wait()?;
                        None
                    }
                }
                None => None,
            };
            self.begin_segment(self.options.segment.max(room), prepared)?;
        }
        if let Some((segment, _)) = &mut self.log {
            segment.store(&self.frame)?;
        }
        self.position += u64::from(self.frame_items);
        self.since_state += length;
        self.frame.clear();
        self.frame.resize(frame::FRONT, 0);
        self.frame_items = 0;
        Ok(())
    }

    fn snapshot(&mut self, ocs: &Ocs) -> Result<Snapshot, RecordError> {
        self.since_state = 0;
        Snapshot::of(ocs, self.world, self.position)
            .map_err(|error| RecordError::Failed(format!("the state cannot be written: {error}")))
    }

    /// Waits for the state that is being written.
    fn written(&mut self) -> Result<(), RecordError> {
        match self.writing_state.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(written)) => Ok(written?),
            Some(Err(_)) => Err(RecordError::Failed("the thread that writes states ended".to_owned())),
        }
    }
}

impl Record for Embedded {
    fn recover(&mut self, catalogue: &Catalogue) -> Result<Recovered, RecordError> {
        self.read(catalogue).map_err(|error| self.fail(error.into()))
    }

    fn append(&mut self, now: Instant, command: &Command) -> Result<(), RecordError> {
        self.of_command = true;
        self.add(&ItemRef::Command(now, command))
    }

    fn note(&mut self, now: Instant, effects: &[Effect]) -> Result<(), RecordError> {
        let of_command = std::mem::take(&mut self.of_command);
        // A clock may go back over a restart: what was met once must be met at the same time again.
        if !of_command && !effects.is_empty() {
            self.add(&ItemRef::Passed(now))?;
        }
        effects.iter().try_for_each(|effect| match effect {
            Effect::Xdr(xdr) | Effect::XdrMoved(xdr) => self.add(&ItemRef::Xdr(xdr)),
            _ => Ok(()),
        })
    }

    fn is_pending(&self) -> bool {
        self.frame.len() > frame::FRONT || self.failed.is_some()
    }

    fn commit(&mut self) -> Result<(), RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.frame.len() <= frame::FRONT {
            return Ok(());
        }
        self.store().map_err(|error| self.fail(error.into()))
    }

    fn maintain(&mut self, ocs: &Ocs) -> Result<(), RecordError> {
        if self.since_state < self.options.state_every {
            return Ok(());
        }
        // One that is not written yet is waited for before the next is made.
        self.written()?;
        let (snapshot, folder) = (self.snapshot(ocs)?, self.folder.clone());
        self.writing_state = Some(std::thread::spawn(move || snapshot.write(&folder)));
        Ok(())
    }

    fn close(&mut self, ocs: &Ocs) -> Result<(), RecordError> {
        self.commit()?;
        self.written()?;
        if self.since_state > 0 {
            self.snapshot(ocs)?.write(&self.folder)?;
        }
        if let Some((segment, prepared)) = self.log.take() {
            segment.finish()?;
            let _ = prepared.wait();
            let next = self.folder.join(segment::NEXT);
            std::fs::remove_file(&next).map_err(OpenError::io(&next))?;
        }
        Ok(())
    }
}

/// Hands over every xDR that a folder holds, in the order in which they were stored.
///
/// # Errors
/// A file cannot be read, or belongs to something else.
pub fn xdrs(folder: &Path, world: World, mut take: impl FnMut(Xdr)) -> Result<(), OpenError> {
    for path in segments(folder)? {
        let segment = Read::open(&path, world)?;
        segment.frames(|frame| {
            for item in encoding::items(frame.body) {
                match item {
                    Ok(Item::Xdr(xdr)) => take(xdr),
                    Ok(Item::Command(..) | Item::Passed(_)) => {}
                    Err(_) => return Err(segment.damaged(0, "a command in it cannot be read")),
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The segments of a folder, the oldest first.
fn segments(folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(OpenError::io(folder))? {
        let path = entry.map_err(OpenError::io(folder))?.path();
        if position_of(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn position_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("log-")?.parse().ok()
}
