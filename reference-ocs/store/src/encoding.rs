//! How commands, xDRs and states become octets: postcard (variable-length integers, no names), with a version in front
//! of every file and a sum over what was written.
//!
//! Postcard does not describe itself, so a file also carries the [`shape`]: the sum of sample commands in this build's
//! encoding. A field that somebody adds without a thought to [`FORMAT_VERSION`] changes it, and the file is refused and
//! not misread.

use serde::{Deserialize, Serialize};
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Admin, Amount, CatalogueBuilder, Command, CustomerSpec, Lock, Ocs,
    ProductSpec, Proof, RatingEntrySpec, Service, SessionKey, Settings, Stage, TariffSpec, UsageReport, Xdr,
};
use tollgate_time::Instant;

/// The version of everything that is written here. Raise it with any change of the encoding, of the kinds of commands and
/// xDRs, or of what a command leads to; say here what becomes of the versions before it.
///
/// - 1: the first.
/// - 2: records of payments and credits; commands of later kinds. A store of format 1 is refused: its commands, applied
///   again, would make records that were never promised, and number all others anew.
/// - 3: requests that say what comes in, where a call is from, and that a telephone registers; commands about sites and
///   about customers that move between systems, and states with what a site alone has gathered and what is remembered of
///   moves. A store of format 2 is refused: its commands have no place for that.
pub const FORMAT_VERSION: u32 = 3;

/// The world that a store belongs to, as a sum over what it was made of. Commands mean something else in another world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World(u64);

