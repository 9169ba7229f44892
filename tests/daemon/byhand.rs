//! A CallManager that sends what a test gives it, to one port, and a far end that sends a tone and counts packets.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tipring_dsp::Law;
use tipring_proto::sccp::message::{ClientMessage, RegisterAck, ServerMessage};
use tipring_proto::sccp::wire::{self, FrameReader};
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON};

/// Samples in a packet.
const PACKET: usize = 160;
const PTIME: Duration = Duration::from_millis(20);

/// The server's end of the connection of port 1.
pub(crate) struct ByHand {
    stream: TcpStream,
    reader: FrameReader,
    version: u8,
}

impl ByHand {
    /// A gateway of one port, registered here with this protocol version.
    pub(crate) fn gateway(place: &Place, version: u8, more: &str) -> (ByHand, Gateway) {
        let listener = TcpListener::bind(place.sccp()).unwrap();
        let config = place.config(1, more).replace(
            "[gateway]",
            &format!("[gateway]\nprotocol-version = {version}"),
        );
        let gateway = place.launch(&config).spawn().unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut server = ByHand {
            stream,
            reader: FrameReader::default(),
            version,
        };
        server.wait("Register", |m| {
            matches!(m, ClientMessage::Register(_)).then_some(())
        });
        server.says(&[ServerMessage::RegisterAck(RegisterAck {
            keepalive_s: 600,
            secondary_keepalive_s: 600,
            version,
            features: [0; 3],
            date_template: *b"D.M.Y\0",
        })]);
        gateway.wait_registered(1, SOON).unwrap();
        (server, gateway)
    }

    /// Sends all of this in one piece.
    pub(crate) fn says(&mut self, messages: &[ServerMessage]) {
        let version = self.version;
        let bytes = messages
            .iter()
            .flat_map(|m| wire::encode_server(m, version));
        let bytes: Vec<u8> = bytes.collect();
        self.stream.write_all(&bytes).unwrap();
    }

    /// Reads on until the gateway sends what is wanted; what it sends besides is passed over.
    pub(crate) fn wait<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&ClientMessage) -> Option<T>,
    ) -> T {
        let end = Instant::now() + SOON;
        self.next(end, &mut wanted)
            .unwrap_or_else(|| panic!("the gateway does not say {what}"))
    }

    fn next<T>(
        &mut self,
        end: Instant,
        mut wanted: impl FnMut(&ClientMessage) -> Option<T>,
    ) -> Option<T> {
        let mut buffer = [0; 4096];
        loop {
            while let Some(frame) = self.reader.next_frame().unwrap() {
                if let Ok(message) = wire::decode_client(&frame, self.version)
                    && let Some(found) = wanted(&message)
                {
                    return Some(found);
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.stream.set_read_timeout(Some(left)).unwrap();
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the gateway has closed its connection"),
                Ok(n) => self.reader.push(&buffer[..n]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) => panic!("{e}"),
            }
        }
    }
}

/// A socket that RTP may come to, and what came.
pub(crate) struct FarEnd {
    socket: UdpSocket,
    stop: Arc<AtomicBool>,
    talker: Option<JoinHandle<()>>,
}

impl FarEnd {
    pub(crate) fn new(place: &Place) -> FarEnd {
        FarEnd {
            socket: UdpSocket::bind((place.address(), 0)).unwrap(),
            stop: Arc::default(),
            talker: None,
        }
    }

    pub(crate) fn address(&self) -> SocketAddrV4 {
        match self.socket.local_addr().unwrap() {
            std::net::SocketAddr::V4(address) => address,
            std::net::SocketAddr::V6(_) => unreachable!("bound to an address of IPv4"),
        }
    }

    /// Sends a tone to `to` until another order: µ-law, a packet every 20 ms.
    pub(crate) fn talks(&mut self, to: SocketAddrV4, hz: f64, dbm0: f64) {
        self.stop.store(false, Relaxed);
        let socket = self.socket.try_clone().unwrap();
        let stop = Arc::clone(&self.stop);
        // 0 dBm0 is a sine of 3.17 dB below the largest code.
        let peak = 32_124.0 * 10f64.powf((dbm0 - 3.17) / 20.0);
        self.talker = Some(std::thread::spawn(move || {
            let begin = Instant::now();
            for n in 0u32.. {
                if stop.load(Relaxed) {
                    return;
                }
                let samples: Vec<i16> = (0..PACKET)
                    .map(|i| {
                        let at = f64::from(n) * PACKET as f64 + i as f64;
                        (peak * (at * hz * std::f64::consts::TAU / 8000.0).sin()) as i16
                    })
                    .collect();
                let mut packet = vec![0x80, 0];
                packet.extend((n as u16).to_be_bytes());
                packet.extend(n.wrapping_mul(PACKET as u32).to_be_bytes());
                packet.extend(0x5151_5151u32.to_be_bytes());
                packet.resize(12 + PACKET, 0);
                Law::Mu.encode_block(&samples, &mut packet[12..]);
                let _ = socket.send_to(&packet, to);
                let due = begin + PTIME * (n + 1);
                std::thread::sleep(due.saturating_duration_since(Instant::now())); // paces a sender
            }
        }));
    }

    /// Sends nothing more.
    pub(crate) fn falls_silent(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(talker) = self.talker.take() {
            talker.join().unwrap();
        }
    }

    /// What has come since the last look: packets, and the sound in them.
    pub(crate) fn heard(&self) -> (usize, Vec<i16>) {
        self.socket.set_nonblocking(true).unwrap();
        let (mut packets, mut sound, mut buffer) = (0, vec![], [0; 2048]);
        while let Ok(n) = self.socket.recv(&mut buffer) {
            packets += 1;
            let mut samples = vec![0; n.saturating_sub(12)];
            Law::Mu.decode_block(buffer.get(12..n).unwrap_or_default(), &mut samples);
            sound.extend(samples);
        }
        self.socket.set_nonblocking(false).unwrap();
        (packets, sound)
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}
