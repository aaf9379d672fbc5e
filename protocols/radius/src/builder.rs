//! Writes one packet, legal by construction, and signs it last.

use std::net::Ipv4Addr;

use md5::{Digest, Md5};

use crate::dictionary::Kind;
use crate::{
    AUTHENTICATOR_LEN, Carrier, Code, EncodeError, PACKET_LEN_MAX, PACKET_LEN_MIN, PASSWORD_LEN_MAX, Secret,
    VALUE_LEN_MAX, VENDOR_VALUE_LEN_MAX, attribute, cisco, sign, tunnel,
};

/// Room for a usual packet, so that its buffer is allocated once.
const CAPACITY: usize = 512;
/// Octets of the number and length of a Vendor-Specific attribute, its vendor, and its inner number
/// and length.
const VENDOR_HEAD_LEN: usize = 8;
/// Octets in front of the vendor's attribute in a Vendor-Specific.
const VENDOR_INNER_AT: u8 = 6;

/// One packet in the making. The order of the calls is the order of the attributes.
#[derive(Debug, Clone)]
pub struct Builder {
    packet: Vec<u8>,
    /// Where the value of the Message-Authenticator starts.
    message_authenticator_at: Option<usize>,
    /// Where passwords stand that are hidden when the secret comes.
    passwords: Vec<(usize, usize)>,
    /// Where the salts and strings of Tunnel-Passwords stand that are hidden likewise.
    tunnel_passwords: Vec<(usize, usize)>,
    /// Whether a value was computed from the authenticator.
    authenticator_used: bool,
    authenticator_changed: bool,
}

impl Builder {
    /// A packet without attributes.
    #[must_use]
    pub fn new(code: Code, identifier: u8) -> Self {
        Self::over(Vec::new(), code, identifier)
    }

    /// The same, in a buffer whose content is forgotten and whose room is used again.
    #[must_use]
    pub fn over(mut buffer: Vec<u8>, code: Code, identifier: u8) -> Self {
        buffer.clear();
        buffer.reserve(CAPACITY);
        let mut head = [0; PACKET_LEN_MIN];
        head[0] = code.0;
        head[1] = identifier;
        buffer.extend_from_slice(&head);
        Self {
            packet: buffer,
            message_authenticator_at: None,
            passwords: Vec::new(),
            tunnel_passwords: Vec::new(),
            authenticator_used: false,
            authenticator_changed: false,
        }
    }

    /// The kind of the packet.
    #[must_use]
    pub fn code(&self) -> Code {
        Code(self.packet[0])
    }

