//! The registrar (RFC 3261 section 10.3, RFC 3327): where the telephones of each account are to be called, until when, and
//! by which way. Whether an account may register is not decided here.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tollgate_sip::{Message, NameAddr};
use tollgate_time::Instant;
use tollgate_wire::Text;

use crate::sip::Hop;

/// Telephones that one account may have; a further one is refused.
pub(super) const CONTACTS_MAX: usize = 10;
/// Accounts whose telephones are known at once.
pub(super) const ACCOUNTS_MAX: usize = 1 << 20;

/// One telephone of an account.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    /// Its URI.
    pub(super) contact: String,
    /// By which way to it: the Path that its registration came by, the nearest first; else the way that it came itself.
    pub(super) path: Vec<String>,
    pub(super) flow: Hop,
    /// In thousandths.
    pub(super) q: u16,
    pub(super) expires_at: Instant,
    call_id: Text,
    cseq: u32,
    /// Where it registered from, and until when it does so again without being asked about.
    remote: IpAddr,
    trusted_until: Instant,
}

/// Why a registration was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// More telephones than an account may have: 403.
    Full,
    /// It is older than what is known: 500 (RFC 3261 section 10.3, step 7).
    OutOfOrder,
    /// A Contact cannot be read: 400.
    Broken,
}

impl Refusal {
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::Full => 403,
            Self::OutOfOrder => 500,
            Self::Broken => 400,
        }
    }
}

/// What a registration asks for.
#[derive(Debug)]
pub(super) struct Wish<'m> {
    pub(super) message: &'m Message<'m>,
    /// Where it came from, and by which way.
    pub(super) remote: IpAddr,
    pub(super) flow: Hop,
    /// Until when its like is taken without another question.
    pub(super) trusted_until: Instant,
}

/// Every binding.
#[derive(Debug, Default)]
pub(super) struct Registrar {
    accounts: BTreeMap<Text, Vec<Binding>>,
}

impl Registrar {
    pub(super) fn clear(&mut self) {
        self.accounts.clear();
    }

    /// How many accounts have telephones, ended ones among them until somebody looks.
    pub(super) fn len(&self) -> usize {
        self.accounts.len()
    }

    /// The telephones of an account, the preferred ones first.
    pub(super) fn find(&mut self, now: Instant, account: &str) -> Vec<Binding> {
        let Some(own) = self.accounts.get_mut(account) else { return Vec::new() };
        own.retain(|binding| binding.expires_at > now);
        let mut all = own.clone();
        if all.is_empty() {
            self.accounts.remove(account);
        }
        all.sort_by_key(|binding| std::cmp::Reverse(binding.q));
        all
    }

    /// A telephone registers again as it did, and its binding lasts longer: the same contact from the same place within the
    /// life of its authorisation, under the same Call-ID. Answers with all telephones of the account; `None`, and nothing is
    /// changed, where the registration says anything else.
    pub(super) fn refresh(
        &mut self,
        now: Instant,
        account: &str,
        wish: &Wish<'_>,
        expires_max: u32,
    ) -> Option<&[Binding]> {
        let message = wish.message;
        let mut contacts = message.contacts();
        let (Some(Ok(contact)), None) = (contacts.next(), contacts.next()) else { return None };
        let own = self.accounts.get_mut(account)?;
        let call_id = message.value("Call-ID").unwrap_or_default();
        let cseq = message.cseq().ok()?.number;
        let known = own.iter_mut().find(|binding| binding.contact == contact.uri.text)?;
        let same = known.remote == wish.remote && *known.call_id == *call_id && known.cseq <= cseq;
        if !same || known.trusted_until <= now || known.expires_at <= now {
            return None;
        }
        let said = contact.params.get("expires").and_then(|secs| secs.parse().ok());
        let secs = said.or(message.expires_secs().ok()?).unwrap_or(expires_max).min(expires_max);
        if secs == 0 {
            return None;
        }
        known.expires_at = now + Duration::from_secs(u64::from(secs));
        (known.cseq, known.flow, known.q) = (cseq, wish.flow, contact.q_millis());
        let mut hops = message.addresses("Path").filter_map(Result::ok);
        if !known.path.iter().all(|own| hops.next().is_some_and(|hop| reads_as(own, &hop)))
            || hops.next().is_some()
        {
            known.path =
                message.addresses("Path").filter_map(Result::ok).map(|hop| hop.to_string()).collect();
        }
        own.retain(|binding| binding.expires_at > now);
        Some(own)
    }

