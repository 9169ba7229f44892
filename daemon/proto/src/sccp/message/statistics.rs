//! ConnectionStatistics: asked for after a call, answered with the call's counters.

use tipring_types::trace::Fields;

use super::{Contents, Layout};
use crate::sccp::catalog::Common;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::CallRef;

family! { $ statistics_rows
    client {
        0x0023 ConnectionStatisticsRes(ConnectionStatistics),
    }
    named {}
    server {
        0x0107 ConnectionStatisticsReq(ConnectionStatisticsReq),
    }
    named {}
}

/// From this version on the number is wider and the answer's mode is one byte. (Wireshark takes the long form at 18
/// already; the server that was seen to ask takes the short one there.)
const LONG_FROM: u8 = 19;

/// Asks for the counters of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionStatisticsReq {
    /// Directory number.
    pub number: String,
    /// Call.
    pub call: CallRef,
    /// 0 clear, 1 do not clear.
    pub mode: u32,
}

struct Request {
    number_len: usize,
    call: usize,
    mode: usize,
}

const fn request(version: u8) -> Request {
    if version < LONG_FROM {
        Request {
            number_len: 24,
            call: 24,
            mode: 28,
        }
    } else {
        // 25 bytes and three of padding.
        Request {
            number_len: 25,
            call: 28,
            mode: 32,
        }
    }
}

impl Layout for ConnectionStatisticsReq {
    fn decode(b: &Body<'_>) -> Result<ConnectionStatisticsReq, DecodeError> {
        let at = request(b.version);
        Ok(ConnectionStatisticsReq {
            number: b.text(0, at.number_len),
            call: CallRef(b.u32(at.call)),
            mode: b.u32(at.mode),
        })
    }

    fn encode(&self, w: &mut Writer) {
        let at = request(w.version);
        w.full_text(0, at.number_len, &self.number);
        w.u32(at.call, self.call.0);
        w.u32(at.mode, self.mode);
    }
}

impl Contents for ConnectionStatisticsReq {
    fn fields(&self) -> Fields {
        Fields::new()
            .text("number", &self.number)
            .with(Fields::CALL_REF, self.call.0.into())
            .with("mode", self.mode.into())
    }
}

/// Counters of a finished call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionStatistics {
    /// Directory number as asked for.
    pub number: String,
    /// Call as asked for.
    pub call: CallRef,
    /// 0 clear, 1 do not clear; returned.
    pub mode: u32,
    /// RTP packets sent.
    pub packets_sent: u32,
    /// RTP payload octets sent.
    pub octets_sent: u32,
    /// RTP packets received.
    pub packets_received: u32,
    /// RTP payload octets received.
    pub octets_received: u32,
    /// RTP packets lost.
    pub packets_lost: u32,
    /// Interarrival jitter, ms.
    pub jitter_ms: u32,
    /// Latency, ms; 0 when unknown.
    pub latency_ms: u32,
}

struct Response {
    number_len: usize,
    call: usize,
    mode: usize,
    /// First of seven words.
    counters: usize,
}

const fn response(version: u8) -> Response {
    if version < LONG_FROM {
        Response {
            number_len: 24,
            call: 24,
            mode: 28,
            counters: 32,
        }
    } else {
        Response {
            number_len: 28,
            call: 28,
            mode: 32,
            // Behind the one-byte mode, unaligned.
            counters: 33,
        }
    }
}

impl Layout for ConnectionStatistics {
    fn decode(b: &Body<'_>) -> Result<ConnectionStatistics, DecodeError> {
        let at = response(b.version);
        let counter = |i: usize| b.u32(at.counters + 4 * i);
        Ok(ConnectionStatistics {
            number: b.text(0, at.number_len),
            call: CallRef(b.u32(at.call)),
            mode: if b.version < LONG_FROM {
                b.u32(at.mode)
            } else {
                b.u8(at.mode).into()
            },
            packets_sent: counter(0),
            octets_sent: counter(1),
            packets_received: counter(2),
            octets_received: counter(3),
            packets_lost: counter(4),
            jitter_ms: counter(5),
            latency_ms: counter(6),
        })
    }

    fn encode(&self, w: &mut Writer) {
        let at = response(w.version);
        w.full_text(0, request(w.version).number_len, &self.number);
        w.size(at.number_len);
        w.u32(at.call, self.call.0);
        if w.version < LONG_FROM {
            w.u32(at.mode, self.mode);
        } else {
            w.u8(at.mode, u8::try_from(self.mode).unwrap_or(u8::MAX));
        }
        let counters = [
            self.packets_sent,
            self.octets_sent,
            self.packets_received,
            self.octets_received,
            self.packets_lost,
            self.jitter_ms,
            self.latency_ms,
        ];
        for (i, counter) in counters.into_iter().enumerate() {
            w.u32(at.counters + 4 * i, counter);
        }
        if w.version >= LONG_FROM {
            // Size of the quality text that may follow: none.
            w.u32(at.counters + 4 * counters.len(), 0);
        }
    }
}

impl Contents for ConnectionStatistics {
    fn fields(&self) -> Fields {
        Fields::new()
            .text("number", &self.number)
            .with(Fields::CALL_REF, self.call.0.into())
            .with("packets_sent", self.packets_sent.into())
            .with("octets_sent", self.octets_sent.into())
            .with("packets_received", self.packets_received.into())
            .with("octets_received", self.octets_received.into())
            .with("packets_lost", self.packets_lost.into())
            .with("jitter_ms", self.jitter_ms.into())
            .with("latency_ms", self.latency_ms.into())
            .with("mode", self.mode.into())
    }
}