impl World {
    /// The world of these octets, such as its file's.
    #[must_use]
    pub fn of(octets: &[u8]) -> Self {
        // FNV-1a, 64 bits: it tells worlds apart, and keeps nobody from forging one.
        Self(octets.iter().fold(0xcbf2_9ce4_8422_2325, |sum, octet| {
            (sum ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    /// This world as it stands on another file's octets, too.
    #[must_use]
    pub fn over(self, octets: &[u8]) -> Self {
        // The length keeps a line that moves from one file to the other from being the same.
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX).to_le_bytes();
        let more = [&self.0.to_le_bytes()[..], &length, octets].concat();
        Self::of(&more)
    }

    pub(crate) const fn sum(self) -> u64 {
        self.0
    }
}

/// One thing in a log, to be written.
#[derive(Serialize)]
pub(crate) enum ItemRef<'a> {
    Command(Instant, &'a Command),
    /// Time passed, and something came of that alone.
    Passed(Instant),
    Xdr(&'a Xdr),
}

/// One thing in a log, as it is read.
#[derive(Debug, Deserialize)]
pub(crate) enum Item {
    Command(Instant, Command),
    Passed(Instant),
    Xdr(Xdr),
}

/// Adds one thing to a buffer.
pub(crate) fn push(buffer: Vec<u8>, item: &ItemRef<'_>) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_extend(item, buffer)
}

/// The things that a buffer holds, in their order; ends at the first that cannot be read.
pub(crate) fn items(mut rest: &[u8]) -> impl Iterator<Item = Result<Item, postcard::Error>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        Some(
            postcard::take_from_bytes(rest)
                .map(|(item, after)| {
                    rest = after;
                    item
                })
                .inspect_err(|_| rest = &[]),
        )
    })
}

/// The sum of the sample commands and xDRs in this build's encoding.
pub(crate) fn shape() -> u32 {
    let mut octets = Vec::new();
    for command in samples() {
        let item = ItemRef::Command(Instant::from_unix_secs(1), &command);
        // A sample that cannot be written counts as nothing, which is a shape of its own.
        octets.extend(push(Vec::new(), &item).unwrap_or_default());
    }
    for xdr in sample_system().iter().flat_map(Ocs::xdrs) {
        octets.extend(push(Vec::new(), &ItemRef::Xdr(xdr)).unwrap_or_default());
    }
    crc32fast::hash(&octets)
}

/// The sum of a sample state in this build's encoding: an account in use, and a report of an unknown one.
pub(crate) fn state_shape() -> u32 {
    // One that cannot be made counts as nothing, which is a shape of its own.
    sample_state().map_or(0, |octets| crc32fast::hash(&octets))
}

fn sample_state() -> Option<Vec<u8>> {
    postcard::to_stdvec(&sample_system()?.state()).ok()
}

/// A system with an account in use, and a report of an unknown one.
fn sample_system() -> Option<Ocs> {
    let currency = "XXX".parse().ok()?;
    let mut build = CatalogueBuilder::new(Settings::new(currency)).ok()?;
    let customer = build.customer(CustomerSpec::new("c", currency)).ok()?;
    let product =
        ProductSpec { name: "p".to_owned(), currency, breakage: Amount::from_units(1), language: None };
    let product = build.product(product).ok()?;
    let tariff = TariffSpec { name: "t".to_owned(), currency, service: Service::Voice };
    let tariff = build.tariff(tariff).ok()?;
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).ok()?;
    let other = Settings { env: EnvId::from_number(2), ..Settings::new(currency) };
    build.environment(CatalogueBuilder::new(other).ok()?).ok()?;
    let account = AccountSpec::debit("a", currency, Amount::from_units(1), product, customer);
    build.account(account).ok()?;
    let mut ocs = Ocs::new(build.finish().ok()?);
    for (secs, account) in (1..).zip(["a", "b"]) {
        let report = |stage| UsageReport {
            account: account.to_owned(),
            session: SessionKey::new(account),
            cld: Some("1".to_owned()),
            duration: Some(1),
            stage,
            ..UsageReport::default()
        };
        for stage in [Stage::Start, Stage::Stop] {
            let _ = ocs.apply(Instant::from_unix_secs(secs), Command::Account(report(stage)));
        }
    }
    Some(ocs)
}

/// A command of every kind that travels, with every kind of field in it.
fn samples() -> Vec<Command> {
    let access = AccessRequest {
        session: SessionKey::new("s"),
        account: "a".to_owned(),
        cld: Some("1".to_owned()),
        proof: Proof::Ignored,
        service: Service::Did,
        lock: Lock::Ignore,
        ..AccessRequest::default()
    };
    let report = UsageReport {
        stage: Stage::Stop,
        duration: Some(300),
        connected_at: Some(Instant::from_unix_secs(2)),
        ..UsageReport::default()
    };
    let account = || "a".to_owned();
    vec![
        Command::Authenticate(access.clone()),
        Command::Authorize(access),
        Command::Account(report),
        Command::Admin(Admin::TopUp { account: account(), amount: Amount::from_units(1) }),
        Command::Admin(Admin::CloseSession { account: account(), session: SessionKey::new("s") }),
        Command::Admin(Admin::Block { account: account() })
            .within(EnvId::from_number(2), EnvId::from_number(1)),
        Command::Admin(Admin::AdjustCustomer { customer: "c".to_owned(), amount: Amount::from_units(1) }),
        Command::Recharge(Box::default()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut buffer = Vec::new();
        let commands = samples();
        for (secs, command) in (0..).zip(&commands) {
            buffer = push(buffer, &ItemRef::Command(Instant::from_unix_secs(secs), command)).unwrap();
        }
        let read: Vec<_> = items(&buffer).map(|item| item.unwrap()).collect();
        assert_eq!(read.len(), commands.len());
        for ((secs, command), item) in (0..).zip(&commands).zip(read) {
            let Item::Command(at, own) = item else { panic!("a command became an xDR") };
            assert_eq!((at, &own), (Instant::from_unix_secs(secs), command));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_report_and_request_is_read_as_it_was_written(
            texts in proptest::array::uniform4(".{0,40}"),
            some in proptest::option::of(".{0,40}"),
            number in proptest::option::of(proptest::num::u64::ANY),
            nanos in proptest::num::u64::ANY,
            stage in proptest::sample::select(vec![Stage::Start, Stage::Interim, Stage::Stop]),
            service in proptest::sample::select(Service::ALL.to_vec()),
        ) {
            let [account, session, cld, node] = texts;
            let at = Instant::from_unix_nanos(nanos);
            let report = UsageReport {
                node: Some(node),
                session: SessionKey::new(session.clone()),
                account: account.clone(),
                cld: Some(cld.clone()),
                cli: some.clone(),
                duration: number,
                octets_in: number,
                connected_at: number.map(Instant::from_unix_nanos),
                delay: nanos,
                stage,
                service,
                ..UsageReport::default()
            };
            let request = AccessRequest {
                parent: some.map(SessionKey::new),
                session: SessionKey::new(session),
                account,
                cld: Some(cld),
                service,
                ..AccessRequest::default()
            };
            for command in [Command::Account(report), Command::Authorize(request)] {
                let octets = push(Vec::new(), &ItemRef::Command(at, &command)).unwrap();
                let mut read = items(&octets);
                let Some(Ok(Item::Command(when, own))) = read.next() else { panic!("it was not read") };
                proptest::prop_assert_eq!((when, own), (at, command));
                proptest::prop_assert!(read.next().is_none());
            }
        }

        #[test]
        fn any_octets_are_read_without_harm(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            proptest::prop_assert!(items(&octets).count() <= octets.len());
        }
    }

    #[test]
    fn a_buffer_that_ends_too_soon_is_an_error_and_an_end() {
        let buffer = push(Vec::new(), &ItemRef::Command(Instant::EPOCH, &samples()[1])).unwrap();
        for end in 1..buffer.len() {
            let read: Vec<_> = items(&buffer[..end]).collect();
            assert!(matches!(read[..], [Err(_)]), "{end}: {read:?}");
        }
    }

    #[test]
    fn a_state_has_a_shape() {
        let state = sample_state().unwrap();
        // Two sessions, with their names in them.
        assert!(state.len() > 100, "{}", state.len());
        assert_eq!(state_shape(), crc32fast::hash(&state));
    }

    #[test]
    fn worlds_are_told_apart() {
        assert_eq!(World::of(b"currency: CAD"), World::of(b"currency: CAD"));
        assert_ne!(World::of(b"currency: CAD"), World::of(b"currency: USD"));
        assert_ne!(World::of(b"a").over(b"bc"), World::of(b"a").over(b"bd"));
        assert_ne!(World::of(b"a").over(b"b").over(b"c"), World::of(b"a").over(b"bc"));
    }
}