    /// Octets so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packet.len()
    }

    /// Whether there are no attributes yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packet.len() == PACKET_LEN_MIN
    }

    /// The random Request Authenticator of an Access-Request. To be set before passwords are hidden
    /// and CHAP responses computed, for they depend on it.
    pub fn authenticator(&mut self, authenticator: &[u8; AUTHENTICATOR_LEN]) {
        self.authenticator_changed |= self.authenticator_used;
        self.packet[4..PACKET_LEN_MIN].copy_from_slice(authenticator);
    }

    fn own_authenticator(&mut self) -> [u8; AUTHENTICATOR_LEN] {
        self.authenticator_used = true;
        let mut own = [0; AUTHENTICATOR_LEN];
        own.copy_from_slice(&self.packet[4..PACKET_LEN_MIN]);
        own
    }

    /// An attribute of any number with any octets.
    ///
    /// # Errors
    /// More than 253 octets.
    #[inline]
    pub fn bytes(&mut self, number: u8, value: &[u8]) -> Result<(), EncodeError> {
        let len = length_octet(number, value.len(), VALUE_LEN_MAX, 2)?;
        self.packet.extend_from_slice(&[number, len]);
        self.packet.extend_from_slice(value);
        Ok(())
    }

    /// An attribute of text.
    ///
    /// # Errors
    /// More than 253 octets, or none.
    #[inline]
    pub fn text(&mut self, number: u8, value: &str) -> Result<(), EncodeError> {
        if value.is_empty() {
            return Err(EncodeError::EmptyText { number });
        }
        self.bytes(number, value.as_bytes())
    }

    /// An attribute of 32 bits.
    ///
    /// # Errors
    /// None today; the signature is that of its neighbours.
    #[inline]
    pub fn u32(&mut self, number: u8, value: u32) -> Result<(), EncodeError> {
        let [a, b, c, d] = value.to_be_bytes();
        self.packet.extend_from_slice(&[number, 6, a, b, c, d]);
        Ok(())
    }

    /// An attribute with an IPv4 address.
    ///
    /// # Errors
    /// None today; the signature is that of its neighbours.
    #[inline]
    pub fn ipv4(&mut self, number: u8, value: Ipv4Addr) -> Result<(), EncodeError> {
        self.u32(number, value.to_bits())
    }

    /// An attribute of a vendor, in a Vendor-Specific of its own (RFC 2865 section 5.26).
    ///
    /// # Errors
    /// More than 247 octets.
    #[inline]
    pub fn vsa(&mut self, vendor: u32, number: u8, value: &[u8]) -> Result<(), EncodeError> {
        self.vsa_head(vendor, number, value.len())?;
        self.packet.extend_from_slice(value);
        Ok(())
    }

    /// What stands in front of a vendor's value of `len` octets.
    #[inline]
    fn vsa_head(&mut self, vendor: u32, number: u8, len: usize) -> Result<(), EncodeError> {
        let outer = length_octet(number, len, VENDOR_VALUE_LEN_MAX, VENDOR_HEAD_LEN)?;
        let [a, b, c, d] = vendor.to_be_bytes();
        let inner = outer - VENDOR_INNER_AT;
        self.packet.extend_from_slice(&[attribute::VENDOR_SPECIFIC, outer, a, b, c, d, number, inner]);
        Ok(())
    }

    /// Several attributes of a vendor in one Vendor-Specific.
    ///
    /// # Errors
    /// More than 253 octets together.
    pub fn vsa_group(&mut self, vendor: u32, attributes: &[(u8, &[u8])]) -> Result<(), EncodeError> {
        let mut value = vendor.to_be_bytes().to_vec();
        for (number, inner) in attributes {
            value.extend_from_slice(&[*number, length_octet(*number, inner.len(), VALUE_LEN_MAX, 2)?]);
            value.extend_from_slice(inner);
        }
        self.bytes(attribute::VENDOR_SPECIFIC, &value)
    }

    /// Cisco's attribute of this number; 23 to 35 and 101 to 110 repeat their name in front of the value.
    ///
    /// # Errors
    /// More than 247 octets, the name included.
    #[inline]
    pub fn cisco(&mut self, number: u8, value: &str) -> Result<(), EncodeError> {
        let prefix = cisco::prefix(number).unwrap_or_default().as_bytes();
        self.vsa_head(cisco::VENDOR, number, prefix.len() + value.len())?;
        self.packet.extend_from_slice(prefix);
        self.packet.extend_from_slice(value.as_bytes());
        Ok(())
    }

    /// A Cisco-AVPair `name=value`.
    ///
    /// # Errors
    /// More than 247 octets together.
    #[inline]
    pub fn pair(&mut self, name: &str, value: &str) -> Result<(), EncodeError> {
        self.vsa_head(cisco::VENDOR, cisco::AV_PAIR, name.len() + 1 + value.len())?;
        self.packet.extend_from_slice(name.as_bytes());
        self.packet.push(b'=');
        self.packet.extend_from_slice(value.as_bytes());
        Ok(())
    }

    /// A Cisco-AVPair `h323-ivr-out=name:value`.
    ///
    /// # Errors
    /// More than 247 octets together.
    #[inline]
    pub fn ivr_out(&mut self, name: &str, value: &str) -> Result<(), EncodeError> {
        self.carried(Carrier::IvrOut, name, value)
    }

    /// A Cisco-AVPair `h323-ivr-in=name:value`.
    ///
    /// # Errors
    /// More than 247 octets together.
    #[inline]
    pub fn ivr_in(&mut self, name: &str, value: &str) -> Result<(), EncodeError> {
        self.carried(Carrier::IvrIn, name, value)
    }

    #[inline]
    fn carried(&mut self, carrier: Carrier, name: &str, value: &str) -> Result<(), EncodeError> {
        let prefix = carrier.prefix().as_bytes();
        self.vsa_head(cisco::VENDOR, cisco::AV_PAIR, prefix.len() + name.len() + 1 + value.len())?;
        self.packet.extend_from_slice(prefix);
        self.packet.extend_from_slice(name.as_bytes());
        self.packet.push(b':');
        self.packet.extend_from_slice(value.as_bytes());
        Ok(())
    }

    /// A User-Password, hidden with `secret` and the authenticator that was set (RFC 2865 section 5.2).
    ///
    /// # Errors
    /// More than 128 octets.
    pub fn user_password(&mut self, secret: &Secret, password: &[u8]) -> Result<(), EncodeError> {
        self.password_head(password)?;
        let mut salt = self.own_authenticator();
        let mut rest = password;
        loop {
            let (own, left) = rest.split_at(rest.len().min(16));
            let mut block = [0; 16];
            block[..own.len()].copy_from_slice(own);
            secret.mask(&mut block, &salt);
            self.packet.extend_from_slice(&block);
            if left.is_empty() {
                return Ok(());
            }
            (salt, rest) = (block, left);
        }
    }

    /// A User-Password that is hidden with the secret of [`Self::finish_access_request`].
    ///
    /// # Errors
    /// More than 128 octets.
    pub(crate) fn password_to_hide(&mut self, password: &[u8]) -> Result<(), EncodeError> {
        let len = self.password_head(password)?;
        let start = self.packet.len();
        self.packet.extend_from_slice(password);
        self.packet.resize(start + len, 0);
        self.passwords.push((start, start + len));
        Ok(())
    }

    /// What stands in front of a User-Password; answers the length of its value, whole blocks of 16.
    #[inline]
    fn password_head(&mut self, password: &[u8]) -> Result<usize, EncodeError> {
        if password.len() > PASSWORD_LEN_MAX {
            return Err(EncodeError::PasswordTooLong { len: password.len() });
        }
        let len = password.len().next_multiple_of(16).max(16);
        let octet = length_octet(attribute::USER_PASSWORD, len, PASSWORD_LEN_MAX, 2)?;
        self.packet.extend_from_slice(&[attribute::USER_PASSWORD, octet]);
        Ok(len)
    }

    /// Each block is XORed with MD5(secret + block before), the first with MD5(secret + authenticator).
    fn hide(&mut self, (start, end): (usize, usize), secret: &Secret) {
        let mut salt = self.own_authenticator();
        for block in self.packet[start..end].as_chunks_mut::<16>().0 {
            secret.mask(block, &salt);
            salt = *block;
        }
    }

    /// A CHAP-Password: the response to the CHAP-Challenge of the packet, or where it has none, to the
    /// authenticator that was set (RFC 2865 section 2.2).
    ///
    /// # Errors
    /// None today; the signature is that of its neighbours.
    pub fn chap(&mut self, id: u8, password: &[u8]) -> Result<(), EncodeError> {
        let own = self.own_authenticator();
        let challenge = self.written(attribute::CHAP_CHALLENGE).unwrap_or(&own);
        let response = chap_response(id, password, challenge);
        let mut value = [id; 17];
        value[1..].copy_from_slice(&response);
        self.bytes(attribute::CHAP_PASSWORD, &value)
    }

    /// The value of the first attribute of this number that was written.
    fn written(&self, number: u8) -> Option<&[u8]> {
        let mut rest = &self.packet[PACKET_LEN_MIN..];
        while let &[own, len, ..] = rest {
            if own == number {
                return rest.get(2..usize::from(len));
            }
            rest = rest.get(usize::from(len)..)?;
        }
        None
    }

    /// A Message-Authenticator, computed when the packet is finished (RFC 2869 section 5.14).
    ///
    /// # Errors
    /// The packet has one already.
    pub fn message_authenticator(&mut self) -> Result<(), EncodeError> {
        if self.message_authenticator_at.is_some() {
            return Err(EncodeError::SecondMessageAuthenticator);
        }
        self.bytes(attribute::MESSAGE_AUTHENTICATOR, &[0; AUTHENTICATOR_LEN])?;
        self.message_authenticator_at = Some(self.packet.len() - AUTHENTICATOR_LEN);
        Ok(())
    }

    /// Tagged text or number behind a tag octet (RFC 2868).
    pub(crate) fn tagged(
        &mut self,
        number: u8,
        kind: Kind,
        tag: u8,
        value: &[u8],
    ) -> Result<(), EncodeError> {
        if kind == Kind::TaggedText && tag == 0 {
            return self.bytes(number, value);
        }
        self.bytes(number, &[&[tag], value].concat())
    }

    /// A Tunnel-Password that is hidden when the packet is finished (RFC 2868 section 3.5).
    ///
    /// # Errors
    /// More than 239 octets.
    pub fn tunnel_password(&mut self, tag: u8, password: &[u8]) -> Result<(), EncodeError> {
        const MAX: usize = 239;
        let number = attribute::TUNNEL_PASSWORD;
        let len = u8::try_from(password.len()).ok().filter(|len| usize::from(*len) <= MAX);
        let len = len.ok_or(EncodeError::ValueTooLong { number, len: password.len(), max: MAX })?;
        let mut value = vec![tag];
        value.extend_from_slice(&tunnel::salt(self.packet.len()));
        value.push(len);
        value.extend_from_slice(password);
        let string = value.len() - 1 - tunnel::SALT_LEN;
        value.resize(1 + tunnel::SALT_LEN + string.next_multiple_of(16), 0);
        self.bytes(number, &value)?;
        let end = self.packet.len();
        self.tunnel_passwords.push((end - value.len() + 1, end));
        Ok(())
    }

    fn hide_tunnel_passwords(&mut self, secret: &Secret, authenticator: &[u8; AUTHENTICATOR_LEN]) {
        for (start, end) in std::mem::take(&mut self.tunnel_passwords) {
            tunnel::hide(&mut self.packet[start..end], secret, authenticator);
        }
    }

    /// A finished Access-Request or Status-Server: the authenticator stays as it was set.
    ///
    /// # Errors
    /// More than 4,096 octets, another kind of packet, or an authenticator that was set after a
    /// password was hidden with the one before.
    pub fn finish_access_request(mut self, secret: &Secret) -> Result<Vec<u8>, EncodeError> {
        self.must_be(self.code().has_random_authenticator(), "an access request")?;
        self.close(secret)?;
        let own = self.own_authenticator();
        self.hide_tunnel_passwords(secret, &own);
        self.fill_message_authenticator(&own, secret);
        Ok(self.packet)
    }

    /// A finished Accounting-Request; see [`Self::finish_computed_request`].
    ///
    /// # Errors
    /// More than 4,096 octets, or another kind of packet.
    pub fn finish_accounting_request(self, secret: &Secret) -> Result<Vec<u8>, EncodeError> {
        self.must_be(self.code() == Code::ACCOUNTING_REQUEST, "an accounting request")?;
        self.finish_computed_request(secret)
    }

    /// A finished CoA-Request; see [`Self::finish_computed_request`].
    ///
    /// # Errors
    /// More than 4,096 octets, or another kind of packet.
    pub fn finish_coa_request(self, secret: &Secret) -> Result<Vec<u8>, EncodeError> {
        self.must_be(self.code() == Code::COA_REQUEST, "a CoA request")?;
        self.finish_computed_request(secret)
    }

    /// A finished Disconnect-Request; see [`Self::finish_computed_request`].
    ///
    /// # Errors
    /// More than 4,096 octets, or another kind of packet.
    pub fn finish_disconnect_request(self, secret: &Secret) -> Result<Vec<u8>, EncodeError> {
        self.must_be(self.code() == Code::DISCONNECT_REQUEST, "a disconnect request")?;
        self.finish_computed_request(secret)
    }

    /// A finished request of any kind whose Request Authenticator is a digest of the packet
    /// (RFC 2866 section 3, RFC 5176 section 2.3).
    ///
    /// # Errors
    /// More than 4,096 octets.
    pub fn finish_computed_request(mut self, secret: &Secret) -> Result<Vec<u8>, EncodeError> {
        self.close(secret)?;
        self.hide_tunnel_passwords(secret, &[0; AUTHENTICATOR_LEN]);
        self.fill_message_authenticator(&[0; AUTHENTICATOR_LEN], secret);
        let authenticator = sign::request_authenticator(&self.packet, secret);
        self.packet[4..PACKET_LEN_MIN].copy_from_slice(&authenticator);
        Ok(self.packet)
    }

    /// A finished request of any kind, in the way of its code.
    ///
    /// # Errors
    /// Those of [`Self::finish_access_request`] and [`Self::finish_computed_request`].
    pub fn finish_request(self, secret: &Secret) -> Result<Vec<u8>, EncodeError> {
        if self.code().has_random_authenticator() {
            self.finish_access_request(secret)
        } else {
            self.finish_computed_request(secret)
        }
    }

    /// A finished response to the request with this authenticator (RFC 2865 section 3).
    ///
    /// # Errors
    /// More than 4,096 octets.
    pub fn finish_response(
        mut self,
        request_authenticator: &[u8; AUTHENTICATOR_LEN],
        secret: &Secret,
    ) -> Result<Vec<u8>, EncodeError> {
        self.close(secret)?;
        self.hide_tunnel_passwords(secret, request_authenticator);
        self.fill_message_authenticator(request_authenticator, secret);
        let authenticator = sign::response_authenticator(&self.packet, request_authenticator, secret);
        self.packet[4..PACKET_LEN_MIN].copy_from_slice(&authenticator);
        Ok(self.packet)
    }

    fn must_be(&self, right: bool, wanted: &'static str) -> Result<(), EncodeError> {
        if right { Ok(()) } else { Err(EncodeError::WrongCode { code: self.code(), wanted }) }
    }

    /// Hides what waits for the secret and writes the length.
    fn close(&mut self, secret: &Secret) -> Result<(), EncodeError> {
        if self.authenticator_changed {
            return Err(EncodeError::AuthenticatorChanged);
        }
        let len = self.packet.len();
        if len > PACKET_LEN_MAX {
            return Err(EncodeError::PacketTooLong { len });
        }
        for place in std::mem::take(&mut self.passwords) {
            self.hide(place, secret);
        }
        let length = u16::try_from(len).map_err(|_| EncodeError::PacketTooLong { len })?;
        self.packet[2..4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    fn fill_message_authenticator(&mut self, authenticator: &[u8; AUTHENTICATOR_LEN], secret: &Secret) {
        if let Some(at) = self.message_authenticator_at {
            let digest = sign::message_authenticator(&self.packet, at, authenticator, secret);
            self.packet[at..at + AUTHENTICATOR_LEN].copy_from_slice(&digest);
        }
    }
}

/// The length octet of an attribute whose value has `len` octets behind `head`.
#[inline]
fn length_octet(number: u8, len: usize, max: usize, head: usize) -> Result<u8, EncodeError> {
    if len > max {
        return Err(EncodeError::ValueTooLong { number, len, max });
    }
    u8::try_from(len + head).map_err(|_| EncodeError::ValueTooLong { number, len, max })
}

/// `MD5(id + password + challenge)` (RFC 1994 section 4.1).
pub(crate) fn chap_response(id: u8, password: &[u8], challenge: &[u8]) -> [u8; 16] {
    let hash = Md5::new().chain_update([id]).chain_update(password).chain_update(challenge);
    hash.finalize().into()
}
