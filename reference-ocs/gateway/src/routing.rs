//! Routes of SIP calls: the answer to a request with `routing=1` tells by which carriers to call, in which order
//! (ESI, SIP routing request). The table is the gateway's: routes cost nothing and the core knows of none.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::{Accepted, Called, Grant, ReturnCode};
use tollgate_radius::{Builder, EncodeError, attribute, cisco};
use tollgate_time::Instant;
use tollgate_wire::Text;

use crate::answers::{About, billing_model, language, rated_by, redirect, return_code};
use crate::local::LocalDelivery;
use crate::shared::parameter;

/// A carrier that takes calls to some numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name; of routes with equal preference the first by name is tried first.
    pub name: Text,
    /// What the E.164 numbers begin with that it takes; empty for all.
    pub prefix: Text,
    /// Where to send the call.
    pub address: IpAddr,
    /// The highest is tried first.
    pub preference: u32,
    /// `auth`: how the call proves itself to the carrier.
    pub auth: Option<Text>,
    /// `rtpp-level`: whether media go through the own proxy, 0 to 3.
    pub rtpp_level: Option<u8>,
    /// The routing plans that it is of; a plan that no route is of takes any.
    pub plans: Vec<Text>,
}

/// All routes, the preferred ones first, and what is told with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    routes: Vec<Route>,
    /// `PortaOne-Service-Features` by the product's name.
    features: BTreeMap<Text, Text>,
    /// How calls to accounts of the own network are delivered, by the account's id.
    deliveries: BTreeMap<Text, LocalDelivery>,
    /// Where other systems take calls to the accounts that have moved to them.
    systems: BTreeMap<EnvId, IpAddr>,
}

impl Routes {
    /// Puts routes in their order.
    #[must_use]
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by(|a, b| b.preference.cmp(&a.preference).then_with(|| a.name.cmp(&b.name)));
        Self { routes, ..Self::default() }
    }

    /// The same, where those who have a product are told of its services (`moh=1; rec=2`).
    #[must_use]
    pub fn with_features(self, features: impl IntoIterator<Item = (Text, Text)>) -> Self {
        Self { features: features.into_iter().collect(), ..self }
    }

    /// The same, where calls to these accounts are delivered otherwise than to their registered telephones.
    #[must_use]
    pub fn with_deliveries(self, deliveries: impl IntoIterator<Item = (Text, LocalDelivery)>) -> Self {
        Self { deliveries: deliveries.into_iter().collect(), ..self }
    }

    /// The same, where calls to accounts that have moved to another system go to its SIP servers.
    #[must_use]
    pub fn with_systems(self, systems: impl IntoIterator<Item = (EnvId, IpAddr)>) -> Self {
        Self { systems: systems.into_iter().collect(), ..self }
    }

    /// Whether there are none, in which case nobody is told of any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The Framed-Routes of a call that was accepted, in the order in which to try them, and how long each is rung. A release
    /// that knows no redirect servers says nothing of where they may send calls.
    fn of(&self, accepted: &Accepted, knows_redirects: bool) -> (Vec<String>, Duration) {
        let cld = accepted.cld.as_deref().unwrap_or_default();
        let mut ring = PATIENCE;
        let routes = match &accepted.called {
            // It is called at another number, which the called account is asked about.
            Some(Called::Account(_)) if matches!(accepted.return_code, ReturnCode::Redirect(_)) => Vec::new(),
            Some(Called::Account(account)) => match self.deliveries.get(&**account) {
                Some(delivery) => {
                    ring = delivery.ring.unwrap_or(PATIENCE);
                    delivery.shown(account, knows_redirects)
                }
                None => LocalDelivery::default().shown(account, knows_redirects),
            },
            Some(Called::System(system)) => {
                let code = Called::rate_code(*system);
                let address = self.systems.get(system);
                address.map(|address| format!("p={address};code={code}")).into_iter().collect()
            }
            None => self.to(cld, accepted.context.routing_plan.as_deref()).map(shown).collect(),
        };
        (routes, ring)
    }

    /// Those that take calls to an E.164 number, in the order in which to try them: those of the routing plan, where the
    /// call goes by one that has routes of its own.
    pub fn to<'a>(&'a self, number: &'a str, plan: Option<&'a str>) -> impl Iterator<Item = &'a Route> {
        let of = |route: &Route, plan: &str| route.plans.iter().any(|own| own == plan);
        let plan = plan.filter(|plan| self.routes.iter().any(|route| of(route, plan)));
        let goes = move |route: &&Route| plan.is_none_or(|plan| of(route, plan));
        self.routes.iter().filter(goes).filter(move |route| number.starts_with(route.prefix.as_str()))
    }
}

