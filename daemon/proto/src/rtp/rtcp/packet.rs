//! Compound RTCP packets, written and read (RFC 3550 §6.1, §6.4–6.6, A.2).

/// Longest datagram that is looked at: what an Ethernet carries.
pub const MAX_RTCP: usize = 1472;

const VERSION: u8 = 2 << 6;
const PADDING: u8 = 0x20;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;
/// Bytes of a header with the SSRC behind it.
const HEADER: usize = 8;
const SENDER_INFO: usize = 20;
const BLOCK: usize = 24;
/// Cumulative loss has 24 bits and a sign.
const MOST_LOST: i32 = 0x7F_FFFF;

/// What a sender says of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall time in NTP's form: seconds since 1900 and their fraction, 32 bits each.
    pub ntp: u64,
    /// The same moment on the clock of the stream.
    pub timestamp: u32,
    /// RTP packets sent.
    pub packets: u32,
    /// Payload octets in them.
    pub octets: u32,
}

/// What a receiver says of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// Which stream.
    pub ssrc: u32,
    /// Share of the packets lost since the report before, in 1/256.
    pub fraction: u8,
    /// Packets lost since the beginning; duplicates make it negative.
    pub lost: i32,
    /// Highest sequence number, with how often it wrapped above it.
    pub highest: u32,
    /// Interarrival jitter, in samples.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report heard; 0: none.
    pub last_report: u32,
    /// Since it came, in 1/65536 s.
    pub since: u32,
}

/// A compound packet to be sent: one report, our name, and the end if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Our source.
    pub ssrc: u32,
    /// Set while we send: a sender report, else a receiver report.
    pub sender: Option<SenderInfo>,
    /// What we hear, when we hear something.
    pub block: Option<ReportBlock>,
    /// Canonical name, the same in every report; held to 255 bytes.
    pub cname: &'a str,
    /// We leave.
    pub bye: bool,
}

impl Outgoing<'_> {
    /// The datagram.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        let kind = match self.sender {
            Some(_) => SENDER_REPORT,
            None => RECEIVER_REPORT,
        };
        let at = begin(&mut out, u8::from(self.block.is_some()), kind);
        word(&mut out, self.ssrc);
        if let Some(sender) = self.sender {
            out.extend(sender.ntp.to_be_bytes());
            word(&mut out, sender.timestamp);
            word(&mut out, sender.packets);
            word(&mut out, sender.octets);
        }
        if let Some(block) = self.block {
            word(&mut out, block.ssrc);
            let lost = block.lost.clamp(-MOST_LOST - 1, MOST_LOST).cast_unsigned();
            word(&mut out, u32::from(block.fraction) << 24 | lost & 0xFF_FFFF);
            word(&mut out, block.highest);
            word(&mut out, block.jitter);
            word(&mut out, block.last_report);
            word(&mut out, block.since);
        }
        end(&mut out, at);
        let at = begin(&mut out, 1, DESCRIPTION);
        word(&mut out, self.ssrc);
        let name = self.cname.as_bytes();
        let name = name.get(..255).unwrap_or(name);
        out.push(CNAME);
        out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend(name);
        // The list ends with a zero, and fills its last word with more.
        out.push(0);
        while !out.len().is_multiple_of(4) {
            out.push(0);
        }
        end(&mut out, at);
        if self.bye {
            let at = begin(&mut out, 1, BYE);
            word(&mut out, self.ssrc);
            end(&mut out, at);
        }
        out
    }
}

fn word(out: &mut Vec<u8>, word: u32) {
    out.extend(word.to_be_bytes());
}

/// A header without its length; answers where it begins.
fn begin(out: &mut Vec<u8>, count: u8, kind: u8) -> usize {
    let at = out.len();
    out.extend([VERSION | count, kind, 0, 0]);
    at
}

/// The length of the packet that began at `at`: words, less one.
fn end(out: &mut [u8], at: usize) {
    let words = (out.len() - at) / 4 - 1;
    let length = u16::try_from(words).unwrap_or(u16::MAX).to_be_bytes();
    if let Some(field) = out.get_mut(at + 2..at + 4) {
        field.copy_from_slice(&length);
    }
}

