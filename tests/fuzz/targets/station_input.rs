//! A station among hostile servers, sockets and clocks: a program of inputs in any order.
#![no_main]

use std::net::Ipv4Addr;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_fuzz::Program;
use tipring_proto::sccp::message::ClientMessage;
use tipring_proto::sccp::station::{
    CloseReason, ConnectFailure, Station, StationConfig, StationOutput,
};
use tipring_proto::sccp::wire::{FrameReader, decode_client};
use tipring_proto::time::Time;
use tipring_proto::types::{ConnectionId, ConnectionPurpose, DeviceName, DeviceType};

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let name = DeviceName::new("VGC112233445501").expect("a name");
    let mut config = StationConfig::new(name, DeviceType::VGC_PHONE, [0; 6]);
    config.offer_version = program.byte();
    config.servers = (0..usize::from(program.byte() % 4)).collect();
    let mut station = Station::new(config.clone());
    let mut now = Time::from_millis(1);
    let mut ids = Ids::default();
    station.start(now);
    while let Some(step) = program.next_step() {
        match step % 16 {
            0 => station.start(now),
            1 => station.connected(now, ids.active, Ipv4Addr::LOCALHOST),
            2 => station.connect_failed(now, ids.active, ConnectFailure::Refused),
            3 => station.lost(now, ids.active, CloseReason::TimedOut),
            4 => station.lost(now, ids.active, CloseReason::ByServer),
            5 => station.stop(now),
            6 => station.set_busy(now, program.byte() % 2 == 0),
            7 => trial(&mut station, now, ids.trial, &mut program),
            8 => station.reconfigure(now, config.clone()),
            9 => {
                station.send(now, ClientMessage::TimeDateReq);
            }
            10 | 11 => {
                now = now + Duration::from_millis(u64::from(program.byte()) * 250);
                station.handle_timeout(now);
            }
            12 => {
                // Of a connection that is over, or was never there.
                let id = ConnectionId(u64::from(program.byte()));
                station.received(now, id, program.bytes());
            }
            _ => station.received(now, ids.active, program.bytes()),
        }
        while let Some(output) = station.poll_output() {
            ids.see(&output);
            if let StationOutput::Send { bytes, .. } = output {
                one_good_frame(&bytes);
            }
        }
        // Whatever is due is done with in a few rounds: nothing stays due for ever.
        for _ in 0..8 {
            station.handle_timeout(now);
            while let Some(output) = station.poll_output() {
                ids.see(&output);
            }
        }
        assert!(
            station.poll_timeout().is_none_or(|next| next > now),
            "a deadline that never lets go"
        );
        let _ = station.snapshot();
    }
});

/// The connections that the station uses.
#[derive(Default)]
struct Ids {
    active: ConnectionId,
    trial: ConnectionId,
    last: ConnectionId,
}

impl Ids {
    fn see(&mut self, output: &StationOutput) {
        match *output {
            StationOutput::Connect { id, purpose, .. } => {
                assert!(id > self.last, "an id was given twice");
                self.last = id;
                match purpose {
                    ConnectionPurpose::Active => self.active = id,
                    ConnectionPurpose::Trial => self.trial = id,
                    ConnectionPurpose::Standby => {}
                }
            }
            // A trial has taken the place of what was left for it.
            StationOutput::Close { id } if id == self.active => self.active = self.trial,
            _ => {}
        }
    }
}

/// The connection to a better server, and what else wakes a station.
fn trial(station: &mut Station, now: Time, id: ConnectionId, program: &mut Program<'_>) {
    let kind = program.byte();
    let server = usize::from(program.byte() % 5);
    match kind % 8 {
        0 | 1 => station.connected(now, id, Ipv4Addr::LOCALHOST),
        2 => station.connect_failed(now, id, ConnectFailure::Refused),
        3 => station.deferred(now, id),
        4 => station.lost(now, id, CloseReason::Reset),
        5 => station.sibling_registered(now, server),
        6 => match program.byte() % 6 {
            0 => station.look_at(now, server, kind > 127),
            1 => station.lead_to(now, server, (kind > 127).then_some(kind.into())),
            2 => station.turn_to(now, server),
            3 => station.retry_now(now, Some(server)),
            4 => station.retry_now(now, None),
            _ => station.restart(now),
        },
        _ if kind > 127 => station.network_changed(now),
        _ => station.received(now, id, program.bytes()),
    }
}

fn one_good_frame(bytes: &[u8]) {
    let mut reader = FrameReader::new(1 << 16);
    reader.push(bytes);
    let frame = reader
        .next_frame()
        .expect("our own length")
        .expect("a whole frame");
    assert_eq!(reader.pending(), 0, "one message a write");
    decode_client(&frame, 3).expect("our own frame");
}
