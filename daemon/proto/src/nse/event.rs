//! The events and their four octets.

use crate::rtp::EventPayload;

/// The payload type that Cisco's gateways use where none is named.
pub const PAYLOAD_TYPE: u8 = 100;
/// Where the latent capabilities have the flag that they are in use, and the payload type of events.
const ACTIVE: std::ops::Range<usize> = 0..4;
const NSE: usize = 28;
/// Dynamic payload types.
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// 192: a fax or modem answers; G.711, nothing suppressed, the buffer held still.
    FaxPassThrough,
    /// 193: its answer tone has phase reversals; echo cancellers off.
    ModemPassThrough,
    /// 194: voice again.
    Voice,
    /// 199: the sender knows modem relay.
    ModemRelayCapability,
    /// 200: T.38, please.
    FaxRelay,
    /// 201: yes.
    Ack,
    /// 202: no.
    Nack,
    /// 203: modem relay, please.
    ModemRelay,
    /// Any other number.
    Other(u8),
}

impl Event {
    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            Event::FaxPassThrough => 192,
            Event::ModemPassThrough => 193,
            Event::Voice => 194,
            Event::ModemRelayCapability => 199,
            Event::FaxRelay => 200,
            Event::Ack => 201,
            Event::Nack => 202,
            Event::ModemRelay => 203,
            Event::Other(number) => number,
        }
    }

    /// The event of this number.
    pub fn from_number(number: u8) -> Event {
        match number {
            192 => Event::FaxPassThrough,
            193 => Event::ModemPassThrough,
            194 => Event::Voice,
            199 => Event::ModemRelayCapability,
            200 => Event::FaxRelay,
            201 => Event::Ack,
            202 => Event::Nack,
            203 => Event::ModemRelay,
            number => Event::Other(number),
        }
    }

    /// The payload: end bit, volume and duration are zero, as the field sends it.
    pub fn to_bytes(self) -> [u8; 4] {
        EventPayload {
            code: self.number(),
            end: false,
            volume: 0,
            duration: 0,
        }
        .to_bytes()
    }

    /// Reads a payload of the events' payload type. Numbers below 192 are telephone-events that went astray.
    pub fn parse(payload: &[u8]) -> Option<Event> {
        let code = EventPayload::parse(payload)?.code;
        (code >= 192).then(|| Event::from_number(code))
    }
}

/// The payload type that a server names in the latent capabilities of OpenReceiveChannel and StartMediaTransmission, if
/// they are in use and name one.
pub fn latent_payload_type(latent: &[u8]) -> Option<u8> {
    let active = latent.get(ACTIVE)?.iter().any(|octet| *octet != 0);
    let payload_type = *latent.get(NSE)?;
    (active && DYNAMIC.contains(&payload_type)).then_some(payload_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for number in 192..=255 {
            let event = Event::from_number(number);
            assert_eq!(event.number(), number);
            assert_eq!(Event::parse(&event.to_bytes()), Some(event));
        }
        assert_eq!(Event::FaxRelay.to_bytes(), [200, 0, 0, 0]);
        assert_eq!(Event::parse(&[201, 0x8A, 1, 2, 9]), Some(Event::Ack));
        assert_eq!(Event::parse(&[5, 0x8A, 1, 2]), None, "a digit");
        assert_eq!(Event::parse(&[200, 0, 0]), None);
    }

    #[test]
    fn latent_capabilities_name_the_payload_type_when_they_are_in_use() {
        let mut latent = [0; 36];
        latent[NSE] = 98;
        assert_eq!(latent_payload_type(&latent), None);
        latent[0] = 1;
        assert_eq!(latent_payload_type(&latent), Some(98));
        latent[NSE] = 0;
        assert_eq!(latent_payload_type(&latent), None);
        assert_eq!(latent_payload_type(&latent[..20]), None);
    }
}
