//! Where requests go: by Destination-Host, else by realm and application (RFC 6733 section 6.1).

use super::identity::same;

/// Peers for one realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Destination-Realm; `None` is every realm that has no route of its own.
    pub realm: Option<String>,
    /// The application; `None` is every one that has no route of its own.
    pub application: Option<u32>,
    /// Peers with their priorities; the lowest that is up is used, of equal ones the first.
    pub peers: Vec<(String, u16)>,
}

impl Route {
    /// A route that prefers its peers in the order in which they are named.
    #[must_use]
    pub fn new(realm: Option<&str>, application: Option<u32>, peers: &[&str]) -> Self {
        let ranked = peers.iter().enumerate();
        Self {
            realm: realm.map(str::to_owned),
            application,
            peers: ranked
                .map(|(rank, host)| ((*host).to_owned(), u16::try_from(rank).unwrap_or(u16::MAX)))
                .collect(),
        }
    }
}

/// The routing table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// A table of these routes.
    #[must_use]
    pub const fn new(routes: Vec<Route>) -> Self {
        Self(routes)
    }

    /// The best fitting route: its realm by name before every realm, then its application by number
    /// before every application.
    #[must_use]
    pub fn find(&self, realm: Option<&str>, application: u32) -> Option<&Route> {
        let fits = |own: &&Route| {
            let realm_fits =
                own.realm.as_deref().is_none_or(|own| realm.is_some_and(|realm| same(own, realm)));
            realm_fits && own.application.is_none_or(|own| own == application)
        };
        let mut found: Option<&Route> = None;
        for own in self.0.iter().filter(fits) {
            let rank = |route: &Route| (route.realm.is_some(), route.application.is_some());
            if found.is_none_or(|best| rank(own) > rank(best)) {
                found = Some(own);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_route_is_taken() {
        let routes = Routes::new(vec![
            Route::new(None, None, &["default"]),
            Route::new(None, Some(4), &["any-gy"]),
            Route::new(Some("Example.net"), None, &["net"]),
            Route::new(Some("example.net"), Some(4), &["ocs1", "ocs2"]),
        ]);
        let first =
            |realm, application| routes.find(realm, application).map(|own| own.peers[0].0.clone()).unwrap();
        assert_eq!(first(Some("EXAMPLE.NET"), 4), "ocs1");
        assert_eq!(first(Some("example.net"), 16_777_251), "net");
        assert_eq!(first(Some("elsewhere"), 4), "any-gy");
        assert_eq!(first(None, 1), "default");
        assert_eq!(Routes::default().find(Some("example.net"), 4), None);
    }
}
