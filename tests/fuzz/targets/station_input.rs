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
use tipring_proto::types::{DeviceName, DeviceType};

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let name = DeviceName::new("VGC112233445501").expect("a name");
    let mut config = StationConfig::new(name, DeviceType::VGC_PHONE, [0; 6]);
    config.offer_version = program.byte();
    config.servers = (0..usize::from(program.byte() % 4)).collect();
    let mut station = Station::new(config.clone());
    let mut now = Time::from_millis(1);
    station.start(now);
    while let Some(step) = program.next_step() {
        match step % 16 {
            0 => station.start(now),
            1 => station.connected(now, Ipv4Addr::LOCALHOST),
            2 => station.connect_failed(now, ConnectFailure::Refused),
            3 => station.closed(now, CloseReason::TimedOut),
            4 => station.closed(now, CloseReason::ByServer),
            5 => station.stop(now),
            6 => station.set_busy(now, program.byte() % 2 == 0),
            7 => second_connection(&mut station, now, &mut program),
            8 => station.reconfigure(now, config.clone()),
            9 => {
                station.send(now, ClientMessage::TimeDateReq);
            }
            10 | 11 => {
                now = now + Duration::from_millis(u64::from(program.byte()) * 250);
                station.handle_timeout(now);
            }
            _ => station.handle_input(now, program.bytes()),
        }
        while let Some(output) = station.poll_output() {
            if let StationOutput::Send(bytes) | StationOutput::ProbeSend(bytes) = output {
                one_good_frame(&bytes);
            }
        }
        // Whatever is due is done with in a few rounds: nothing stays due for ever.
        for _ in 0..8 {
            station.handle_timeout(now);
            while station.poll_output().is_some() {}
        }
        assert!(
            station.poll_timeout().is_none_or(|next| next > now),
            "a deadline that never lets go"
        );
        let _ = station.snapshot();
    }
});

/// The connection to a better server, and what else wakes a station.
fn second_connection(station: &mut Station, now: Time, program: &mut Program<'_>) {
    let kind = program.byte();
    let server = usize::from(program.byte() % 5);
    match kind % 8 {
        0 | 1 => station.probe_connected(now, Ipv4Addr::LOCALHOST),
        2 => station.probe_failed(now, ConnectFailure::Refused),
        3 => station.probe_held(now),
        4 => station.probe_closed(now, CloseReason::Reset),
        5 => station.sibling_registered(now, server),
        6 => station.sibling_settled(now, server),
        _ if kind > 127 => station.network_changed(now),
        _ => station.probe_input(now, program.bytes()),
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
