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

/// From this version on the number is wider. (Wireshark takes the long form at 18 already; the server that was seen to ask
/// takes the short one there.)
const LONG_FROM: u8 = 19;
/// From this version on the answer's mode is one byte, and nothing is padded behind it. Frames of phones that were
/// captured show a word at 20 and a byte at 22 (dumps in chan-sccp); Wireshark reads a byte at both.
const PACKED_FROM: u8 = 22;
/// Below it the text has a field of this size, which CallManager's column for it has too.
const TEXT: usize = 600;

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
    /// How it sounded, which CallManager stores with the call.
    pub quality: Option<VoiceQuality>,
}

/// What the quality text says; shares and opinion scores in 1/10000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoiceQuality {
    /// MLQK: listening quality as an opinion score, of the last seconds.
    pub mos: u32,
    /// MLQKav: of all of it.
    pub mean: u32,
    /// MLQKmn: the lowest.
    pub least: u32,
    /// MLQKmx: the highest.
    pub most: u32,
    /// CCR: concealed share of all sound.
    pub concealed: u32,
    /// ICR: of the last 3 s.
    pub concealed_now: u32,
    /// ICRmx: its highest value.
    pub concealed_most: u32,
    /// CS: seconds with any.
    pub concealed_s: u32,
    /// SCS: seconds with more than 5 %.
    pub severe_s: u32,
}

/// MLQKvr names what computes the score: ours is no Cisco's, so it has a number of its own.
const ALGORITHM: &str = "1.00T";

impl VoiceQuality {
    /// As a phone of this version writes it; receivers scan for the values in this order.
    fn text(&self, version: u8) -> String {
        let part = |n: u32| format!("{}.{:04}", n / 10_000, n % 10_000);
        let [mos, mean, least, most] = [self.mos, self.mean, self.least, self.most].map(part);
        let shares = [self.concealed, self.concealed_now, self.concealed_most];
        let [ccr, icr, icr_most] = shares.map(part);
        let (cs, scs) = (self.concealed_s, self.severe_s);
        match version {
            20 | 21 => format!(
                "Log 476: mos {mos}, avgMos {mean}, maxMos {most}, minMos {least}, CS {cs}, SCS {scs}, CCR {ccr}, \
                 ICR {icr}, maxCR {icr_most}\n"
            ),
            PACKED_FROM.. => format!(
                "MLQK={mos};MLQKav={mean};MLQKmn={least};MLQKmx={most};ICR={icr};CCR={ccr};ICRmx={icr_most};CS={cs};\
                 SCS={scs};MLQKvr={ALGORITHM}"
            ),
            _ => format!(
                "MLQK={mos};MLQKav={mean};MLQKmn={least};MLQKmx={most};MLQKvr={ALGORITHM};CCR={ccr};ICR={icr};\
                 ICRmx={icr_most};CS={cs};SCS={scs}"
            ),
        }
    }