/// What the answer needs beside the core's.
pub(crate) struct Asking<'a> {
    pub(crate) now: Instant,
    /// How long the call may wait before it begins.
    pub(crate) start_wait: Duration,
    /// `PortaBilling_Seed` of the request, to be given back.
    pub(crate) seed: Option<&'a str>,
    pub(crate) calling_party: Option<&'a str>,
    /// Whether the system's release knows redirect servers (NEW, redirect servers).
    pub(crate) knows_redirects: bool,
}

/// The list as a whole: one route after the other.
const HUNT: &str = "r=;q-hunt=seq";
/// The group: a route that fails is skipped, the list is good for 300 s, and each is rung for so many seconds.
fn group(ring: Duration) -> String {
    format!("P=;q-hunt=skip;expires=300;patience={}", ring.as_secs())
}

/// How long a route is rung where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(20);

/// Writes the attributes of the Access-Accept.
///
/// # Errors
/// A name of the catalogue or of a route does not fit an attribute.
pub(crate) fn routed(
    builder: &mut Builder,
    about: About<'_>,
    asking: &Asking<'_>,
    accepted: &Accepted,
    routes: &Routes,
) -> Result<(), EncodeError> {
    let context = &accepted.context;
    let cld = accepted.cld.as_deref().unwrap_or_default();
    let granted = match accepted.grant {
        Some(Grant::Units(units)) => Some(units.to_string()),
        Some(Grant::Unlimited) | None => None,
    };
    builder.cisco(cisco::H323_RETURN_CODE, return_code(accepted))?;
    redirect(builder, accepted)?;
    builder.ivr_in("PortaBilling_CompleteNumber", cld)?;
    rated_by(builder, context, about)?;
    match asking.seed {
        Some(seed) => builder.ivr_in("PortaBilling_Seed", seed)?,
        None => builder.ivr_in("PortaBilling_Seed", &about.seed.to_string())?,
    }
    builder.ivr_in("PortaBilling_RatePattern", cld)?;
    let avail = granted.as_deref().unwrap_or("-1");
    let expires = (asking.now + asking.start_wait).unix_nanos() / 1_000_000_000;
    builder
        .ivr_in("PortaBilling_Authorize", &format!("base=session-time;avail={avail};expires={expires}"))?;
    builder.cisco(cisco::H323_BILLING_MODEL, billing_model(context))?;
    if let Some(features) = routes.features.get(&*context.product) {
        builder.pair("PortaOne-Service-Features", features)?;
    }
    if let Some(party) = asking.calling_party.and_then(calling_party) {
        builder.pair("PortaOne-Calling-Party", &party)?;
    }
    if let Some(Called::Account(account)) = &accepted.called {
        // What comes in is asked about, and reported, under the name behind `bill-to` (ESI, PortaOne-Called-Party).
        builder.pair("PortaOne-Called-Party", &format!("id={cld};bill-to={account}"))?;
    }
    builder.cisco(cisco::H323_CURRENCY, context.currency.as_str())?;
    if let Some(granted) = &granted {
        builder.cisco(cisco::H323_CREDIT_TIME, granted)?;
    }
    language(builder, context)?;
    let (listed, ring) = routes.of(accepted, asking.knows_redirects);
    builder.text(attribute::FRAMED_ROUTE, HUNT)?;
    builder.text(attribute::FRAMED_ROUTE, &group(ring))?;
    listed.iter().try_for_each(|route| builder.text(attribute::FRAMED_ROUTE, route))
}

/// `p=<address>;auth=…;rtpp-level=…`
fn shown(route: &Route) -> String {
    let mut text = format!("p={}", route.address);
    if let Some(auth) = &route.auth {
        text.push_str(&format!(";auth={auth}"));
    }
    if let Some(level) = route.rtpp_level {
        text.push_str(&format!(";rtpp-level={level}"));
    }
    text
}

/// The caller as he is to be shown: name, number, and the number to display.
fn calling_party(asked: &str) -> Option<String> {
    let id = parameter(asked, "id")?;
    let name = parameter(asked, "name").unwrap_or(id);
    Some(format!("name={name};id={id};display-id={id}"))
}

#[cfg(test)]
mod tests {
    use tollgate_ocs_core::{Amount, BillingModel, Context, Currency, ReturnCode, Service};
    use tollgate_radius::{Code, Packet, Secret};

    use super::*;
    use crate::access::Asked;

    fn route(name: &'static str, prefix: &'static str, preference: u32) -> Route {
        Route {
            name: Text::const_new(name),
            prefix: Text::const_new(prefix),
            address: IpAddr::from([65, 174, 119, 133]),
            preference,
            auth: None,
            rtpp_level: None,
            plans: Vec::new(),
        }
    }

