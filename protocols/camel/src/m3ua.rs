//! M3UA's DATA message, which carries SCCP over SCTP (RFC 4666 section 3.3.1). Nothing of its management.

use tollgate_wire::{DecodeError, Fault, Reader, Writer};

/// Service indicator of SCCP (Q.704 section 14.2.1).
pub const SI_SCCP: u8 = 3;

const VERSION: u8 = 1;
const CLASS_TRANSFER: u8 = 1;
const TYPE_DATA: u8 = 1;
const NETWORK_APPEARANCE: u16 = 0x0200;
const ROUTING_CONTEXT: u16 = 0x0006;
const PROTOCOL_DATA: u16 = 0x0210;

/// One DATA message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Data<'a> {
    /// Which network, where an association carries several.
    pub network_appearance: Option<u32>,
    /// Which traffic, where an association carries several.
    pub routing_context: Option<u32>,
    /// Originating point code.
    pub origin: u32,
    /// Destination point code.
    pub destination: u32,
    /// Service indicator: 3 SCCP.
    pub service: u8,
    /// Network indicator: 0 international, 2 national.
    pub network: u8,
    /// Message priority.
    pub priority: u8,
    /// Signalling link selection.
    pub link: u8,
    /// What is carried.
    pub data: &'a [u8],
}

impl<'a> Data<'a> {
    /// Reads a message. Parameters that it does not know are passed over.
    ///
    /// # Errors
    /// It is no DATA of version 1, a length leads out of it, or it carries nothing.
    pub fn parse(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let [version, _, class, kind] = *reader.array("M3UA header")?;
        if (version, class, kind) != (VERSION, CLASS_TRANSFER, TYPE_DATA) {
            let fault = Fault::Invalid {
                value: u64::from(u32::from_be_bytes([version, 0, class, kind])),
                rule: "only DATA of version 1 is read (RFC 4666 section 3.3.1)",
            };
            return Err(DecodeError { what: "M3UA header", offset: 0, fault });
        }
        let announced = reader.u32("M3UA message length")?;
        let body = usize::try_from(announced).unwrap_or(usize::MAX).checked_sub(8).ok_or_else(|| {
            let fault =
                Fault::Invalid { value: u64::from(announced), rule: "a message has at least 8 octets" };
            DecodeError { what: "M3UA message length", offset: 4, fault }
        })?;
        let mut reader = reader.sub("M3UA message", body)?;
        let (mut own, mut carried) = (Self::default(), false);
        while !reader.is_empty() {
            let tag = reader.u16("parameter tag")?;
            let len = reader.u16("parameter length")?;
            let value = usize::from(len).checked_sub(4).ok_or_else(|| {
                let fault =
                    Fault::Invalid { value: u64::from(len), rule: "a parameter has at least 4 octets" };
                reader.fail("parameter length", fault)
            })?;
            let mut inner = reader.sub("parameter", value)?;
            // The padding of the last one may be missing.
            let padding = (4 - value % 4) % 4;
            reader.take("padding", padding.min(reader.left()))?;
            match tag {
                NETWORK_APPEARANCE => own.network_appearance = Some(inner.u32("network appearance")?),
                ROUTING_CONTEXT => own.routing_context = Some(inner.u32("routing context")?),
                PROTOCOL_DATA => {
                    own.origin = inner.u32("originating point code")?;
                    own.destination = inner.u32("destination point code")?;
                    [own.service, own.network, own.priority, own.link] = *inner.array("protocol data")?;
                    own.data = inner.rest();
                    carried = true;
                }
                _ => {}
            }
        }
        if carried {
            Ok(own)
        } else {
            Err(reader.fail("protocol data", Fault::Short { needed: 16, left: 0 }))
        }
    }

    /// The octets of the message. Data beyond 65,519 octets is cut.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.data.len() + 40);
        out.put(&[VERSION, 0, CLASS_TRANSFER, TYPE_DATA]);
        let length = out.mark(4);
        for (tag, value) in
            [(NETWORK_APPEARANCE, self.network_appearance), (ROUTING_CONTEXT, self.routing_context)]
        {
            if let Some(value) = value {
                out.u16(tag);
                out.u16(8);
                out.u32(value);
            }
        }
        let data = &self.data[..self.data.len().min(usize::from(u16::MAX) - 16)];
        out.u16(PROTOCOL_DATA);
        out.u16(u16::try_from(16 + data.len()).unwrap_or(u16::MAX));
        out.u32(self.origin);
        out.u32(self.destination);
        out.put(&[self.service, self.network, self.priority, self.link]);
        out.put(data);
        out.put(&[0; 3][..(4 - data.len() % 4) % 4]);
        let whole = u32::try_from(out.len()).unwrap_or(u32::MAX);
        out.fill(length, &whole.to_be_bytes());
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_padded_and_counted_without_their_padding() {
        let own = Data {
            routing_context: Some(7),
            origin: 1,
            destination: 2,
            service: 3,
            network: 2,
            data: &[9],
            ..Data::default()
        };
        let octets = own.encode();
        // 8 header, 8 routing context, 17 protocol data and 3 padding.
        assert_eq!((octets.len(), octets[7], octets[19]), (36, 36, 17));
        assert_eq!(Data::parse(&octets), Ok(own));
        assert_eq!(Data::parse(&octets[..35]).unwrap_err().what, "M3UA message");
    }
}
