//! From the core's answer to a Credit-Control-Answer.
//!
//! Levels, as ESI shows them: what is wrong with the account is the command's Result-Code; what is wrong with one service
//! is that service's, and the command succeeds. An event has one level only.

use std::time::Duration;

use tollgate_diameter::{Builder, Message, ResultCode, avp};
use tollgate_ocs_core::{CreditAnswer, Denial, EventAnswer, Granted, ServiceAnswer, ServiceOutcome, Unit};
use tollgate_time::Instant;

use super::config::{DiameterConfig, FailureHandling, FinalUnit, ServiceRule};
use super::request::{Asked, Kind, Understood};
use super::{money, results};

/// Final-Unit-Action (RFC 8506 section 8.35).
const TERMINATE: u32 = 0;
const REDIRECT: u32 = 1;
const RESTRICT_ACCESS: u32 = 2;

/// What an answer is written from.
pub(super) struct Answering<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a DiameterConfig,
    /// The Origin-Host of the answer.
    pub(super) host: &'a str,
    pub(super) request: &'a Message<'a>,
    pub(super) understood: &'a Understood,
    /// The client is told the called number as it was translated.
    pub(super) provision_cld: bool,
}

impl Answering<'_> {
    /// Writes the whole answer behind the buffer's contents.
    pub(super) fn write(&self, builder: &mut Builder, answer: &CreditAnswer) {
        self.head(builder, self.result(answer));
        match answer {
            CreditAnswer::Session(session) => self.session(builder, &session.services),
            CreditAnswer::Denied { denial, .. } => self.denied(builder, *denial),
            CreditAnswer::Event(event) => self.event(builder, event),
            CreditAnswer::UnknownSession => {}
        }
        builder.proxy_infos(self.request);
    }

    /// Result-Code of the command.
    fn result(&self, answer: &CreditAnswer) -> ResultCode {
        match answer {
            CreditAnswer::Denied { denial, .. } => results::of(*denial),
            CreditAnswer::UnknownSession => ResultCode::UNKNOWN_SESSION_ID,
            CreditAnswer::Event(_) => ResultCode::SUCCESS,
            // Without a place of its own, the one service's result is the command's.
            CreditAnswer::Session(session) if !self.understood.multiple => {
                let rated = self.understood.services.first();
                session.services.first().map_or(ResultCode::SUCCESS, |own| self.service_result(own, rated))
            }
            CreditAnswer::Session(_) => ResultCode::SUCCESS,
        }
    }

    fn service_result(&self, answer: &ServiceAnswer, asked: Option<&Asked>) -> ResultCode {
        match &answer.outcome {
            ServiceOutcome::Denied(_) if asked.is_some_and(|own| own.rule.is_none() || own.other_units) => {
                ResultCode::RATING_FAILED
            }
            ServiceOutcome::Denied(denial) => results::of(*denial),
            ServiceOutcome::Granted(granted) if self.is_uncontrolled(granted, asked) => {
                ResultCode::CREDIT_CONTROL_NOT_APPLICABLE
            }
            ServiceOutcome::Granted(_) => ResultCode::SUCCESS,
            ServiceOutcome::Settled if asked.is_some_and(|own| own.rule.is_none() || own.other_units) => {
                ResultCode::RATING_FAILED
            }
            ServiceOutcome::Settled => ResultCode::SUCCESS,
        }
    }

    fn rule(&self, asked: Option<&Asked>) -> Option<&ServiceRule> {
        self.config.services.get(asked?.rule?)
    }

    fn is_uncontrolled(&self, granted: &Granted, asked: Option<&Asked>) -> bool {
        granted.free && self.rule(asked).is_some_and(|rule| rule.free_is_not_controlled)
    }

    /// What every answer has (RFC 8506 section 3.2).
    fn head(&self, builder: &mut Builder, result: ResultCode) {
        head(builder, (self.host, &self.config.realm), self.request, result);
        if self.understood.kind == Kind::Initial && result == ResultCode::SUCCESS {
            if let Some(supported) = self.config.session_failover {
                builder.u32(avp::CC_SESSION_FAILOVER, u32::from(supported));
            }
            if let Some(handling) = self.config.failure_handling {
                builder.u32(
                    avp::CREDIT_CONTROL_FAILURE_HANDLING,
                    match handling {
                        FailureHandling::Terminate => 0,
                        FailureHandling::Continue => 1,
                        FailureHandling::RetryAndTerminate => 2,
                    },
                );
            }
        }
    }

    fn session(&self, builder: &mut Builder, services: &[ServiceAnswer]) {
        if self.understood.kind == Kind::Terminate {
            return;
        }
        let all = services.iter().zip(&self.understood.services);
        if self.understood.multiple {
            for (answer, asked) in all.clone() {
                builder.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |own| self.service(own, answer, asked));
            }
        } else if let Some((answer, asked)) = all.clone().next() {
            self.units(builder, answer, asked);
        }
        if self.provision_cld {
            self.translated(builder, all);
        }
    }

    /// One Multiple-Services-Credit-Control.
    fn service(&self, builder: &mut Builder, answer: &ServiceAnswer, asked: &Asked) {
        self.units(builder, answer, asked);
        if let Some(group) = asked.named.rating_group {
            builder.u32(avp::RATING_GROUP, group);
        }
        for service in &asked.named.service_identifiers {
            builder.u32(avp::SERVICE_IDENTIFIER, *service);
        }
        builder.result(self.service_result(answer, Some(asked)));
    }

    /// What is granted, and what a client is to do with it.
    fn units(&self, builder: &mut Builder, answer: &ServiceAnswer, asked: &Asked) {
        let Some(rule) = self.rule(Some(asked)) else { return };
        match &answer.outcome {
            ServiceOutcome::Granted(granted) if self.is_uncontrolled(granted, Some(asked)) => {}
            ServiceOutcome::Granted(granted) => self.grant(builder, granted, rule),
            ServiceOutcome::Denied(denial)
                if results::of(*denial) == ResultCode::CREDIT_LIMIT_REACHED && !asked.other_units =>
            {
                final_unit(builder, &rule.final_unit);
                self.validity(builder, self.now + rule.validity);
            }
            // After a redirection or a restriction there is nothing to grant, and a time to ask again
            // (RFC 8506 sections 5.6.2 and 5.6.3).
            ServiceOutcome::Settled
                if self.understood.kind == Kind::Update && rule.final_unit != FinalUnit::Terminate =>
            {
                self.validity(builder, self.now + rule.validity);
            }
            ServiceOutcome::Denied(_) | ServiceOutcome::Settled => {}
        }
    }

    fn grant(&self, builder: &mut Builder, granted: &Granted, rule: &ServiceRule) {
        builder.group(avp::GRANTED_SERVICE_UNIT, |own| {
            if let Some(change) = granted.tariff_change {
                own.time(avp::TARIFF_TIME_CHANGE, change);
            }
            units(own, rule.service.unit(), granted.units);
        });
        self.validity(builder, granted.valid_until);
        if granted.last {
            final_unit(builder, &rule.final_unit);
        }
        let seconds = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
        if let Some(held) = rule.holding_time {
            builder.u32(avp::QUOTA_HOLDING_TIME, seconds(held));
        }
        if let Some(threshold) = rule.threshold {
            let code = match rule.service.unit() {
                Unit::Second => avp::TIME_QUOTA_THRESHOLD,
                Unit::Octet => avp::VOLUME_QUOTA_THRESHOLD,
                Unit::Piece => avp::UNIT_QUOTA_THRESHOLD,
            };
            builder.u32(code, threshold);
        }
        if !rule.triggers.is_empty() {
            builder.group(avp::TRIGGER, |own| {
                rule.triggers.iter().for_each(|kind| own.u32(avp::TRIGGER_TYPE, *kind));
            });
        }
        if let Some((pool, price)) = rule.pool.zip(granted.unit_price) {
            builder.group(avp::G_S_U_POOL_REFERENCE, |own| {
                own.u32(avp::G_S_U_POOL_IDENTIFIER, pool);
                own.u32(
                    avp::CC_UNIT_TYPE,
                    match rule.service.unit() {
                        Unit::Second => 0,
                        Unit::Octet => 2,
                        Unit::Piece => 5,
                    },
                );
                multiplier(own, price.nanos, price.per);
            });
        }
    }

    /// Validity-Time from the moment on of which the client spoke: its own wait for the answer counts.
    fn validity(&self, builder: &mut Builder, until: Instant) {
        let asked_at = self.understood.at.map_or(self.now, |at| at.min(self.now));
        // A client tells its time in whole seconds; what is less than one of ours is not its delay.
        let late = Duration::from_secs(self.now.unix_secs().saturating_sub(asked_at.unix_secs()));
        let span = (until - self.now).saturating_sub(late);
        // A clock that is far behind makes no grant void: half of it is always left.
        let span = span.max((until - self.now) / 2);
        builder.u32(avp::VALIDITY_TIME, u32::try_from(span.as_secs()).unwrap_or(u32::MAX));
    }

    /// The called number as it is charged, where that is another than the one that came (ro.ProvisionCld).
    fn translated<'b>(
        &self,
        builder: &mut Builder,
        mut all: impl Iterator<Item = (&'b ServiceAnswer, &'b Asked)>,
    ) {
        let found = all.find_map(|(answer, asked)| match &answer.outcome {
            ServiceOutcome::Granted(granted) => {
                granted.cld.as_deref().filter(|own| asked.cld.as_deref() != Some(own))
            }
            _ => None,
        });
        if let Some(number) = found {
            builder.group(avp::SERVICE_INFORMATION, |own| {
                own.group(avp::IMS_INFORMATION, |own| {
                    own.text(avp::CALLED_PARTY_ADDRESS, number);
                });
            });
        }
    }

    /// An account that may use nothing. A data session hears what to do about it, a call need not (ESI, Gy and Ro).
    fn denied(&self, builder: &mut Builder, denial: Denial) {
        let rule = self.understood.services.iter().find_map(|own| self.rule(Some(own)));
        let Some(rule) = rule else { return };
        let out_of_money = results::of(denial) == ResultCode::CREDIT_LIMIT_REACHED;
        if self.understood.kind == Kind::Event {
            if out_of_money {
                self.validity(builder, self.now + rule.validity);
                final_unit(builder, &rule.final_unit);
            }
        } else if denial != Denial::InvalidAccount && rule.service.unit() == Unit::Octet {
            final_unit(builder, &rule.final_unit);
        }
    }

    fn event(&self, builder: &mut Builder, event: &EventAnswer) {
        let rule = self.rule(self.understood.services.first());
        match *event {
            EventAnswer::Debited { units: count, amount, currency } => {
                if let Some((count, rule)) = count.zip(rule) {
                    builder.group(avp::GRANTED_SERVICE_UNIT, |own| units(own, rule.service.unit(), count));
                    self.validity(builder, self.now + rule.validity);
                } else {
                    money::write_cost(builder, amount, currency);
                }
            }
            EventAnswer::Refunded { .. } => {}
            EventAnswer::Enough(enough) => {
                // ENOUGH_CREDIT is 0 (RFC 8506 section 8.6).
                builder.u32(avp::CHECK_BALANCE_RESULT, u32::from(!enough));
            }
            EventAnswer::Price { amount, currency } => money::write_cost(builder, amount, currency),
        }
    }
}

