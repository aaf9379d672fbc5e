//! What the runner promises, shown in the small world of the fixture.

mod ending;
mod expecting;
mod playing;
mod running;
