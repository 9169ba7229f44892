//! Ports, sessions and far ends for both measurements.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};

use tipring_dsp::{CancellerConfig, Chain, ChainConfig, Law, LineEchoCanceller};
use tipring_hal::port::LinePort;
use tipring_proto::rtp::{RtpSource, Sender, SenderConfig, SenderSeed};
use tipring_proto::types::Codec;
use tipringd::line::{
    DSCP_EF, LinePortSpec, MediaSession, Remote, RtpPorts, SessionConfig, SessionId,
};

use crate::fake_card::BLOCK;

pub(crate) const LOCAL: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Something like talk, 3 s of it: a few harmonics and some breath under a slow envelope with pauses, different for each
/// port. Without breath the echo canceller would take it for a tone, and have less to do.
pub(crate) fn talk(port: usize) -> Vec<i16> {
    // Voices from 110 to 250 Hz; higher ones would have the tones of keys among their harmonics.
    let base = 110.0 + (port % 48) as f64 * 3.0;
    let mut random = port as u32;
    (0..24_000)
        .map(|n| {
            let t = f64::from(n) / 8000.0;
            let envelope = (t * std::f64::consts::TAU * 1.3).sin().max(0.0);
            let voice: f64 = (1..12)
                .map(|h| (t * std::f64::consts::TAU * base * f64::from(h)).sin() / f64::from(h))
                .sum();
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let breath = f64::from(random >> 16) / 32_768.0 - 1.0;
            ((voice + 0.5 * breath) * envelope * 4000.0) as i16
        })
        .collect()
}

/// [`talk`] as µ-law.
pub(crate) fn coded_talk(port: usize) -> Vec<u8> {
    talk(port).into_iter().map(|s| Law::Mu.encode(s)).collect()
}

/// A port with the chain that a phone's port has.
pub(crate) fn spec(port: Box<dyn LinePort>) -> Result<LinePortSpec, String> {
    let chain = Chain::with_echo_canceller(
        &ChainConfig::new(Law::Mu, BLOCK),
        Box::new(LineEchoCanceller::new(CancellerConfig::default())),
    )
    .map_err(|e| e.to_string())?;
    Ok(LinePortSpec { port, chain })
}

pub(crate) fn session(
    id: u64,
    ports: &mut RtpPorts,
) -> Result<(Box<MediaSession>, SocketAddrV4), String> {
    let config = SessionConfig {
        id: SessionId(id),
        codec: Codec::G711Ulaw,
        ptime_ms: 20,
        block: BLOCK as u16,
        jitter_min_ms: 0,
        jitter_max_ms: 200,
        jitter_fixed_ms: 100,
        data_port: false,
        redundancy: 0,
        redundancy_payload_type: 90,
        vad: false,
        named_payload_type: None,
        t38: false,
        event_payload_type: Some(101),
        sources: RtpSource::Strict,
        dscp: DSCP_EF,
    };
    let session = MediaSession::open(LOCAL, ports, &config).map_err(|e| e.to_string())?;
    let local = session.local();
    Ok((session, local))
}

/// The far end that has this socket, as StartMedia names it.
pub(crate) fn remote(far: &UdpSocket) -> Result<Remote, String> {
    match far.local_addr() {
        Ok(SocketAddr::V4(address)) => Ok(Remote {
            address,
            codec: Codec::G711Ulaw,
            ptime_ms: 20,
            event_payload_type: Some(101),
            dscp: DSCP_EF,
        }),
        other => Err(format!("the far end has no IPv4 address: {other:?}")),
    }
}

pub(crate) fn sender(n: u32) -> Sender {
    let seed = SenderSeed {
        sequence: 0,
        timestamp: n,
        ssrc: n,
    };
    let config = SenderConfig {
        payload_type: 0,
        ptime_ms: 20,
        event_payload_type: None,
    };
    Sender::new(seed, config)
}
