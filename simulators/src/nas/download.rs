//! A shop that sells by the piece: it asks how many may be had, delivers that many at most, and reports them (ESI, music
//! download).

use tollgate_network::{Action, ActionError};
use tollgate_radius::Packet;
use tollgate_wire::{Fields, Text};

use super::errand::{Desk, Next, Step, given, ivr_out};
use super::office::Office;
use super::prompts;

/// One purchase.
#[derive(Debug)]
pub(super) struct Purchase {
    name: Text,
    account: Text,
    password: Text,
    item: Text,
    quantity: u64,
    conf_id: Text,
    session_id: Text,
}

impl Purchase {
    /// Reads the verb `buy`.
    pub(super) fn read(action: &Action, office: &mut Office) -> Result<Self, ActionError> {
        let quantity = action.opt_integer("quantity").and_then(|number| u64::try_from(number).ok());
        Ok(Self {
            name: Text::default(),
            account: action.text("account")?.into(),
            password: action.text("password")?.into(),
            item: action.text("item")?.into(),
            quantity: quantity.ok_or_else(|| ActionError::BadArgument("quantity".to_owned()))?,
            conf_id: given(action, "conf-id", || office.draw_conf_id()),
            session_id: office.next_session_id(),
        })
    }

    pub(super) fn named(self, name: Text) -> Self {
        Self { name, ..self }
    }

    pub(super) fn name(&self) -> &Text {
        &self.name
    }

    pub(super) fn begin(&mut self, desk: &mut Desk<'_>) -> Next {
        let fields = Fields::new()
            .with("User-Name", self.account.clone())
            .with("User-Password", self.password.clone())
            .with("Called-Station-Id", self.item.clone())
            .with("h323-conf-id", self.conf_id.clone())
            .with("PortaOne-Service-Type", "Quantity");
        desk.send(&self.name, Step::Ask, fields)
    }

    pub(super) fn answered(&mut self, desk: &mut Desk<'_>, step: Step, packet: &Packet<'_>) -> Next {
        if step == Step::Report {
            return Next::Done;
        }
        let Some(grant) = desk.granted(&self.name, packet) else { return Next::Done };
        // What is granted in pieces travels where seconds do.
        let delivered = if grant.duration.is_some_and(|most| most.as_secs() < self.quantity) {
            desk.prompt(&self.name, prompts::NO_TIME.prompt, |_| {});
            0
        } else {
            let quantity = self.quantity;
            desk.prompt(&self.name, "delivered", |fields| fields.push("quantity", quantity));
            quantity
        };
        let at = desk.time(desk.now);
        let fields = Fields::new()
            .with("User-Name", self.account.clone())
            .with("Called-Station-Id", self.item.clone())
            .with("Acct-Status-Type", "Stop")
            .with("h323-call-origin", "originate")
            .with("h323-call-type", "Telephony")
            .with("h323-setup-time", at.clone())
            .with("h323-connect-time", at.clone())
            .with("h323-disconnect-time", at)
            .with("h323-disconnect-cause", if delivered == 0 { "29" } else { "10" })
            .with("h323-conf-id", self.conf_id.clone())
            .with("Acct-Session-Id", self.session_id.clone())
            .with("PortaOne-Service-Type", "Quantity")
            .with("h323-ivr-out", ivr_out(&[("Used-Service-Unit", &delivered.to_string())]));
        desk.send(&self.name, Step::Report, fields)
    }
}
