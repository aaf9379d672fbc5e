//! A voucher IVR: the caller logs in by his number, enters the number of a voucher and hears what was paid in (ESI,
//! voucher recharge session).

use tollgate_network::{Action, ActionError};
use tollgate_radius::Packet;
use tollgate_wire::{Fields, Text};

use super::errand::{Desk, Next, Step, given, ivr_out};
use super::office::Office;

/// One caller with a voucher.
#[derive(Debug)]
pub(super) struct Recharge {
    name: Text,
    account: Text,
    voucher: Text,
    access: Text,
    conf_id: Text,
}

impl Recharge {
    /// Reads the verb `recharge`.
    pub(super) fn read(action: &Action, office: &mut Office) -> Result<Self, ActionError> {
        Ok(Self {
            name: Text::default(),
            account: action.text("account")?.into(),
            voucher: action.text("voucher")?.into(),
            access: action.text("access")?.into(),
            conf_id: given(action, "conf-id", || office.draw_conf_id()),
        })
    }

    pub(super) fn named(self, name: Text) -> Self {
        Self { name, ..self }
    }

    pub(super) fn name(&self) -> &Text {
        &self.name
    }

    pub(super) fn begin(&mut self, desk: &mut Desk<'_>) -> Next {
        desk.send(&self.name, Step::Login, self.asking("", ""))
    }

    pub(super) fn answered(&mut self, desk: &mut Desk<'_>, step: Step, packet: &Packet<'_>) -> Next {
        let Some(grant) = desk.granted(&self.name, packet) else { return Next::Done };
        let money = |fields: &mut Fields, amount: Option<&str>| {
            if let Some(amount) = amount {
                fields.push("amount", amount);
            }
            if let Some(currency) = grant.currency {
                fields.push("currency", currency);
            }
        };
        if step == Step::Login {
            desk.prompt(&self.name, "balance", |fields| money(fields, grant.amount));
            let wanted = format!("action=rechargeVoucher;id={}", self.voucher);
            return desk.send(&self.name, Step::Ask, self.asking("ignore", &wanted));
        }
        let recharged = packet.pairs().find(|pair| pair.name == "PortaBilling_RechargedAmount");
        desk.prompt(&self.name, "recharged", |fields| money(fields, recharged.map(|pair| pair.value)));
        desk.prompt(&self.name, "balance", |fields| money(fields, grant.amount));
        Next::Done
    }

    fn asking(&self, lock: &str, wanted: &str) -> Fields {
        Fields::new()
            .with("User-Name", self.account.clone())
            .with("Calling-Station-Id", self.account.clone())
            .with("h323-conf-id", self.conf_id.clone())
            .with("PortaOne-Service-Type", "Quantity")
            .with(
                "h323-ivr-out",
                ivr_out(&[
                    ("PortaBilling_Session", lock),
                    ("PortaBilling_Mod_ivrutil", wanted),
                    ("PortaBilling_Original_CLD", &self.access),
                    ("PortaBilling_Ignore_Password", "YES"),
                ]),
            )
    }
}
