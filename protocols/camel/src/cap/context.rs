//! Application contexts: who speaks with whom, about what, in which phase (TS 29.078 section 5.6; the
//! object identifiers of phase 2 in its release 98).

use std::fmt;

use super::Phase;

/// A context of CAP, or the contents of an object identifier that is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ApplicationContext {
    /// Calls in phase 2: 0.4.0.0.1.0.50.1.
    CallsPhaseTwo,
    /// Calls in phase 3: 0.4.0.0.1.21.3.4.
    CallsPhaseThree,
    /// Short messages in phase 3: 0.4.0.0.1.21.3.61.
    SmsPhaseThree,
    /// Any other.
    Other(Vec<u8>),
}

impl ApplicationContext {
    /// The context for calls of this phase.
    #[must_use]
    pub const fn calls(phase: Phase) -> Self {
        match phase {
            Phase::Two => Self::CallsPhaseTwo,
            Phase::Three => Self::CallsPhaseThree,
        }
    }

    /// The contents of the object identifier.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::CallsPhaseTwo => &[4, 0, 0, 1, 0, 50, 1],
            Self::CallsPhaseThree => &[4, 0, 0, 1, 21, 3, 4],
            Self::SmsPhaseThree => &[4, 0, 0, 1, 21, 3, 61],
            Self::Other(octets) => octets,
        }
    }

    /// The context of these contents.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Self {
        let known = [Self::CallsPhaseTwo, Self::CallsPhaseThree, Self::SmsPhaseThree];
        known.into_iter().find(|own| own.octets() == octets).unwrap_or_else(|| Self::Other(octets.to_vec()))
    }

    /// The phase that it stands for. Later phases read as phase 3, phase 1 as phase 2.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.octets() {
            [4, 0, 0, 1, 0, ..] => Phase::Two,
            _ => Phase::Three,
        }
    }

    /// The name that scenarios write: `cap2-calls`, `cap3-calls`, `cap3-sms`.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        match self {
            Self::CallsPhaseTwo => Some("cap2-calls"),
            Self::CallsPhaseThree => Some("cap3-calls"),
            Self::SmsPhaseThree => Some("cap3-sms"),
            Self::Other(_) => None,
        }
    }

    /// The context of a name, or of an object identifier with dots.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "cap2-calls" => Some(Self::CallsPhaseTwo),
            "cap3-calls" => Some(Self::CallsPhaseThree),
            "cap3-sms" => Some(Self::SmsPhaseThree),
            dotted => contents(dotted).map(|octets| Self::from_octets(&octets)),
        }
    }
}

/// The contents of an object identifier with dots (X.690 section 8.19).
fn contents(dotted: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u32> = dotted.split('.').map(|arc| arc.parse().ok()).collect::<Option<_>>()?;
    let [first @ 0..=2, second, rest @ ..] = arcs.as_slice() else { return None };
    if *first < 2 && *second > 39 {
        return None;
    }
    let mut octets = Vec::new();
    for arc in std::iter::once(first.checked_mul(40)?.checked_add(*second)?).chain(rest.iter().copied()) {
        let mut groups = vec![u8::try_from(arc & 0x7f).ok()?];
        let mut left = arc >> 7;
        while left > 0 {
            groups.push(0x80 | u8::try_from(left & 0x7f).ok()?);
            left >>= 7;
        }
        octets.extend(groups.iter().rev());
    }
    Some(octets)
}

impl fmt::Display for ApplicationContext {
    /// Its name, else the identifier with dots.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => dotted(self.octets(), f),
        }
    }
}

fn dotted(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (mut arc, mut first) = (0_u64, true);
    for octet in octets {
        arc = (arc << 7 & (u64::MAX >> 1)) | u64::from(octet & 0x7f);
        if octet & 0x80 != 0 {
            continue;
        }
        if first {
            let head = (arc / 40).min(2);
            write!(f, "{head}.{}", arc - head * 40)?;
        } else {
            write!(f, ".{arc}")?;
        }
        (arc, first) = (0, false);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_shown_and_read_with_dots() {
        let map = ApplicationContext::from_octets(&[4, 0, 0, 1, 0, 20, 3]);
        assert_eq!(map.to_string(), "0.4.0.0.1.0.20.3");
        assert_eq!(ApplicationContext::from_name("0.4.0.0.1.0.20.3"), Some(map));
        // 773 is 6 * 128 + 5.
        let dialogue = ApplicationContext::from_name("0.0.17.773.1.1.1").unwrap();
        assert_eq!(dialogue.octets(), [0, 17, 0x86, 5, 1, 1, 1]);
        assert_eq!(dialogue.to_string(), "0.0.17.773.1.1.1");
        assert_eq!(
            ApplicationContext::from_name("0.4.0.0.1.21.3.61"),
            Some(ApplicationContext::SmsPhaseThree)
        );
    }
}
