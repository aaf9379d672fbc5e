//! What a site shows of itself.

use tollgate_network::Observation;
use tollgate_ocs_core::site::{Application, Availability, Locked, SiteFact, Transferred};
use tollgate_ocs_core::{Amount, Currency, Role};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use crate::node::RadiusGateway;
use crate::observe::money;

impl RadiusGateway {
    /// What the site does, in a word: its role, or what it is about to do.
    pub(super) fn site_role(&self) -> &'static str {
        let site = self.ocs().site();
        let holds = self.site.as_ref().is_some_and(|face| face.holds_until.is_some());
        match site.role() {
            Role::Primary if holds => "waiting",
            Role::StandBy if site.outstanding().next().is_some() => "synchronising",
            role => role.name(),
        }
    }

    /// Tells of another role than the last.
    pub(super) fn show_role(&mut self, reason: &str) {
        let role = self.site_role();
        let Some(face) = self.site.as_mut().filter(|face| face.shown != role) else { return };
        face.shown = role;
        let site = self.ocs().site();
        let (epoch, release) = (site.epoch(), site.release());
        let fields = Fields::new()
            .with("role", role)
            .with("reason", reason)
            .with("epoch", epoch)
            .with("release", release.name());
        self.observe(|| Observation::new("site", fields));
    }

    pub(super) fn show_link_broken(&mut self, why: &str) {
        self.observe(|| Observation::new("site-link-broken", Fields::new().with("detail", why)));
    }

    /// Tells of a hand-over.
    pub(crate) fn show_site_fact(&mut self, fact: &SiteFact) {
        match fact {
            SiteFact::Changed(_) => {}
            SiteFact::Locked(Locked { period, records, calls, sums }) => {
                let fields = Fields::new()
                    .with("period", period.to_string().as_str())
                    .with("records", *records)
                    .with("calls", *calls);
                let fields = with_sums(fields, sums);
                self.observe(|| Observation::new("locked", fields));
            }
            SiteFact::Transferred(Transferred { period, complete: true, moved, known, sums, .. }) => {
                let fields = Fields::new()
                    .with("period", period.to_string().as_str())
                    .with("xdrs", *moved)
                    .with("known", *known);
                let fields = with_sums(fields, sums);
                self.observe(|| Observation::new("synchronised", fields));
            }
            SiteFact::Transferred(_) => {}
        }
    }

    /// What a site that stands alone has of an IVR application; `None` where it has all of it.
    pub(crate) fn application(&mut self, name: Option<&str>) -> Option<&'static Application> {
        let alone = self.ocs().site().role() == Role::StandAlone;
        let known = Application::named(name.filter(|_| alone)?)?;
        let mut fields =
            Fields::new().with("application", known.name).with("availability", known.alone.name());
        if let Availability::Limited(without) = known.alone {
            fields.push("without", without);
        }
        self.observe(|| Observation::new("application", fields));
        Some(known)
    }

    /// The site as it is, with a sum over the state that all sites of the system share.
    pub(crate) fn report_site(&mut self, now: Instant) {
        let role = self.site_role();
        let site = self.ocs().site();
        let outstanding: u64 = site.outstanding().map(|own| own.records()).sum();
        let periods = u64::try_from(site.outstanding().count()).unwrap_or(u64::MAX);
        let mut fields = Fields::new()
            .with("role", role)
            .with("epoch", site.epoch())
            .with("release", site.release().name())
            .with("software", site.software().name())
            .with("periods", periods)
            .with("outstanding", outstanding)
            .with("records", site.records())
            .with("state", format!("{:016x}", sum_of(&site.shared(now))).as_str());
        for own in site.adjustments() {
            let account = self.ocs().qualified(own.env, own.account);
            fields.push("adjusted", account.as_str());
            fields.push("adjustment", money(own.amount, own.currency));
        }
        self.observe(|| Observation::new("site-state", fields));
    }
}

fn with_sums(mut fields: Fields, sums: &[(Currency, Amount)]) -> Fields {
    for (currency, amount) in sums {
        fields.push("sum", money(*amount, *currency));
    }
    fields
}

/// FNV-1a, 64 bits: it tells states apart.
fn sum_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, octet| {
        (sum ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
