//! Packets of a pcap or pcapng file to SCCP messages: TCP connections to the CallManager's port, put in order again.
//!
//! A retransmission is left out, and what came early waits for what was missing. When a piece never comes the connection goes
//! on at the next message that can be made out.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::data::{PacketData, get_packetdata};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};
use tipring_proto::sccp::wire::{Frame, FrameReader};

use super::capture::{Capture, Captured};

/// Largest packet block that is read.
const BLOCK: usize = 1 << 20;
/// Pieces that wait for one that is missing; then it is given up.
const WAITING: usize = 64;

/// One direction of a connection.
#[derive(Default)]
struct Direction {
    reader: FrameReader,
    /// The next byte, once a first one was seen.
    next: Option<u32>,
    waiting: BTreeMap<u32, Vec<u8>>,
}

/// Reads all packets; the error says what is wrong with the file.
pub(super) fn read(bytes: &[u8], server_port: u16) -> Result<Capture, String> {
    let mut reader = create_reader(BLOCK, bytes).map_err(|e| format!("no pcap or pcapng: {e}"))?;
    let mut packets = Packets {
        server_port,
        first: None,
        directions: HashMap::new(),
        capture: Capture::default(),
    };
    // Of each interface of a pcapng its link and the unit of its times; a pcap has one.
    let mut links: Vec<(Linktype, u64, i64)> = vec![];
    let mut fine = 1_000;
    loop {
        let used = match reader.next() {
            Ok((used, block)) => {
                match block {
                    PcapBlockOwned::LegacyHeader(header) => {
                        fine = if header.is_nanosecond_precision() {
                            1
                        } else {
                            1_000
                        };
                        links = vec![(header.network, 0, 0)];
                    }
                    PcapBlockOwned::Legacy(packet) => {
                        let at = Duration::new(
                            packet.ts_sec.into(),
                            packet.ts_usec.saturating_mul(fine).min(999_999_999),
                        );
                        if let Some((link, ..)) = links.first() {
                            packets.packet(at, *link, packet.data, packet.caplen);
                        }
                    }
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => links.clear(),
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        let units = interface.ts_resolution().unwrap_or(1_000_000);
                        links.push((interface.linktype, units, interface.ts_offset()));
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let link = usize::try_from(packet.if_id)
                            .ok()
                            .and_then(|id| links.get(id));
                        if let Some((link, units, offset)) = link {
                            let (seconds, part) = packet
                                .decode_ts(u64::try_from(*offset).unwrap_or(0), (*units).max(1));
                            let part = u64::from(part) * 1_000_000_000 / (*units).max(1);
                            let at = Duration::new(
                                seconds.into(),
                                u32::try_from(part).unwrap_or(0).min(999_999_999),
                            );
                            packets.packet(at, *link, packet.packet_data(), packet.caplen);
                        }
                    }
                    PcapBlockOwned::NG(_) => {}
                }
                used
            }
            Err(PcapError::Eof) => break,
            // The last packet was cut off.
            Err(PcapError::UnexpectedEof) => break,
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    break;
                }
                reader
                    .refill()
                    .map_err(|e| format!("a damaged block: {e}"))?;
                continue;
            }
            Err(e) => return Err(format!("a damaged block: {e}")),
        };
        reader.consume(used);
    }
    packets.capture.messages.sort_by_key(|m| m.at);
    Ok(packets.capture)
}

struct Packets {
    server_port: u16,
    first: Option<Duration>,
    directions: HashMap<(SocketAddr, SocketAddr), Direction>,
    capture: Capture,
}

impl Packets {
    fn packet(&mut self, at: Duration, link: Linktype, data: &[u8], length: u32) {
        let length = usize::try_from(length).unwrap_or(0).min(data.len());
        let sliced = match get_packetdata(data, link, length) {
            Some(PacketData::L2(frame)) => SlicedPacket::from_ethernet(frame).ok(),
            Some(PacketData::L3(_, packet)) => SlicedPacket::from_ip(packet).ok(),
            _ => None,
        };
        let Some(sliced) = sliced else { return };
        let (from, to) = match &sliced.net {
            Some(NetSlice::Ipv4(ip)) => (
                IpAddr::V4(ip.header().source_addr()),
                IpAddr::V4(ip.header().destination_addr()),
            ),
            Some(NetSlice::Ipv6(ip)) => (
                IpAddr::V6(ip.header().source_addr()),
                IpAddr::V6(ip.header().destination_addr()),
            ),
            _ => return,
        };
        let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
            return;
        };
        let from = SocketAddr::new(from, tcp.source_port());
        let to = SocketAddr::new(to, tcp.destination_port());
        let from_server = from.port() == self.server_port;
        if from_server == (to.port() == self.server_port) {
            return;
        }
        let direction = self.directions.entry((from, to)).or_default();
        if tcp.syn() {
            *direction = Direction::default();
            direction.next = Some(tcp.sequence_number().wrapping_add(1));
            return;
        }
        let frames = direction.take(tcp.sequence_number(), tcp.payload());
        // With its port: behind one address may be a gateway with many.
        let phone = if from_server { to } else { from };
        for frame in frames {
            let first = *self.first.get_or_insert(at);
            self.capture.messages.push(Captured {
                at: at.saturating_sub(first),
                phone: phone.to_string(),
                from_server,
                frame,
            });
        }
    }
}

