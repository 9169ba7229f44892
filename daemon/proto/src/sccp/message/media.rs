//! What the messages of both directions of media share: formats, statuses, the width of an address.
//! Addresses are 16 bytes wide from version 17 on.

use tipring_types::trace::Fields;

use super::Contents;
use crate::sccp::catalog::Common;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{CallRef, Conference, Party};

family! { $ media_rows
    client {}
    named {
        0x002C MediaResourceNotification,
        0x0030 UpdateCapabilities,
        0x0043 UpdateCapabilitiesV2,
        0x0044 UpdateCapabilitiesV3,
        0x0045 PortRes,
        0x0049 MediaPathEvent,
        0x004A MediaPathCapability,
    }
    server {}
    named {
        0x011C StartMediaFailureDetection,
        0x0127 NotifyDtmfTone,
        0x0128 SendDtmfTone,
        0x0129 SubscribeDtmfPayloadReq,
        0x012A SubscribeDtmfPayloadRes,
        0x012B SubscribeDtmfPayloadErr,
        0x012C UnsubscribeDtmfPayloadReq,
        0x012D UnsubscribeDtmfPayloadRes,
        0x012E UnsubscribeDtmfPayloadErr,
        0x014B PortReq,
        0x014C PortClose,
    }
}

named_numbers! {
    /// A codec or media feature as SCCP numbers it.
    MediaFormat { G711_ALAW = 2 => "G.711 A-law", G711_ULAW = 4 => "G.711 µ-law", G722 = 6 => "G.722",
        G723 = 9 => "G.723.1", G729 = 11 => "G.729", G729A = 12 => "G.729A", G729B = 15 => "G.729B",
        G729AB = 16 => "G.729AB", G726_32 = 82 => "G.726-32", T38 = 107 => "T.38", V150_MR_ULAW = 111 => "V.150 MR µ-law",
        NSE_VBD_ULAW = 112 => "NSE VBD µ-law", V150_MR_G729A = 113 => "V.150 MR G.729A",
        NSE_VBD_G729A = 114 => "NSE VBD G.729A", CLEAR_CHANNEL = 120 => "clear channel", RFC2833 = 257 => "RFC 2833",
        PASS_THROUGH = 258 => "pass-through",
        V150_MODEM_RELAY = 300 => "V.150 modem relay", V150_SPRT = 301 => "V.150 SPRT", V150_SSE = 302 => "V.150 SSE" }
}
named_numbers! {
    /// Answer to OpenReceiveChannel and StartMediaTransmission.
    MediaStatus { OK = 0 => "ok", UNKNOWN = 1 => "unknown", NOT_ENOUGH_CHANNELS = 2 => "not enough channels",
        CODEC_TOO_COMPLEX = 3 => "codec too complex", INVALID_PARTY = 4 => "invalid party",
        INVALID_REFERENCE = 5 => "invalid reference", INVALID_CODEC = 6 => "invalid codec",
        INVALID_PACKET_SIZE = 7 => "invalid packet size", OUT_OF_SOCKETS = 8 => "out of sockets",
        CODER_FAILED = 9 => "coder failed", DEVICE_ON_HOOK = 0xFF => "device on hook" }
}

/// Encryption words of a media message; all zero on every server seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// 0 none, 1 AES-CM-128/HMAC-SHA1-32, …
    pub algorithm: u32,
}

/// From this version on an address is a type word and 16 bytes.
const WIDE_FROM: u8 = 17;
/// From this version on both requests end in the latent capabilities (modem relay, SPRT, SSE, NSE).
const LATENT_FROM: u8 = 21;
/// Where they begin in both requests, the word that says whether they are in use, and in them the payload type of named
/// signalling events.
const LATENT: usize = 132;
const LATENT_LEN: usize = 36;
const LATENT_NSE: usize = 28;
/// What the address type and the 12 further address bytes add to every offset behind them.
const WIDER: usize = 16;

pub(super) const fn wide(version: u8) -> bool {
    version >= WIDE_FROM
}

/// What lies behind an address is this much further back.
pub(super) const fn shift(version: u8) -> usize {
    if wide(version) { WIDER } else { 0 }
}