/// What every answer to a Credit-Control-Request has, also to one that was not understood.
pub(super) fn head(
    builder: &mut Builder,
    (host, realm): (&str, &str),
    request: &Message<'_>,
    result: ResultCode,
) {
    builder.result(result);
    builder.text(avp::ORIGIN_HOST, host);
    builder.text(avp::ORIGIN_REALM, realm);
    builder.u32(avp::AUTH_APPLICATION_ID, super::CREDIT_CONTROL);
    for code in [avp::CC_REQUEST_TYPE, avp::CC_REQUEST_NUMBER, avp::CC_SUB_SESSION_ID] {
        if let Some(own) = request.get(code) {
            builder.avp(own.code, own.flags, own.data);
        }
    }
}

fn units(builder: &mut Builder, unit: Unit, count: u64) {
    match unit {
        Unit::Second => builder.u32(avp::CC_TIME, u32::try_from(count).unwrap_or(u32::MAX)),
        Unit::Octet => builder.u64(avp::CC_TOTAL_OCTETS, count),
        Unit::Piece => builder.u64(avp::CC_SERVICE_SPECIFIC_UNITS, count),
    }
}

/// Final-Unit-Indication (RFC 8506 sections 8.34 to 8.37).
fn final_unit(builder: &mut Builder, action: &FinalUnit) {
    builder.group(avp::FINAL_UNIT_INDICATION, |own| match action {
        FinalUnit::Terminate => own.u32(avp::FINAL_UNIT_ACTION, TERMINATE),
        FinalUnit::Redirect(server) => {
            own.u32(avp::FINAL_UNIT_ACTION, REDIRECT);
            own.group(avp::REDIRECT_SERVER, |own| {
                own.u32(avp::REDIRECT_ADDRESS_TYPE, server.kind);
                own.text(avp::REDIRECT_SERVER_ADDRESS, &server.address);
            });
        }
        FinalUnit::Restrict { rules, filter_ids } => {
            own.u32(avp::FINAL_UNIT_ACTION, RESTRICT_ACCESS);
            rules.iter().for_each(|rule| own.text(avp::RESTRICTION_FILTER_RULE, rule));
            filter_ids.iter().for_each(|id| own.text(avp::FILTER_ID, id));
        }
    });
}

/// The price of one unit as digits and exponent, rounded up: no pool is larger than the money behind it.
fn multiplier(builder: &mut Builder, nanos: i64, per: u64) {
    // Nine decimals more than the price has: a price for 2^20 octets is a small one for each.
    let scaled = i128::from(nanos) * 1_000_000_000;
    let per = i128::from(per.max(1));
    let each = (scaled + per - 1) / per;
    let (mut digits, mut exponent) = (each, -18);
    while i64::try_from(digits).is_err() {
        digits = (digits + 9) / 10;
        exponent += 1;
    }
    money::write_value(builder, i64::try_from(digits).unwrap_or(i64::MAX), exponent);
}
