//! ConnectionStatistics: asked for after a call, told back with the call's counters.

use super::layout::{Body, Writer};
use crate::sccp::message::{ConnectionStatistics, ServerMessage};
use crate::types::CallRef;

/// From this version on the number is wider and the answer's mode is one byte. (Wireshark takes the long form at 18
/// already; the server that was seen to ask takes the short one there.)
const LONG_FROM: u8 = 19;

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

pub(super) fn encode_request(w: &mut Writer, version: u8, number: &str, call: CallRef, mode: u32) {
    let at = request(version);
    w.full_text(0, at.number_len, number);
    w.u32(at.call, call.0);
    w.u32(at.mode, mode);
}

pub(super) fn decode_request(b: &Body<'_>) -> ServerMessage {
    let at = request(b.version);
    ServerMessage::ConnectionStatisticsReq {
        number: b.text(0, at.number_len),
        call: CallRef(b.u32(at.call)),
        mode: b.u32(at.mode),
    }
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

pub(super) fn encode_response(w: &mut Writer, version: u8, m: &ConnectionStatistics) {
    let at = response(version);
    w.full_text(0, request(version).number_len, &m.number);
    w.size(at.number_len);
    w.u32(at.call, m.call.0);
    if version < LONG_FROM {
        w.u32(at.mode, m.mode);
    } else {
        w.u8(at.mode, u8::try_from(m.mode).unwrap_or(u8::MAX));
    }
    let counters = [
        m.packets_sent,
        m.octets_sent,
        m.packets_received,
        m.octets_received,
        m.packets_lost,
        m.jitter_ms,
        m.latency_ms,
    ];
    for (i, counter) in counters.into_iter().enumerate() {
        w.u32(at.counters + 4 * i, counter);
    }
    if version >= LONG_FROM {
        // Size of the quality text that may follow: none.
        w.u32(at.counters + 4 * counters.len(), 0);
    }
}

pub(super) fn decode_response(b: &Body<'_>) -> ConnectionStatistics {
    let at = response(b.version);
    let counter = |i: usize| b.u32(at.counters + 4 * i);
    ConnectionStatistics {
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
    }
}
