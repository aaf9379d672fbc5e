//! The settings of one switch, read once from what the scenario says.

use tollgate_camel::cap::{ApplicationContext, Phase};
use tollgate_camel::sccp::SSN_CAP;
use tollgate_camel::ssf::Timers;
use tollgate_network::{Setup, SetupError};
use tollgate_wire::{Text, Value};

use crate::camel::{GATEWAY, MSC, Numbering, Point, own_point, point_code};
use crate::settings::{Reader, wrong};

/// Everything that does not change while a switch runs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) own: Point,
    pub(super) gateway: Point,
    pub(super) phase: Phase,
    pub(super) numbering: Numbering,
    pub(super) timers: Timers,
    /// Whether what the gateway cannot be asked about goes on.
    pub(super) goes_on: bool,
    pub(super) service_key: u32,
    pub(super) imsi_prefix: Text,
    pub(super) number: Text,
    pub(super) smsc: Text,
}

impl Settings {
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let read = Reader { setup };
        let gateway = match read.value("gateway") {
            Some(Value::Address(address)) => *address,
            _ => return Err(wrong("gateway")),
        };
        let title = read.opt_text("gateway-title").unwrap_or(GATEWAY.1);
        let digits = title.strip_prefix('+').unwrap_or(title).parse();
        let digits = digits.map_err(|error| SetupError(format!("setting 'gateway-title': {error}")))?;
        let title = read.opt_text("global-title").unwrap_or(MSC.1);
        Ok(Self {
            own: own_point(setup, MSC.0, MSC.1, SSN_CAP)?,
            gateway: Point::new(
                gateway,
                point_code(setup, "gateway-point-code", GATEWAY.0)?,
                digits,
                SSN_CAP,
            ),
            phase: if read.u32("cap")? == 2 { Phase::Two } else { Phase::Three },
            numbering: match read.text("numbering")? {
                "north-american" => Numbering::NorthAmerican,
                _ => Numbering::International,
            },
            timers: Timers { instructions: read.span("tssf")?, ..Timers::default() },
            goes_on: read.text("default-handling")? == "continue",
            service_key: read.u32("service-key")?,
            imsi_prefix: read.text("imsi-prefix")?.into(),
            number: title.strip_prefix('+').unwrap_or(title).into(),
            smsc: read.text("smsc")?.into(),
        })
    }

    pub(super) const fn calls(&self) -> ApplicationContext {
        ApplicationContext::calls(self.phase)
    }

    /// The IMSI of a subscriber who was given none: the prefix, and the last digits of the number.
    pub(super) fn imsi(&self, number: &str) -> Text {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let room = 15_usize.saturating_sub(self.imsi_prefix.len());
        let tail = &digits[digits.len().saturating_sub(room)..];
        format!("{}{tail:0>room$}", self.imsi_prefix).into()
    }
}