impl Direction {
    /// A piece of the stream; answers the messages that are whole now.
    fn take(&mut self, sequence: u32, payload: &[u8]) -> Vec<Frame> {
        if payload.is_empty() {
            return vec![];
        }
        let next = *self.next.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(next);
        if ahead != 0 && ahead < u32::MAX / 2 {
            self.waiting.insert(ahead, payload.to_vec());
            if self.waiting.len() < WAITING {
                return vec![];
            }
            // What was missing never came: begin again behind the gap.
            self.reader = FrameReader::default();
            let Some((gap, piece)) = self.waiting.pop_first() else {
                return vec![];
            };
            let waiting = std::mem::take(&mut self.waiting);
            self.waiting = waiting.into_iter().map(|(at, p)| (at - gap, p)).collect();
            return self.push(next.wrapping_add(gap), &piece);
        }
        // What was seen before is left out.
        let seen = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
        match payload.get(seen..) {
            Some(fresh) if !fresh.is_empty() => {
                let fresh = fresh.to_vec();
                self.push(next, &fresh)
            }
            _ => vec![],
        }
    }

    /// The next bytes of the stream, and what waited for them.
    fn push(&mut self, at: u32, bytes: &[u8]) -> Vec<Frame> {
        self.next = Some(at);
        let mut frames = self.read(bytes);
        while let Some((ahead, piece)) = self.waiting.pop_first() {
            let next = self.next.unwrap_or(at);
            let offset = next.wrapping_sub(at);
            if ahead > offset {
                self.waiting.insert(ahead, piece);
                break;
            }
            let seen = usize::try_from(offset - ahead).unwrap_or(usize::MAX);
            if let Some(fresh) = piece.get(seen..) {
                frames.extend(self.read(fresh));
            }
        }
        // Distances are from the next byte.
        let moved = self.next.unwrap_or(at).wrapping_sub(at);
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting = waiting
            .into_iter()
            .map(|(ahead, piece)| (ahead.saturating_sub(moved), piece))
            .collect();
        frames
    }

    fn read(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let length = u32::try_from(bytes.len()).unwrap_or(0);
        self.next = self.next.map(|next| next.wrapping_add(length));
        self.reader.push(bytes);
        let mut frames = vec![];
        loop {
            match self.reader.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return frames,
                // Begun in the middle of a message: the next segment begins with one, most likely.
                Err(_) => {
                    self.reader = FrameReader::default();
                    return frames;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;
    use tipring_proto::sccp::message::ServerMessage;
    use tipring_proto::sccp::wire::encode_server;

    /// A pcap of segments from the server, each with its sequence number.
    fn pcap(segments: &[(u32, &[u8])]) -> Vec<u8> {
        let mut file = vec![0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0];
        for word in [0u32, 0, 65_535, 1] {
            file.extend(word.to_le_bytes());
        }
        for (n, (sequence, payload)) in segments.iter().enumerate() {
            let mut packet = vec![];
            PacketBuilder::ethernet2([2; 6], [4; 6])
                .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
                .tcp(2000, 50_000, *sequence, 1024)
                .write(&mut packet, payload)
                .unwrap();
            let length = packet.len() as u32;
            for word in [n as u32, 500_000, length, length] {
                file.extend(word.to_le_bytes());
            }
            file.extend(packet);
        }
        file
    }

    #[test]
    fn what_came_twice_is_left_out_and_what_came_early_waits() {
        let message = encode_server(&ServerMessage::KeepAliveAck, 0);
        let stream: Vec<u8> = message.repeat(4);
        let (a, b, c) = (&stream[..7], &stream[7..20], &stream[20..]);
        let segments = [(100, a), (120, c), (100, a), (107, b)];
        let capture = read(&pcap(&segments), 2000).unwrap();
        assert_eq!(capture.phones(), ["10.0.0.2:50000"]);
        let ids: Vec<_> = capture.messages.iter().map(|m| m.frame.id).collect();
        assert_eq!(ids, [0x100; 4]);
        assert!(capture.messages.iter().all(|m| m.from_server));
    }

    #[test]
    fn a_file_that_is_no_capture_is_refused_and_one_cut_anywhere_is_read_up_to_there() {
        assert!(read(b"no capture at all", 2000).is_err());
        let message = encode_server(&ServerMessage::KeepAliveAck, 0);
        let whole = pcap(&[(100, &message), (112, &message)]);
        for end in 24..whole.len() {
            let capture = read(&whole[..end], 2000).unwrap();
            assert!(capture.messages.len() < 2);
        }
        assert_eq!(read(&whole, 2000).unwrap().messages.len(), 2);
    }
}
