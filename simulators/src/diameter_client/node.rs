//! The node of a plain Diameter node.

use tollgate_diameter::peer::Applications;
use tollgate_diameter::{Builder, Message, ResultCode, avp};
use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::Value;

use crate::diameter::{self, Desk, Happening};

/// A plain Diameter node.
#[derive(Debug)]
pub struct DiameterClient {
    desk: Desk,
    /// What it answers; `None` keeps silent.
    answer: Option<ResultCode>,
}

impl DiameterClient {
    /// A node with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or it neither connects nor listens.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let listens = matches!(setup.settings.get("listen"), Some(Value::Flag(true)));
        let listen = if listens { Some(diameter::listening(setup)?) } else { None };
        let servers = if listens {
            diameter::named(setup)?.unwrap_or_default()
        } else {
            diameter::servers(setup, "diameter-client")?
        };
        let applications = match setup.settings.get("applications") {
            Some(Value::List(all)) => applications(all),
            _ => Applications::credit_control(),
        };
        let answer = setup.settings.get("answer").and_then(Value::as_integer);
        let answer =
            answer.and_then(|code| u32::try_from(code).ok()).filter(|code| *code > 0).map(ResultCode);
        Ok(Self { desk: Desk::new(diameter::own(setup, applications, listen), &servers, setup), answer })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(happening) = self.desk.next(now) {
            let Happening::Request { connection, octets, .. } = happening else { continue };
            let Some(code) = self.answer else { continue };
            let own = self.desk.station.settings();
            let Ok(request) = Message::parse(&octets) else { continue };
            let mut builder = Builder::answer(&request);
            builder.result(code);
            builder.text(avp::ORIGIN_HOST, &own.host);
            builder.text(avp::ORIGIN_REALM, &own.realm);
            for code in [avp::AUTH_APPLICATION_ID, avp::CC_REQUEST_TYPE, avp::CC_REQUEST_NUMBER] {
                if let Some(known) = request.get(code) {
                    builder.avp(code, known.flags, known.data);
                }
            }
            builder.proxy_infos(&request);
            if let Ok(octets) = builder.finish() {
                self.desk.station.answer(connection, octets);
            }
        }
    }
}

/// The applications of these numbers; those of 3GPP with its vendor.
fn applications(all: &[Value]) -> Applications {
    let numbers = all.iter().filter_map(Value::as_integer).filter_map(|own| u32::try_from(own).ok());
    numbers.fold(Applications::default(), |mut own, number| {
        let vendor = tollgate_diameter::dictionary::application(number).map_or(0, |known| known.vendor);
        if vendor == 0 {
            own.auth.insert(number);
        } else {
            own.vendor.insert((vendor, number));
            own.vendors.insert(vendor);
        }
        own
    })
}

impl Node for DiameterClient {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.desk.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.desk.poll_output()
    }

    fn restart(&mut self, now: Instant) {
        self.desk.restart(now);
    }
}

impl Peer for DiameterClient {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let done = self.desk.by_hand(now, action);
        self.settle(now);
        done.unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string())))
    }
}