    #[test]
    fn routes_to_a_number_come_by_preference_and_then_by_name() {
        let routes = Routes::new(vec![
            route("c", "1", 1),
            route("b", "", 5),
            route("a", "1212", 5),
            route("d", "44", 9),
        ]);
        let names: Vec<&str> = routes.to("12125468754", None).map(|route| route.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_call_by_a_routing_plan_goes_by_its_routes_if_it_has_any() {
        let of = |name, plans: &[&'static str]| Route {
            plans: plans.iter().map(|plan| Text::const_new(plan)).collect(),
            ..route(name, "", 1)
        };
        let routes = Routes::new(vec![of("a", &["Clear"]), of("b", &[]), of("c", &["Clear", "Cheap"])]);
        let names = |plan| routes.to("1", plan).map(|route| route.name.as_str()).collect::<String>();
        assert_eq!((names(Some("Clear")), names(Some("Cheap"))), ("ac".to_owned(), "c".to_owned()));
        assert_eq!((names(Some("Standard")), names(None)), ("abc".to_owned(), "abc".to_owned()));
    }

    #[test]
    fn a_route_is_written_as_in_the_example() {
        let with_auth = Route { auth: Some(Text::const_new("AA14CF35")), ..route("a", "", 1) };
        assert_eq!(shown(&with_auth), "p=65.174.119.133;auth=AA14CF35");
        assert_eq!(
            shown(&Route { rtpp_level: Some(3), ..route("a", "", 1) }),
            "p=65.174.119.133;rtpp-level=3"
        );
    }

    #[test]
    fn the_caller_is_given_back_with_the_number_to_display() {
        let party = calling_party("id=380441234567; name=11380441234567");
        assert_eq!(party.as_deref(), Some("name=11380441234567;id=380441234567;display-id=380441234567"));
        assert_eq!(calling_party("name=x"), None);
    }

    /// ESI, SIP routing request, authorization response, line by line.
    #[test]
    fn a_routing_request_is_answered_as_in_the_example() {
        let accepted = Accepted {
            context: Context {
                account: "193.38.81.226".into(),
                billing_model: BillingModel::Credit,
                currency: "USD".parse::<Currency>().unwrap(),
                language: "en".into(),
                product: "PortaOne Internal".into(),
                tariff: Some("Internal".into()),
                access_code: Some("OUTGOING".into()),
                routing_plan: None,
            },
            balance: Amount::ZERO,
            funds: None,
            breakage: Amount::ZERO,
            customer: None,
            quota: None,
            grant: Some(Grant::Unlimited),
            cld: Some("12125468754".to_owned()),
            return_code: ReturnCode::TollFree,
            called: None,
        };
        let about = About {
            asked: Asked::Routing,
            service: Service::Voice,
            node: "193.38.81.217",
            seed: 0,
            access_code: None,
        };
        let asking = Asking {
            now: Instant::from_unix_secs(1_373_027_831),
            start_wait: Duration::from_secs(300),
            seed: Some("2567011031"),
            calling_party: Some("id=380441234567; name=11380441234567"),
            knows_redirects: true,
        };
        let west = Route { auth: Some(Text::const_new("AA14CF35")), ..route("west", "1", 2) };
        let address = IpAddr::from([69, 25, 184, 13]);
        let east = Route { rtpp_level: Some(3), address, ..route("east", "12", 1) };
        let features = [("PortaOne Internal".into(), "moh=1; rec=2; rtpp-level=3".into())];
        let routes = Routes::new(vec![east, west]).with_features(features);
        let mut builder = Builder::new(Code::ACCESS_ACCEPT, 1);
        routed(&mut builder, about, &asking, &accepted, &routes).unwrap();
        let octets = builder.finish_response(&[0; 16], &Secret::new("x")).unwrap();
        let fields = Packet::parse(&octets).unwrap().fields();
        let shown: Vec<String> = fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let expected = [
            "h323-return-code = 13",
            "h323-ivr-in = { PortaBilling_CompleteNumber: 12125468754 }",
            "h323-ivr-in = { Product: PortaOne Internal }",
            "h323-ivr-in = { Tariff: Internal }",
            "h323-ivr-in = { PortaBilling_NodeId: 193.38.81.217 }",
            "h323-ivr-in = { PortaBilling_AccessCode: OUTGOING }",
            "h323-ivr-in = { PortaBilling_Seed: 2567011031 }",
            "h323-ivr-in = { PortaBilling_RatePattern: 12125468754 }",
            "h323-ivr-in = { PortaBilling_Authorize: base=session-time;avail=-1;expires=1373028131 }",
            "h323-billing-model = 0",
            "PortaOne-Service-Features = moh=1; rec=2; rtpp-level=3",
            "PortaOne-Calling-Party = name=11380441234567;id=380441234567;display-id=380441234567",
            "h323-currency = USD",
            "h323-preferred-lang = en",
            "Framed-Route = r=;q-hunt=seq",
            "Framed-Route = P=;q-hunt=skip;expires=300;patience=20",
            "Framed-Route = p=65.174.119.133;auth=AA14CF35",
            "Framed-Route = p=69.25.184.13;rtpp-level=3",
        ];
        assert_eq!(shown, expected);
    }
}