    /// Takes what an authorised registration says; nothing is changed where it is refused.
    pub(super) fn take(
        &mut self,
        now: Instant,
        account: &str,
        wish: &Wish<'_>,
        expires_max: u32,
    ) -> Result<(), Refusal> {
        let message = wish.message;
        let cseq = message.cseq().map_err(|_| Refusal::Broken)?.number;
        let call_id = message.value("Call-ID").unwrap_or_default();
        if message.has_contact_star() {
            if message.expires_secs() != Ok(Some(0)) {
                return Err(Refusal::Broken);
            }
            self.accounts.remove(account);
            return Ok(());
        }
        let usual = message.expires_secs().map_err(|_| Refusal::Broken)?;
        let mut own = self.accounts.get(account).cloned().unwrap_or_default();
        own.retain(|binding| binding.expires_at > now);
        let path = || -> Vec<String> {
            message.addresses("Path").filter_map(Result::ok).map(|hop| hop.to_string()).collect()
        };
        for contact in message.contacts() {
            let contact: NameAddr<'_> = contact.map_err(|_| Refusal::Broken)?;
            let said = contact.params.get("expires").and_then(|secs| secs.parse().ok()).or(usual);
            let secs = said.unwrap_or(expires_max).min(expires_max);
            let known = own.iter().position(|binding| binding.contact == contact.uri.text);
            if let Some(known) = known.and_then(|at| own.get(at))
                && *known.call_id == *call_id
                && cseq < known.cseq
            {
                return Err(Refusal::OutOfOrder);
            }
            if secs == 0 {
                known.map(|at| own.remove(at));
                continue;
            }
            let binding = Binding {
                contact: contact.uri.text.to_owned(),
                path: path(),
                flow: wish.flow,
                q: contact.q_millis(),
                expires_at: now + Duration::from_secs(u64::from(secs)),
                call_id: call_id.into(),
                cseq,
                remote: wish.remote,
                trusted_until: wish.trusted_until,
            };
            let full = own.len() >= CONTACTS_MAX;
            match known.and_then(|at| own.get_mut(at)) {
                Some(known) => {
                    // What was authorised is not authorised for longer by itself.
                    let trusted_until = known.trusted_until.max(binding.trusted_until);
                    *known = Binding { trusted_until, ..binding };
                }
                None if full => return Err(Refusal::Full),
                None => own.push(binding),
            }
        }
        if own.is_empty() {
            self.accounts.remove(account);
        } else if self.accounts.len() < ACCOUNTS_MAX || self.accounts.contains_key(account) {
            self.accounts.insert(account.into(), own);
        } else {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    /// Forgets bindings that have ended.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.accounts.retain(|_, own| {
            own.retain(|binding| binding.expires_at > now);
            !own.is_empty()
        });
    }
}

