//! One event that is charged without a session: direct debiting, refund, balance check, price enquiry (RFC 8506 section 6).

use tollgate_diameter::avp;
use tollgate_network::{Action, ActionError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::bearer::{Key, Office};
use crate::credit_client::{Asked, CreditAnswer, Kind, Units, Verdict};

/// An event whose answer is awaited.
#[derive(Debug)]
pub(super) struct Event {
    name: Text,
    action: Text,
}

impl Event {
    /// Reads the verb and sends the request.
    pub(super) fn send(
        now: Instant,
        key: Key,
        action: &Action,
        office: &mut Office,
    ) -> Result<Self, ActionError> {
        let bad = |name: &str| ActionError::BadArgument(name.to_owned());
        let number = |name: &'static str| match action.opt_integer(name) {
            None => Ok(None),
            Some(number) => u32::try_from(number).map(Some).map_err(|_| bad(name)),
        };
        let word = action.text("action")?;
        let requested_action = match word {
            "direct-debiting" => 0,
            "refund" => 1,
            "check-balance" => 2,
            _ => 3,
        };
        let octets =
            action.opt_integer("octets").map(u64::try_from).transpose().map_err(|_| bad("octets"))?;
        let asked = Asked {
            rating_group: number("rating-group")?,
            service_identifier: number("service-identifier")?,
            requested: Some(Units { total: octets, ..Units::default() }),
            ..Asked::default()
        };
        let context = office.settings.context.clone();
        let mut credit = office.client.open(now, context, action.opt_text("session-id").map(Text::from));
        credit.subscriptions = vec![(0, action.text("msisdn")?.into())];
        office.client.request(now, &mut credit, (key, Kind::Event), |builder| {
            builder.u32(avp::REQUESTED_ACTION, requested_action);
            asked.write_units(builder);
            if let Some(group) = asked.rating_group {
                builder.u32(avp::RATING_GROUP, group);
            }
            if let Some(service) = asked.service_identifier {
                builder.u32(avp::SERVICE_IDENTIFIER, service);
            }
        });
        let name = action.opt_text("event").map_or_else(|| format!("event-{}", key.0).into(), Text::from);
        Ok(Self { name, action: word.into() })
    }

    /// What came of it.
    pub(super) fn answered(&self, answer: &CreditAnswer, office: &mut Office) {
        let outcome = if answer.is_success() { "done" } else { "refused" };
        self.tell(outcome, answer.result.map(|code| code.0), office);
    }

    /// Nobody answered.
    pub(super) fn unanswered(&self, verdict: Verdict, office: &mut Office) {
        let outcome = match verdict {
            Verdict::Terminate => "unanswered",
            Verdict::Continue => "served-uncharged",
            Verdict::Stored => "stored",
        };
        self.tell(outcome, None, office);
    }

    fn tell(&self, outcome: &'static str, code: Option<u32>, office: &mut Office) {
        office.out.observe("event", || {
            let mut fields = Fields::new()
                .with("outcome", outcome)
                .with("event", self.name.clone())
                .with("action", self.action.clone());
            if let Some(code) = code {
                fields.push("result-code", code);
            }
            fields
        });
    }
}
