//! What the runner promises, shown in the small world of the fixture.

mod drawing;
mod ending;
mod expecting;
mod playing;
mod running;
mod versions;