    /// Of any of its forms; none when it names no score.
    fn read(text: &str) -> Option<VoiceQuality> {
        let text = text.strip_prefix("Log 476:").unwrap_or(text);
        let mut quality = VoiceQuality::default();
        let mut scored = false;
        for item in text.split([';', ',']) {
            let Some((key, value)) = item.trim().split_once(['=', ' ']) else {
                continue;
            };
            let parts = || {
                let (whole, part) = value.split_once('.')?;
                let part: u32 = part.get(..4)?.parse().ok()?;
                whole
                    .parse::<u32>()
                    .ok()?
                    .checked_mul(10_000)?
                    .checked_add(part)
            };
            let (field, value) = match key {
                "MLQK" | "mos" => (&mut quality.mos, parts()),
                "MLQKav" | "avgMos" => (&mut quality.mean, parts()),
                "MLQKmn" | "minMos" => (&mut quality.least, parts()),
                "MLQKmx" | "maxMos" => (&mut quality.most, parts()),
                "CCR" => (&mut quality.concealed, parts()),
                "ICR" => (&mut quality.concealed_now, parts()),
                "ICRmx" | "maxCR" => (&mut quality.concealed_most, parts()),
                "CS" => (&mut quality.concealed_s, value.parse().ok()),
                "SCS" => (&mut quality.severe_s, value.parse().ok()),
                _ => continue,
            };
            *field = value.unwrap_or(0);
            scored |= matches!(key, "MLQK" | "mos") && value.is_some();
        }
        scored.then_some(quality)
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
    } else if version < PACKED_FROM {
        Response {
            number_len: 28,
            call: 28,
            mode: 32,
            counters: 36,
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
        let size = usize::try_from(counter(7)).unwrap_or(TEXT).min(TEXT);
        let text = b.text(at.counters + 4 * 8, size);
        Ok(ConnectionStatistics {
            number: b.text(0, at.number_len),
            call: CallRef(b.u32(at.call)),
            mode: if b.version < PACKED_FROM {
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
            quality: VoiceQuality::read(&text),
        })
    }

    fn encode(&self, w: &mut Writer) {
        let at = response(w.version);
        w.full_text(0, request(w.version).number_len, &self.number);
        w.size(at.number_len);
        w.u32(at.call, self.call.0);
        if w.version < PACKED_FROM {
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
        let size = at.counters + 4 * counters.len();
        let Some(quality) = &self.quality else {
            if w.version >= LONG_FROM {
                // Size of the text that may follow: none.
                w.u32(size, 0);
            }
            return;
        };
        let text = quality.text(w.version);
        w.u32(size, u32::try_from(text.len()).unwrap_or(0));
        w.bytes(size + 4, text.as_bytes());
        if w.version < PACKED_FROM {
            w.size(size + 4 + TEXT);
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
            .text(
                "quality",
                &self
                    .quality
                    .map_or_else(String::new, |q| q.text(PACKED_FROM)),
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sccp::message::ClientMessage;
    use crate::sccp::wire::{FrameReader, decode_client, encode_client};

    const QUALITY: VoiceQuality = VoiceQuality {
        mos: 44_086,
        mean: 43_000,
        least: 21_234,
        most: 44_093,
        concealed: 56,
        concealed_now: 0,
        concealed_most: 1_000,
        concealed_s: 3,
        severe_s: 1,
    };

    fn answer(quality: Option<VoiceQuality>) -> ConnectionStatistics {
        ConnectionStatistics {
            number: "137".to_owned(),
            call: CallRef(3),
            mode: 1,
            packets_sent: 0x99,
            octets_sent: 0x5FA0,
            packets_received: 0x91,
            octets_received: 0x5AA0,
            packets_lost: 2,
            jitter_ms: 4,
            latency_ms: 5,
            quality,
        }
    }

    fn frame(version: u8, quality: Option<VoiceQuality>) -> Vec<u8> {
        let answer = ClientMessage::ConnectionStatisticsRes(answer(quality));
        encode_client(&answer, version)
    }

    #[test]
    fn the_lengths_are_those_of_captured_phones() {
        // Frames of phones at 20 and 22, and the older form (dumps in chan-sccp): 0x2A4, 0x2A8 octets in all; a byte of
        // mode and no padding at 22.
        assert_eq!(frame(11, Some(QUALITY)).len(), 0x2A4);
        assert_eq!(frame(20, Some(QUALITY)).len(), 0x2A8);
        let text = QUALITY.text(22);
        assert_eq!(
            frame(22, Some(QUALITY)).len(),
            12 + 33 + 28 + 4 + text.len()
        );
        // Without text as before.
        assert_eq!(frame(11, None).len(), 12 + 60);
        assert_eq!(frame(22, None).len(), 12 + 33 + 32);
    }

    #[test]
    fn the_fields_are_where_a_captured_phone_of_version_20_has_them() {
        let frame = frame(20, Some(QUALITY));
        let word = |at: usize| u32::from_le_bytes(*frame[at..].first_chunk().unwrap());
        let words = [0x28, 0x2C, 0x30, 0x34, 0x38, 0x3C].map(word);
        assert_eq!(words, [3, 1, 0x99, 0x5FA0, 0x91, 0x5AA0]);
        assert_eq!(word(0x4C) as usize, QUALITY.text(20).len());
        assert!(frame[0x50..].starts_with(
            b"Log 476: mos 4.4086, avgMos 4.3000, maxMos 4.4093, minMos 2.1234, CS 3, "
        ));
    }

    #[test]
    fn the_text_has_the_order_of_its_version() {
        let keys = |version| {
            let text = QUALITY.text(version);
            let keys = text.trim_start_matches("Log 476: ").split([';', ',']);
            let key = |k: &str| k.trim().split(['=', ' ']).next().map(str::to_owned);
            keys.filter_map(key).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            keys(17),
            "MLQK MLQKav MLQKmn MLQKmx MLQKvr CCR ICR ICRmx CS SCS"
        );
        assert_eq!(keys(21), "mos avgMos maxMos minMos CS SCS CCR ICR maxCR");
        assert_eq!(
            keys(22),
            "MLQK MLQKav MLQKmn MLQKmx ICR CCR ICRmx CS SCS MLQKvr"
        );
    }

    #[test]
    fn every_form_is_read_back_and_a_captured_one_too() {
        for version in [3, 11, 17, 18, 19, 20, 21, 22] {
            for quality in [None, Some(QUALITY)] {
                let mut reader = FrameReader::new(4096);
                reader.push(&frame(version, quality));
                let one = reader.next_frame().unwrap().unwrap();
                let read = decode_client(&one, version);
                let wanted = ClientMessage::ConnectionStatisticsRes(answer(quality));
                assert_eq!(read.unwrap(), wanted, "version {version}");
            }
        }
        let captured = "MLQK=0.0000;MLQKav=0.0000;MLQKmn=0.0000;MLQKmx=0.0000;ICR=0.0000;CCR=0.0000;ICRmx=0.0000;CS=0;\
                        SCS=0;MLQKvr=0.95";
        assert_eq!(VoiceQuality::read(captured), Some(VoiceQuality::default()));
        for odd in [
            "",
            "MLQK",
            "MLQK=",
            "MLQK=x.0000",
            "CS=1",
            "MLQK=99999999999.0000",
            "MLQK=1.é00",
        ] {
            assert_eq!(VoiceQuality::read(odd), None, "{odd}");
        }
    }
}
