//! Numbers of the attributes. The dictionary files say the same with types and names; a test compares.

macro_rules! numbers {
    ($($(#[$doc:meta])* $constant:ident = $number:literal, $name:literal;)*) => {
        $($(#[$doc])* pub const $constant: u8 = $number;)*
        /// Every constant with its number and dictionary name.
        #[cfg(test)]
        const ALL: &[(u8, &str)] = &[$(($number, $name)),*];
    };
}

numbers! {
    /// User-Name, RFC 2865 section 5.1.
    USER_NAME = 1, "User-Name";
    /// User-Password, RFC 2865 section 5.2.
    USER_PASSWORD = 2, "User-Password";
    /// CHAP-Password, RFC 2865 section 5.3.
    CHAP_PASSWORD = 3, "CHAP-Password";
    /// NAS-IP-Address, RFC 2865 section 5.4.
    NAS_IP_ADDRESS = 4, "NAS-IP-Address";
    /// NAS-Port, RFC 2865 section 5.5.
    NAS_PORT = 5, "NAS-Port";
    /// Service-Type, RFC 2865 section 5.6.
    SERVICE_TYPE = 6, "Service-Type";
    /// Framed-Protocol, RFC 2865 section 5.7.
    FRAMED_PROTOCOL = 7, "Framed-Protocol";
    /// Framed-IP-Address, RFC 2865 section 5.8.
    FRAMED_IP_ADDRESS = 8, "Framed-IP-Address";
    /// Framed-IP-Netmask, RFC 2865 section 5.9.
    FRAMED_IP_NETMASK = 9, "Framed-IP-Netmask";
    /// Framed-Routing, RFC 2865 section 5.10.
    FRAMED_ROUTING = 10, "Framed-Routing";
    /// Filter-Id, RFC 2865 section 5.11.
    FILTER_ID = 11, "Filter-Id";
    /// Framed-MTU, RFC 2865 section 5.12.
    FRAMED_MTU = 12, "Framed-MTU";
    /// Framed-Compression, RFC 2865 section 5.13.
    FRAMED_COMPRESSION = 13, "Framed-Compression";
    /// Login-IP-Host, RFC 2865 section 5.14.
    LOGIN_IP_HOST = 14, "Login-IP-Host";
    /// Login-Service, RFC 2865 section 5.15.
    LOGIN_SERVICE = 15, "Login-Service";
    /// Login-TCP-Port, RFC 2865 section 5.16.
    LOGIN_TCP_PORT = 16, "Login-TCP-Port";
    /// Reply-Message, RFC 2865 section 5.18.
    REPLY_MESSAGE = 18, "Reply-Message";
    /// Callback-Number, RFC 2865 section 5.19.
    CALLBACK_NUMBER = 19, "Callback-Number";
    /// Callback-Id, RFC 2865 section 5.20.
    CALLBACK_ID = 20, "Callback-Id";
    /// Framed-Route, RFC 2865 section 5.22.
    FRAMED_ROUTE = 22, "Framed-Route";
    /// Framed-IPX-Network, RFC 2865 section 5.23.
    FRAMED_IPX_NETWORK = 23, "Framed-IPX-Network";
    /// State, RFC 2865 section 5.24.
    STATE = 24, "State";
    /// Class, RFC 2865 section 5.25.
    CLASS = 25, "Class";
    /// Vendor-Specific, RFC 2865 section 5.26.
    VENDOR_SPECIFIC = 26, "Vendor-Specific";
    /// Session-Timeout, RFC 2865 section 5.27.
    SESSION_TIMEOUT = 27, "Session-Timeout";
    /// Idle-Timeout, RFC 2865 section 5.28.
    IDLE_TIMEOUT = 28, "Idle-Timeout";
    /// Termination-Action, RFC 2865 section 5.29.
    TERMINATION_ACTION = 29, "Termination-Action";
    /// Called-Station-Id, RFC 2865 section 5.30.
    CALLED_STATION_ID = 30, "Called-Station-Id";
    /// Calling-Station-Id, RFC 2865 section 5.31.
    CALLING_STATION_ID = 31, "Calling-Station-Id";
    /// NAS-Identifier, RFC 2865 section 5.32.
    NAS_IDENTIFIER = 32, "NAS-Identifier";
    /// Proxy-State, RFC 2865 section 5.33.
    PROXY_STATE = 33, "Proxy-State";
    /// Login-LAT-Service, RFC 2865 section 5.34.
    LOGIN_LAT_SERVICE = 34, "Login-LAT-Service";
    /// Login-LAT-Node, RFC 2865 section 5.35.
    LOGIN_LAT_NODE = 35, "Login-LAT-Node";
    /// Login-LAT-Group, RFC 2865 section 5.36.
    LOGIN_LAT_GROUP = 36, "Login-LAT-Group";
    /// Framed-AppleTalk-Link, RFC 2865 section 5.37.
    FRAMED_APPLETALK_LINK = 37, "Framed-AppleTalk-Link";
    /// Framed-AppleTalk-Network, RFC 2865 section 5.38.
    FRAMED_APPLETALK_NETWORK = 38, "Framed-AppleTalk-Network";
    /// Framed-AppleTalk-Zone, RFC 2865 section 5.39.
    FRAMED_APPLETALK_ZONE = 39, "Framed-AppleTalk-Zone";
    /// Acct-Status-Type, RFC 2866 section 5.1.
    ACCT_STATUS_TYPE = 40, "Acct-Status-Type";
    /// Acct-Delay-Time, RFC 2866 section 5.2.
    ACCT_DELAY_TIME = 41, "Acct-Delay-Time";
    /// Acct-Input-Octets, RFC 2866 section 5.3.
    ACCT_INPUT_OCTETS = 42, "Acct-Input-Octets";
    /// Acct-Output-Octets, RFC 2866 section 5.4.
    ACCT_OUTPUT_OCTETS = 43, "Acct-Output-Octets";
    /// Acct-Session-Id, RFC 2866 section 5.5.
    ACCT_SESSION_ID = 44, "Acct-Session-Id";
    /// Acct-Authentic, RFC 2866 section 5.6.
    ACCT_AUTHENTIC = 45, "Acct-Authentic";
    /// Acct-Session-Time, RFC 2866 section 5.7.
    ACCT_SESSION_TIME = 46, "Acct-Session-Time";
    /// Acct-Input-Packets, RFC 2866 section 5.8.
    ACCT_INPUT_PACKETS = 47, "Acct-Input-Packets";
    /// Acct-Output-Packets, RFC 2866 section 5.9.
    ACCT_OUTPUT_PACKETS = 48, "Acct-Output-Packets";
    /// Acct-Terminate-Cause, RFC 2866 section 5.10.
    ACCT_TERMINATE_CAUSE = 49, "Acct-Terminate-Cause";
    /// Acct-Multi-Session-Id, RFC 2866 section 5.11.
    ACCT_MULTI_SESSION_ID = 50, "Acct-Multi-Session-Id";
    /// Acct-Link-Count, RFC 2866 section 5.12.
    ACCT_LINK_COUNT = 51, "Acct-Link-Count";
    /// Acct-Input-Gigawords, RFC 2869 section 5.1.
    ACCT_INPUT_GIGAWORDS = 52, "Acct-Input-Gigawords";
    /// Acct-Output-Gigawords, RFC 2869 section 5.2.
    ACCT_OUTPUT_GIGAWORDS = 53, "Acct-Output-Gigawords";
    /// Event-Timestamp, RFC 2869 section 5.3.
    EVENT_TIMESTAMP = 55, "Event-Timestamp";
    /// Egress-VLANID, RFC 4675 section 2.1.
    EGRESS_VLANID = 56, "Egress-VLANID";
    /// Ingress-Filters, RFC 4675 section 2.2.
    INGRESS_FILTERS = 57, "Ingress-Filters";
    /// Egress-VLAN-Name, RFC 4675 section 2.3.
    EGRESS_VLAN_NAME = 58, "Egress-VLAN-Name";
    /// User-Priority-Table, RFC 4675 section 2.4.
    USER_PRIORITY_TABLE = 59, "User-Priority-Table";
    /// CHAP-Challenge, RFC 2865 section 5.40.
    CHAP_CHALLENGE = 60, "CHAP-Challenge";
    /// NAS-Port-Type, RFC 2865 section 5.41.
    NAS_PORT_TYPE = 61, "NAS-Port-Type";
    /// Port-Limit, RFC 2865 section 5.42.
    PORT_LIMIT = 62, "Port-Limit";
    /// Login-LAT-Port, RFC 2865 section 5.43.
    LOGIN_LAT_PORT = 63, "Login-LAT-Port";
    /// Tunnel-Type, RFC 2868 section 3.1.
    TUNNEL_TYPE = 64, "Tunnel-Type";
    /// Tunnel-Medium-Type, RFC 2868 section 3.2.
    TUNNEL_MEDIUM_TYPE = 65, "Tunnel-Medium-Type";
    /// Tunnel-Client-Endpoint, RFC 2868 section 3.3.
    TUNNEL_CLIENT_ENDPOINT = 66, "Tunnel-Client-Endpoint";
    /// Tunnel-Server-Endpoint, RFC 2868 section 3.4.
    TUNNEL_SERVER_ENDPOINT = 67, "Tunnel-Server-Endpoint";
    /// Acct-Tunnel-Connection, RFC 2867 section 4.1.
    ACCT_TUNNEL_CONNECTION = 68, "Acct-Tunnel-Connection";
    /// Tunnel-Password, RFC 2868 section 3.5.
    TUNNEL_PASSWORD = 69, "Tunnel-Password";
    /// ARAP-Password, RFC 2869 section 5.4.
    ARAP_PASSWORD = 70, "ARAP-Password";
    /// ARAP-Features, RFC 2869 section 5.5.
    ARAP_FEATURES = 71, "ARAP-Features";
    /// ARAP-Zone-Access, RFC 2869 section 5.6.
    ARAP_ZONE_ACCESS = 72, "ARAP-Zone-Access";
    /// ARAP-Security, RFC 2869 section 5.7.
    ARAP_SECURITY = 73, "ARAP-Security";
    /// ARAP-Security-Data, RFC 2869 section 5.8.
    ARAP_SECURITY_DATA = 74, "ARAP-Security-Data";
    /// Password-Retry, RFC 2869 section 5.9.
    PASSWORD_RETRY = 75, "Password-Retry";
    /// Prompt, RFC 2869 section 5.10.
    PROMPT = 76, "Prompt";
    /// Connect-Info, RFC 2869 section 5.11.
    CONNECT_INFO = 77, "Connect-Info";
    /// Configuration-Token, RFC 2869 section 5.12.
    CONFIGURATION_TOKEN = 78, "Configuration-Token";
    /// EAP-Message, RFC 2869 section 5.13.
    EAP_MESSAGE = 79, "EAP-Message";
    /// Message-Authenticator, RFC 2869 section 5.14.
    MESSAGE_AUTHENTICATOR = 80, "Message-Authenticator";
    /// Tunnel-Private-Group-Id, RFC 2868 section 3.6.
    TUNNEL_PRIVATE_GROUP_ID = 81, "Tunnel-Private-Group-Id";
    /// Tunnel-Assignment-Id, RFC 2868 section 3.7.
    TUNNEL_ASSIGNMENT_ID = 82, "Tunnel-Assignment-Id";
    /// Tunnel-Preference, RFC 2868 section 3.8.
    TUNNEL_PREFERENCE = 83, "Tunnel-Preference";
    /// ARAP-Challenge-Response, RFC 2869 section 5.15.
    ARAP_CHALLENGE_RESPONSE = 84, "ARAP-Challenge-Response";
    /// Acct-Interim-Interval, RFC 2869 section 5.16.
    ACCT_INTERIM_INTERVAL = 85, "Acct-Interim-Interval";
    /// Acct-Tunnel-Packets-Lost, RFC 2867 section 4.2.
    ACCT_TUNNEL_PACKETS_LOST = 86, "Acct-Tunnel-Packets-Lost";
    /// NAS-Port-Id, RFC 2869 section 5.17.
    NAS_PORT_ID = 87, "NAS-Port-Id";
    /// Framed-Pool, RFC 2869 section 5.18.
    FRAMED_POOL = 88, "Framed-Pool";
    /// Chargeable-User-Identity, RFC 4372 section 2.2.
    CHARGEABLE_USER_IDENTITY = 89, "Chargeable-User-Identity";
    /// Tunnel-Client-Auth-Id, RFC 2868 section 3.9.
    TUNNEL_CLIENT_AUTH_ID = 90, "Tunnel-Client-Auth-Id";
    /// Tunnel-Server-Auth-Id, RFC 2868 section 3.10.
    TUNNEL_SERVER_AUTH_ID = 91, "Tunnel-Server-Auth-Id";
    /// NAS-Filter-Rule, RFC 4849 section 2.
    NAS_FILTER_RULE = 92, "NAS-Filter-Rule";
    /// NAS-IPv6-Address, RFC 3162 section 2.1.
    NAS_IPV6_ADDRESS = 95, "NAS-IPv6-Address";
    /// Framed-Interface-Id, RFC 3162 section 2.2.
    FRAMED_INTERFACE_ID = 96, "Framed-Interface-Id";
    /// Framed-IPv6-Prefix, RFC 3162 section 2.3.
    FRAMED_IPV6_PREFIX = 97, "Framed-IPv6-Prefix";
    /// Login-IPv6-Host, RFC 3162 section 2.4.
    LOGIN_IPV6_HOST = 98, "Login-IPv6-Host";
    /// Framed-IPv6-Route, RFC 3162 section 2.5.
    FRAMED_IPV6_ROUTE = 99, "Framed-IPv6-Route";
    /// Framed-IPv6-Pool, RFC 3162 section 2.6.
    FRAMED_IPV6_POOL = 100, "Framed-IPv6-Pool";
    /// Error-Cause, RFC 5176 section 3.5.
    ERROR_CAUSE = 101, "Error-Cause";
    /// Digest-Response, RFC 5090 section 3.1.
    DIGEST_RESPONSE = 103, "Digest-Response";
    /// Digest-Realm, RFC 5090 section 3.2.
    DIGEST_REALM = 104, "Digest-Realm";
    /// Digest-Nonce, RFC 5090 section 3.3.
    DIGEST_NONCE = 105, "Digest-Nonce";
    /// Digest-Response-Auth, RFC 5090 section 3.4.
    DIGEST_RESPONSE_AUTH = 106, "Digest-Response-Auth";
    /// Digest-Nextnonce, RFC 5090 section 3.5.
    DIGEST_NEXTNONCE = 107, "Digest-Nextnonce";
    /// Digest-Method, RFC 5090 section 3.6.
    DIGEST_METHOD = 108, "Digest-Method";
    /// Digest-URI, RFC 5090 section 3.7.
    DIGEST_URI = 109, "Digest-URI";
    /// Digest-Qop, RFC 5090 section 3.8.
    DIGEST_QOP = 110, "Digest-Qop";
    /// Digest-Algorithm, RFC 5090 section 3.9.
    DIGEST_ALGORITHM = 111, "Digest-Algorithm";
    /// Digest-Entity-Body-Hash, RFC 5090 section 3.10.
    DIGEST_ENTITY_BODY_HASH = 112, "Digest-Entity-Body-Hash";
    /// Digest-CNonce, RFC 5090 section 3.11.
    DIGEST_CNONCE = 113, "Digest-CNonce";
    /// Digest-Nonce-Count, RFC 5090 section 3.12.
    DIGEST_NONCE_COUNT = 114, "Digest-Nonce-Count";
    /// Digest-Username, RFC 5090 section 3.13.
    DIGEST_USERNAME = 115, "Digest-Username";
    /// Digest-Opaque, RFC 5090 section 3.14.
    DIGEST_OPAQUE = 116, "Digest-Opaque";
    /// Digest-Auth-Param, RFC 5090 section 3.15.
    DIGEST_AUTH_PARAM = 117, "Digest-Auth-Param";
    /// Digest-AKA-Auts, RFC 5090 section 3.16.
    DIGEST_AKA_AUTS = 118, "Digest-AKA-Auts";
    /// Digest-Domain, RFC 5090 section 3.17.
    DIGEST_DOMAIN = 119, "Digest-Domain";
    /// Digest-Stale, RFC 5090 section 3.18.
    DIGEST_STALE = 120, "Digest-Stale";
    /// Digest-HA1, RFC 5090 section 3.19.
    DIGEST_HA1 = 121, "Digest-HA1";
    /// SIP-AOR, RFC 5090 section 3.20.
    SIP_AOR = 122, "SIP-AOR";
    /// Delegated-IPv6-Prefix, RFC 4818 section 3.
    DELEGATED_IPV6_PREFIX = 123, "Delegated-IPv6-Prefix";
    /// Framed-IPv6-Address, RFC 6911 section 3.1.
    FRAMED_IPV6_ADDRESS = 168, "Framed-IPv6-Address";
    /// DNS-Server-IPv6-Address, RFC 6911 section 3.2.
    DNS_SERVER_IPV6_ADDRESS = 169, "DNS-Server-IPv6-Address";
    /// Route-IPv6-Information, RFC 6911 section 3.3.
    ROUTE_IPV6_INFORMATION = 170, "Route-IPv6-Information";
    /// Delegated-IPv6-Prefix-Pool, RFC 6911 section 3.4.
    DELEGATED_IPV6_PREFIX_POOL = 171, "Delegated-IPv6-Prefix-Pool";
    /// Stateful-IPv6-Address-Pool, RFC 6911 section 3.5.
    STATEFUL_IPV6_ADDRESS_POOL = 172, "Stateful-IPv6-Address-Pool";
    /// Digest-Response before RFC 5090, draft-sterman-aaa-sip-00 section 5.5.
    STERMAN_DIGEST_RESPONSE = 206, "Digest-Response";
    /// Digest-Attributes before RFC 5090, draft-sterman-aaa-sip-00 section 5.6.
    STERMAN_DIGEST_ATTRIBUTES = 207, "Digest-Attributes";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_agrees_with_the_dictionary() {
        for (number, name) in ALL {
            assert_eq!(crate::dictionary::attribute(*number).map(|own| own.name), Some(*name));
        }
    }
}
