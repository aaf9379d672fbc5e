//! Quotas as RADIUS carries them: `PortaBilling_Authorize` both ways, `PortaOne-Used-Resource`, and how long
//! `PortaBilling_Session` has a lock held. A value that cannot be read is left out and counted as an oddity.
//!
//! Source: ESI, custom attributes. Both spellings of a counter are read, the documents' text has one and its example the
//! other (`session-time`, `sessiontime`); so are both of a used amount (`amount=`, `value=`).

use std::time::Duration;

use tollgate_ocs_core::{Amount, Hold, QuotaGrant, QuotaWish, Unit};
use tollgate_time::Instant;

use crate::counters::Oddity;
use crate::shared::Oddities;

/// The counter of that name.
fn base(name: &str) -> Option<Unit> {
    match name {
        "session-time" | "sessiontime" => Some(Unit::Second),
        "data" | "octets" | "volume" => Some(Unit::Octet),
        "quantity" => Some(Unit::Piece),
        _ => None,
    }
}

const fn base_name(base: Unit) -> &'static str {
    match base {
        Unit::Second => "session-time",
        Unit::Octet => "data",
        Unit::Piece => "quantity",
    }
}

/// `name=value` of a list, in order.
fn options(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(';')
        .filter_map(|option| option.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
}

fn number(what: &str, name: &str, value: &str, oddities: &mut Oddities) -> Option<u64> {
    let number = value.parse().ok();
    if number.is_none() {
        oddities.note(Oddity::MalformedNumber, || format!("{what} {name}={value}"));
    }
    number
}

/// What a request asks for: one wish a counter, in its order. A counter that is not known here is passed over.
pub(crate) fn wishes(texts: &[&str], oddities: &mut Oddities) -> Vec<QuotaWish> {
    texts.iter().filter_map(|text| wish(text, oddities)).collect()
}

fn wish(text: &str, oddities: &mut Oddities) -> Option<QuotaWish> {
    const WHAT: &str = "PortaBilling_Authorize";
    let named = options(text).find(|(name, _)| *name == "base").map(|(_, value)| value);
    let Some(base) = named.and_then(base) else {
        oddities.note(Oddity::UnknownWord, || format!("{WHAT} base={}", named.unwrap_or_default()));
        return None;
    };
    let mut wish = QuotaWish::of(base);
    for (name, value) in options(text) {
        let above_zero = |oddities: &mut Oddities| {
            let units = number(WHAT, name, value, oddities)?;
            if units == 0 {
                oddities.note(Oddity::MalformedNumber, || format!("{WHAT} {name}=0"));
            }
            Some(units).filter(|units| *units > 0)
        };
        let moment =
            |oddities: &mut Oddities| number(WHAT, name, value, oddities).map(Instant::from_unix_secs);
        match name {
            "base" => {}
            "min" => wish.min = above_zero(oddities),
            "max" => wish.max = above_zero(oddities),
            "max_funds" => match value.parse::<Amount>() {
                Ok(funds) if !funds.is_negative() => wish.max_funds = Some(funds),
                _ => oddities.note(Oddity::MalformedNumber, || format!("{WHAT} {name}={value}")),
            },
            "expires" => wish.expires = moment(oddities),
            "max_expires" => wish.max_expires = moment(oddities),
            _ => oddities.note(Oddity::UnknownWord, || format!("{WHAT} {name}")),
        }
    }
    Some(wish)
}

/// A quota as it is granted: `base=session-time;avail=10;retained=490;expires=1515660408`.
pub(crate) fn granted(grant: &QuotaGrant) -> String {
    let mut text = format!("base={};avail=", base_name(grant.base));
    match grant.available {
        Some(units) => text.push_str(&units.to_string()),
        None => text.push_str("-1"),
    }
    if let Some(units) = grant.retained {
        text.push_str(&format!(";retained={units}"));
    }
    if let Some(expires) = grant.expires {
        text.push_str(&format!(";expires={}", expires.unix_secs()));
    }
    text
}

/// What a session has used since it became active, counter by counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Used {
    pub(crate) secs: Option<u64>,
    pub(crate) octets: Option<u64>,
    pub(crate) pieces: Option<u64>,
}