/// Body size of a request: before 17, from 17, from 21.
pub(super) fn size(version: u8, sizes: [usize; 3]) -> usize {
    if version < WIDE_FROM {
        sizes[0]
    } else if version < LATENT_FROM {
        sizes[1]
    } else {
        sizes[2]
    }
}

/// The payload type of named signalling events, if this message has latent capabilities that are in use and name one.
pub(super) fn latent_nse(b: &Body<'_>) -> Option<u8> {
    (b.version >= LATENT_FROM)
        .then(|| crate::nse::latent_payload_type(b.slice(LATENT, LATENT_LEN)))
        .flatten()
}

/// Latent capabilities with nothing in them but that payload type.
pub(super) fn put_latent_nse(w: &mut Writer, nse_payload: Option<u8>) {
    if let Some(payload) = nse_payload.filter(|_| w.version >= LATENT_FROM) {
        w.u32(LATENT, 1);
        w.u8(LATENT + LATENT_NSE, payload);
    }
}

plain! {
    /// CloseReceiveChannel, StopMediaTransmission: stop one direction of a media leg.
    #[derive(Default)]
    MediaLeg {
        /// Conference; 0 from chan_skinny.
        conference: Conference = 0,
        /// Media leg.
        party: Party = 4,
        /// Call; 0 from chan_skinny.
        call: CallRef = 8,
        /// Port handling: the port is kept open for this leg's next use.
        keep_port: bool = 12,
    }
    need "pass-through party" 8
}

impl Contents for MediaLeg {
    fn fields(&self) -> Fields {
        Fields::new()
            .leg(self.conference, self.party, self.call)
            .with("keep_port", self.keep_port.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sccp::message::{Layout, MediaFormat, OpenReceiveChannel, StartMediaTransmission};
    use std::net::{Ipv4Addr, SocketAddrV4};

    fn body(bytes: &[u8], version: u8) -> Body<'_> {
        let mut body = Body::of(bytes);
        body.version = version;
        body
    }

    #[test]
    fn the_payload_type_of_named_events_is_where_the_latent_capabilities_have_it() {
        let open = OpenReceiveChannel {
            conference: Conference(1),
            party: Party(2),
            ptime_ms: 20,
            format: MediaFormat::G711_ULAW,
            echo_cancel: false,
            call: CallRef(3),
            encryption: Encryption::default(),
            rfc2833_payload: 101,
            nse_payload: Some(98),
        };
        let start = StartMediaTransmission {
            conference: Conference(1),
            party: Party(2),
            remote: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 4000),
            ptime_ms: 20,
            format: MediaFormat::G711_ULAW,
            precedence: 0,
            vad: false,
            max_frames: 0,
            call: CallRef(3),
            encryption: Encryption::default(),
            rfc2833_payload: 101,
            nse_payload: Some(98),
        };
        // Behind the twelve octets of the header: 36 octets at the end of 168, in use, their 29th.
        for (version, named) in [(17, None), (20, None), (21, Some(98)), (22, Some(98))] {
            let written = |encode: &dyn Fn(&mut Writer)| {
                let mut w = Writer::new(version, false);
                encode(&mut w);
                w.finish(0, 0).split_off(12)
            };
            let of = |bytes: &[u8]| (bytes.get(132).copied(), bytes.get(160).copied());
            let wanted = named.map_or((None, None), |n| (Some(1), Some(n)));
            let bytes = written(&|w| open.encode(w));
            assert_eq!(of(&bytes), wanted, "version {version}");
            let read = OpenReceiveChannel::decode(&body(&bytes, version)).unwrap();
            assert_eq!(read.nse_payload, named);
            let bytes = written(&|w| start.encode(w));
            assert_eq!(of(&bytes), wanted, "version {version}");
            let read = StartMediaTransmission::decode(&body(&bytes, version)).unwrap();
            assert_eq!((read.nse_payload, read.rfc2833_payload), (named, 101));
            // Cut short, and not in use.
            let read =
                StartMediaTransmission::decode(&body(&bytes[..bytes.len().min(150)], version));
            assert_eq!(read.unwrap().nse_payload, None);
        }
    }
}
