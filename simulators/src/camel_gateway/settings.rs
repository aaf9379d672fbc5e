//! The settings of one gateway, read once from what the scenario says.

use std::time::Duration;

use tollgate_camel::sccp::SSN_CAP;
use tollgate_network::{Setup, SetupError};
use tollgate_wire::Text;

use super::quirks::Quirks;
use crate::camel::{GATEWAY, Numbering, Point, own_point};
use crate::settings::{Reader, wrong};

/// How a short message is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charging {
    /// A unit is reserved, and charged when the service centre has taken the message (ECUR).
    Reservation,
    /// It is charged at once, and refunded when the service centre refuses the message (IEC).
    Debiting,
}

/// Everything that does not change while a gateway runs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) own: Point,
    pub(super) numbering: Numbering,
    pub(super) context: Text,
    pub(super) service: u32,
    /// Seconds that are asked for at a time.
    pub(super) slice: u32,
    pub(super) no_answer: Option<Duration>,
    /// How long a dialogue may be silent before it is asked whether it still stands.
    pub(super) activity: Duration,
    pub(super) sms: Charging,
    pub(super) sms_context: Text,
    pub(super) event_context: Text,
    pub(super) sms_service: u32,
    pub(super) quirks: Quirks,
}

impl Settings {
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let read = Reader { setup };
        let slice = u32::try_from(read.span("slice")?.as_secs()).ok().filter(|own| *own > 0);
        Ok(Self {
            own: own_point(setup, GATEWAY.0, GATEWAY.1, SSN_CAP)?,
            numbering: match read.text("toward")? {
                "win" => Numbering::NorthAmerican,
                _ => Numbering::International,
            },
            context: read.text("context")?.into(),
            service: read.u32("service-identifier")?,
            slice: slice.ok_or_else(|| wrong("slice"))?,
            no_answer: read.opt_span("no-answer-within"),
            activity: read.span("activity-test")?,
            sms: match read.text("sms")? {
                "direct-debiting" => Charging::Debiting,
                _ => Charging::Reservation,
            },
            sms_context: read.text("sms-context")?.into(),
            event_context: read.text("event-context")?.into(),
            sms_service: read.u32("sms-service-identifier")?,
            quirks: Quirks::read(read.value("quirks"))?,
        })
    }
}
