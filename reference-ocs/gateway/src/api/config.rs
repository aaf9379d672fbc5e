//! Settings of the HTTP face.

use std::net::SocketAddr;

use tollgate_wire::Text;

/// The port of the documents; there it is HTTPS.
pub const PORT: u16 = 443;

/// How the system speaks HTTP.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where it takes connections.
    pub listen: Vec<SocketAddr>,
    /// Who may use it as an administrator.
    pub users: Vec<ApiUser>,
}

/// An administrator's user.
#[derive(Debug, Clone)]
pub struct ApiUser {
    /// The login.
    pub login: Text,
    /// The password.
    pub password: Text,
}
