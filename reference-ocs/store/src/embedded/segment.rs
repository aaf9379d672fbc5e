//! One file of the log: written with zeros before it is used, so that storing a frame never changes the file's length
//! or places, and `fdatasync` has only the frame to write.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::error::OpenError;
use super::frame::{self, Frame};
use super::header::{HEADER, Header, Kind};
use crate::encoding::World;

/// The name of the file that is being made ready.
pub(super) const NEXT: &str = "next-log";
const ZEROS: usize = 1 << 20;

/// The log's file that is written to.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    file: File,
    length: u64,
    /// Where the next frame goes.
    end: u64,
}

/// A file of zeros that is made beside the work.
#[derive(Debug)]
pub(super) struct Prepared(JoinHandle<io::Result<File>>);

/// Stores which files a folder has.
pub(super) fn sync_folder(folder: &Path) -> Result<(), OpenError> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(OpenError::io(folder))
}

/// The name of the segment that begins at a position; names sort as positions do.
pub(super) fn name(position: u64) -> String {
    format!("log-{position:020}")
}

fn zeros(path: &Path, length: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    let piece = vec![0; ZEROS];
    let mut left = length;
    while left > 0 {
        let some = usize::try_from(left).unwrap_or(ZEROS).min(ZEROS);
        file.write_all(&piece[..some])?;
        left -= some as u64;
    }
    file.sync_all()?;
    Ok(file)
}

impl Prepared {
    /// Begins to make a file of that length.
    pub(super) fn begin(folder: &Path, length: u64) -> Self {
        let path = folder.join(NEXT);
        Self(std::thread::spawn(move || zeros(&path, length)))
    }

    /// Waits for it, to leave it where it is.
    pub(super) fn wait(self) -> Result<(), OpenError> {
        self.finish().map(drop).map_err(OpenError::io(Path::new(NEXT)))
    }

    fn finish(self) -> io::Result<File> {
        self.0
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that makes the next file ready ended")))
    }
}

impl Segment {
    /// Begins a segment at a position with the file that was made ready.
    pub(super) fn begin(
        folder: &Path,
        prepared: Prepared,
        length: u64,
        header: &Header,
    ) -> Result<Self, OpenError> {
        let path = folder.join(name(header.position));
        let begun = || {
            let file = prepared.finish()?;
            file.write_all_at(&header.octets(), 0)?;
            file.sync_data()?;
            // Only a file with a good header ever has the name of a segment.
            std::fs::rename(folder.join(NEXT), &path)?;
            Ok(file)
        };
        let file = begun().map_err(OpenError::io(&path))?;
        sync_folder(folder)?;
        Ok(Self { path, file, length, end: HEADER as u64 })
    }

    /// Whether so many octets more go into it.
    pub(super) const fn has_room(&self, octets: u64) -> bool {
        octets <= self.length - self.end
    }

    /// Stores a frame.
    pub(super) fn store(&mut self, frame: &[u8]) -> Result<(), OpenError> {
        let stored = self.file.write_all_at(frame, self.end).and_then(|()| self.file.sync_data());
        stored.map_err(OpenError::io(&self.path))?;
        self.end += frame.len() as u64;
        Ok(())
    }

    /// Gives back the room behind the last frame.
    pub(super) fn finish(self) -> Result<(), OpenError> {
        self.file.set_len(self.end).and_then(|()| self.file.sync_all()).map_err(OpenError::io(&self.path))
    }
}

/// A segment that was read into memory.
pub(super) struct Read {
    pub(super) path: PathBuf,
    pub(super) header: Header,
    octets: Vec<u8>,
}

impl Read {
    pub(super) fn open(path: &Path, world: World) -> Result<Self, OpenError> {
        let octets = std::fs::read(path).map_err(OpenError::io(path))?;
        let header = Header::read(path, &octets, Kind::Log, world)?;
        Ok(Self { path: path.to_owned(), header, octets })
    }

    /// Hands over every frame in its order, and answers with the position and place behind the last.
    ///
    /// # Errors
    /// The frames do not follow each other, something stored was damaged, or `take` did not like one.
    pub(super) fn frames(
        &self,
        mut take: impl FnMut(&Frame<'_>) -> Result<(), OpenError>,
    ) -> Result<(u64, usize), OpenError> {
        let (mut position, mut place) = (self.header.position, HEADER);
        while let Some(frame) = frame::at(&self.octets, place) {
            if frame.position != position {
                return Err(self.damaged(place, "a commit is missing before this one"));
            }
            take(&frame)?;
            position += u64::from(frame.items);
            place = frame.end;
        }
        if frame::any_after(&self.octets, place, position) {
            return Err(self.damaged(place, "a commit does not agree with its sum, and others follow it"));
        }
        Ok((position, place))
    }

    pub(super) fn damaged(&self, at: usize, what: &'static str) -> OpenError {
        OpenError::Damaged { path: self.path.clone(), at, what }
    }

    /// Takes away what stands behind the last good frame.
    pub(super) fn cut(&self, place: usize) -> Result<(), OpenError> {
        if place >= self.octets.len() {
            return Ok(());
        }
        let cut = || {
            let file = OpenOptions::new().write(true).open(&self.path)?;
            file.set_len(place as u64)?;
            file.sync_all()
        };
        cut().map_err(OpenError::io(&self.path))
    }
}