/// What a compound packet says that matters to one station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Who reports.
    pub ssrc: u32,
    /// What it sends, when it sends.
    pub sender: Option<SenderInfo>,
    /// What it hears of us.
    pub of_us: Option<ReportBlock>,
    /// It leaves.
    pub bye: bool,
}

/// Why a datagram is no compound RTCP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    /// Shorter than its headers say, or longer than any.
    #[error("RTCP datagram of {0} bytes, which is not what its headers say")]
    Length(usize),
    /// Not version 2.
    #[error("RTCP version {0}, not 2")]
    Version(u8),
    /// A compound packet begins with a report, and has padding at its end alone.
    #[error("RTCP datagram that begins with type {0} or is padded before its end")]
    NoReport(u8),
}

impl Incoming {
    /// Reads a datagram. Its first report is its sender's; `us` is our source. Types that are not known are skipped.
    pub fn parse(datagram: &[u8], us: u32) -> Result<Incoming, RtcpError> {
        let length = RtcpError::Length(datagram.len());
        if datagram.len() > MAX_RTCP {
            return Err(length);
        }
        let mut all: Option<Incoming> = None;
        let mut rest = datagram;
        while !rest.is_empty() {
            let Some([first, kind, l0, l1]) = rest.first_chunk().copied() else {
                return Err(length);
            };
            if first >> 6 != 2 {
                return Err(RtcpError::Version(first >> 6));
            }
            let bytes = (usize::from(u16::from_be_bytes([l0, l1])) + 1) * 4;
            let (packet, after) = rest.split_at_checked(bytes).ok_or(length)?;
            let padded = first & PADDING != 0;
            let report = kind == SENDER_REPORT || kind == RECEIVER_REPORT;
            if all.is_none() && (!report || padded) || padded && !after.is_empty() {
                return Err(RtcpError::NoReport(kind));
            }
            let count = usize::from(first & 0x1F);
            if report {
                let said = read_report(packet, kind, count, us).ok_or(length)?;
                let all = all.get_or_insert(said);
                all.of_us = all.of_us.or(said.of_us);
            } else if kind == BYE
                && let Some(all) = &mut all
            {
                let mut leaving = packet.get(4..).unwrap_or_default().chunks_exact(4);
                all.bye |= leaving
                    .by_ref()
                    .take(count)
                    .any(|ssrc| ssrc == all.ssrc.to_be_bytes());
            }
            rest = after;
        }
        all.ok_or(length)
    }
}

fn read_report(packet: &[u8], kind: u8, count: usize, us: u32) -> Option<Incoming> {
    let ssrc = read_word(packet, 4)?;
    let (sender, blocks) = if kind == SENDER_REPORT {
        let high = read_word(packet, HEADER)?;
        let low = read_word(packet, HEADER + 4)?;
        let info = SenderInfo {
            ntp: u64::from(high) << 32 | u64::from(low),
            timestamp: read_word(packet, HEADER + 8)?,
            packets: read_word(packet, HEADER + 12)?,
            octets: read_word(packet, HEADER + 16)?,
        };
        (Some(info), HEADER + SENDER_INFO)
    } else {
        (None, HEADER)
    };
    let blocks = packet.get(blocks..blocks + count * BLOCK)?;
    let mut blocks = blocks.chunks_exact(BLOCK);
    let of_us = blocks.find(|b| b.starts_with(&us.to_be_bytes()));
    Some(Incoming {
        ssrc,
        sender,
        of_us: of_us.and_then(read_block),
        bye: false,
    })
}

fn read_block(block: &[u8]) -> Option<ReportBlock> {
    let loss = read_word(block, 4)?;
    Some(ReportBlock {
        ssrc: read_word(block, 0)?,
        fraction: (loss >> 24) as u8,
        // The sign is in bit 23.
        lost: (loss << 8).cast_signed() >> 8,
        highest: read_word(block, 8)?,
        jitter: read_word(block, 12)?,
        last_report: read_word(block, 16)?,
        since: read_word(block, 20)?,
    })
}

fn read_word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*word))
}
