//! The test CallManager among hostile clients: bytes on several connections, in any order and at any time.
#![no_main]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_fuzz::Program;
use tipring_proto::sccp::callmanager::{CallManager, CallManagerConfig, CmOutput, ConnId, Dialect};
use tipring_proto::sccp::message::ResetKind;
use tipring_proto::sccp::wire::FrameReader;
use tipring_proto::time::Time;

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let dialect = Dialect::ALL[usize::from(program.byte()) % Dialect::ALL.len()];
    let mut manager = CallManager::new(CallManagerConfig {
        dialect,
        ..CallManagerConfig::default()
    });
    let mut now = Time::from_millis(1);
    let peer = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 40_000);
    let mut open = [ConnId(0), ConnId(1), ConnId(2)];
    let mut last = 2;
    for conn in open {
        manager.accept(now, conn, peer);
    }
    while let Some(step) = program.next_step() {
        let which = usize::from(step >> 4) % open.len();
        match step % 16 {
            0 => {
                manager.closed(now, open[which]);
                last += 1;
                open[which] = ConnId(last);
                manager.accept(now, open[which], peer);
            }
            1 => {
                let _ = manager.set_mwi(now, "1001", step > 127);
            }
            2 => {
                let _ = manager.reset("1002", ResetKind::RESTART);
            }
            3 => {
                let _ = manager.place_call_to(now, "1001", "5551234", "Out", step > 127, peer);
            }
            4..6 => {
                now = now + Duration::from_millis(u64::from(program.byte()) * 50);
                manager.handle_timeout(now);
            }
            _ => manager.handle_input(now, open[which], program.bytes()),
        }
        while let Some(output) = manager.poll_output() {
            if let CmOutput::Send { bytes, .. } = output {
                let mut reader = FrameReader::new(1 << 16);
                reader.push(&bytes);
                reader
                    .next_frame()
                    .expect("our own length")
                    .expect("a whole frame");
            }
        }
        let _ = manager.snapshot();
    }
});