/// Whether an address was kept with just these words.
fn reads_as(kept: &str, address: &NameAddr<'_>) -> bool {
    let rest = match address.display {
        Some(display) => kept.strip_prefix(display).and_then(|rest| rest.strip_prefix(' ')),
        None => Some(kept),
    };
    let rest =
        rest.and_then(|rest| rest.strip_prefix('<')?.strip_prefix(address.uri.text)?.strip_prefix('>'));
    rest == Some(address.params.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

    fn at(secs: u64) -> Instant {
        Instant::from_unix_secs(secs)
    }

    fn register(registrar: &mut Registrar, now: u64, cseq: u32, contact: &str) -> Result<(), Refusal> {
        let text = format!(
            "REGISTER sip:h SIP/2.0\r\nCall-ID: c\r\nCSeq: {cseq} REGISTER\r\nPath: <sip:10.0.0.5;lr>\r\nContact: {contact}\r\n\r\n"
        );
        let message = Message::parse(text.as_bytes()).unwrap();
        let flow = Hop::udp("10.0.0.9:5060".parse().unwrap());
        let wish = Wish { message: &message, remote: HERE, flow, trusted_until: at(now + 100) };
        registrar.take(at(now), "anna", &wish, 300)
    }

    fn contacts(registrar: &mut Registrar, now: u64) -> Vec<String> {
        registrar.find(at(now), "anna").into_iter().map(|binding| binding.contact).collect()
    }

    #[test]
    fn telephones_come_by_preference_and_go_when_they_end() {
        let mut own = Registrar::default();
        register(&mut own, 0, 1, "<sip:1@a>;q=0.5;expires=60").unwrap();
        register(&mut own, 0, 2, "<sip:1@b>;expires=9000").unwrap();
        assert_eq!(contacts(&mut own, 59), ["sip:1@b", "sip:1@a"]);
        assert_eq!(contacts(&mut own, 60), ["sip:1@b"]);
        // No longer than is allowed.
        assert!(contacts(&mut own, 300).is_empty());
        assert_eq!(own.len(), 0);
    }

    #[test]
    fn a_telephone_takes_itself_away_and_an_old_request_changes_nothing() {
        let mut own = Registrar::default();
        register(&mut own, 0, 5, "<sip:1@a>").unwrap();
        assert_eq!(register(&mut own, 1, 4, "<sip:1@a>;expires=0"), Err(Refusal::OutOfOrder));
        assert_eq!(contacts(&mut own, 1), ["sip:1@a"]);
        register(&mut own, 1, 6, "<sip:1@a>;expires=0").unwrap();
        assert!(contacts(&mut own, 1).is_empty());
    }

    #[test]
    fn an_account_has_no_more_telephones_than_the_bound() {
        let mut own = Registrar::default();
        for number in 0..CONTACTS_MAX {
            register(&mut own, 0, 1, &format!("<sip:{number}@a>")).unwrap();
        }
        assert_eq!(register(&mut own, 0, 2, "<sip:more@a>"), Err(Refusal::Full));
    }

    #[test]
    fn only_the_same_telephone_from_the_same_place_is_known_again() {
        let mut own = Registrar::default();
        register(&mut own, 0, 1, "<sip:1@a>").unwrap();
        let mut again = |now, contact: &str, call_id: &str, remote: IpAddr| {
            let text = format!(
                "REGISTER sip:h SIP/2.0\r\nCall-ID: {call_id}\r\nCSeq: 2 REGISTER\r\nContact: {contact}\r\nExpires: 60\r\n\r\n"
            );
            let message = Message::parse(text.as_bytes()).unwrap();
            let flow = Hop::udp("10.0.0.9:5060".parse().unwrap());
            let wish = Wish { message: &message, remote, flow, trusted_until: at(now) };
            own.refresh(at(now), "anna", &wish, 300).map(<[Binding]>::len)
        };
        assert_eq!(again(1, "<sip:1@b>", "c", HERE), None);
        assert_eq!(again(1, "<sip:1@a>", "d", HERE), None);
        assert_eq!(again(1, "<sip:1@a>", "c", [10, 0, 0, 8].into()), None);
        assert_eq!(again(1, "<sip:1@a>;expires=0", "c", HERE), None);
        assert_eq!(again(1, "<sip:1@a>", "c", HERE), Some(1));
        // It lasts until the second 61, and its authorisation until the second 100.
        assert_eq!(again(60, "<sip:1@a>", "c", HERE), Some(1));
        assert_eq!(again(100, "<sip:1@a>", "c", HERE), None);
        assert!(own.find(at(119), "anna").len() == 1 && own.find(at(120), "anna").is_empty());
    }

    #[test]
    fn a_path_that_was_kept_reads_as_the_same_and_as_no_other() {
        let all =
            ["<sip:10.0.0.5;lr>", "\"The Edge\" <sip:10.0.0.5;lr>;x=1", "sip:10.0.0.5;x=1", "<sip:10.0.0.5>"];
        for (at, text) in all.iter().enumerate() {
            let kept = NameAddr::parse(text).unwrap().to_string();
            for (other, text) in all.iter().enumerate() {
                assert_eq!(reads_as(&kept, &NameAddr::parse(text).unwrap()), at == other, "{kept} {text}");
            }
        }
    }
}