impl Used {
    /// Reads every `PortaOne-Used-Resource`; the last of one counter counts.
    pub(crate) fn read(texts: &[&str], oddities: &mut Oddities) -> Self {
        const WHAT: &str = "PortaOne-Used-Resource";
        let mut used = Self::default();
        for text in texts {
            let value_of = |wanted: &[&str]| options(text).find(|(name, _)| wanted.contains(name));
            let named = value_of(&["base"]).map(|(_, value)| value).unwrap_or_default();
            let Some(base) = base(named) else {
                oddities.note(Oddity::UnknownWord, || format!("{WHAT} base={named}"));
                continue;
            };
            let Some((name, value)) = value_of(&["amount", "value"]) else {
                oddities.note(Oddity::MalformedNumber, || format!("{WHAT} {text}"));
                continue;
            };
            let place = match base {
                Unit::Second => &mut used.secs,
                Unit::Octet => &mut used.octets,
                Unit::Piece => &mut used.pieces,
            };
            *place = number(WHAT, name, value, oddities).or(*place);
        }
        used
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.secs.is_none() && self.octets.is_none() && self.pieces.is_none()
    }
}

/// How long a lock is held: the options `expires` and `max_expires` of `PortaBilling_Session`, in seconds.
pub(crate) fn hold(session: Option<&str>, oddities: &mut Oddities) -> Option<Hold> {
    const WHAT: &str = "PortaBilling_Session";
    let mut hold = Hold::default();
    for (name, value) in options(session?) {
        let place = match name {
            "expires" => &mut hold.expires,
            "max_expires" | "max-expires" => &mut hold.max_expires,
            _ => continue,
        };
        *place = number(WHAT, name, value, oddities).map(Duration::from_secs);
    }
    (hold != Hold::default()).then_some(hold)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish_of(text: &str) -> (Option<QuotaWish>, usize) {
        let mut oddities = Oddities::default();
        let wish = wish(text, &mut oddities);
        (wish, oddities.kinds().len())
    }

    /// ESI, PortaBilling_Authorize, the example of a request.
    #[test]
    fn the_documented_request_is_read() {
        let expected = QuotaWish { max: Some(10), min: Some(5), ..QuotaWish::of(Unit::Second) };
        assert_eq!(wish_of("base=sessiontime;max=10;min=5"), (Some(expected), 0));
    }

    #[test]
    fn every_option_is_read() {
        let text = "base=data;min=1;max=1000;max_funds=2.50;expires=1515660400;max_expires=1515660500";
        let expected = QuotaWish {
            base: Unit::Octet,
            min: Some(1),
            max: Some(1_000),
            max_funds: Some("2.50".parse().unwrap()),
            expires: Some(Instant::from_unix_secs(1_515_660_400)),
            max_expires: Some(Instant::from_unix_secs(1_515_660_500)),
        };
        assert_eq!(wish_of(text), (Some(expected), 0));
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_counted() {
        let plain = Some(QuotaWish::of(Unit::Second));
        assert_eq!(wish_of("base=session-time;max=many"), (plain, 1));
        assert_eq!(wish_of("base=session-time;max=0;colour=red"), (plain, 2));
        assert_eq!(wish_of("base=session-time;max_funds=-1"), (plain, 1));
        assert_eq!(wish_of("base=furlongs;max=1"), (None, 1));
        assert_eq!(wish_of(""), (None, 1));
    }

    /// ESI, PortaBilling_Authorize, the example of a response.
    #[test]
    fn a_grant_is_told_as_in_the_example() {
        let grant = QuotaGrant {
            base: Unit::Second,
            available: Some(10),
            retained: Some(490),
            expires: Some(Instant::from_unix_secs(1_515_660_408)),
        };
        assert_eq!(granted(&grant), "base=session-time;avail=10;retained=490;expires=1515660408");
        let endless = QuotaGrant { available: None, retained: None, expires: None, ..grant };
        assert_eq!(granted(&endless), "base=session-time;avail=-1");
    }

    /// ESI, PortaOne-Used-Resource: the format and the examples spell the amount differently.
    #[test]
    fn used_resources_are_read_in_both_spellings() {
        let mut oddities = Oddities::default();
        let texts = ["base=quantity;value=2", "base=session-time;amount=70"];
        let used = Used::read(&texts, &mut oddities);
        assert_eq!(used, Used { secs: Some(70), octets: None, pieces: Some(2) });
        assert!(oddities.kinds().is_empty());
        assert!(Used::read(&["base=quantity"], &mut oddities).is_empty());
        assert_eq!(oddities.kinds().len(), 1);
    }

    #[test]
    fn a_lock_is_held_as_the_session_says() {
        let mut oddities = Oddities::default();
        let secs = |secs| Some(Duration::from_secs(secs));
        let held = hold(Some("lock;open=1;expires=30;max_expires=60"), &mut oddities);
        assert_eq!(held, Some(Hold { expires: secs(30), max_expires: secs(60) }));
        assert_eq!(hold(Some("nolock"), &mut oddities), None);
        assert_eq!(hold(None, &mut oddities), None);
        assert_eq!(hold(Some("lock;expires=soon"), &mut oddities), None);
        assert_eq!(oddities.kinds().len(), 1);
    }
}
