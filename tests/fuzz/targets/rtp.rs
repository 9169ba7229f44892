//! Datagrams from a stranger in any order and at any time, blocks played in between.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipring_fuzz::Program;
use tipring_proto::rtp::{
    Concealer, JitterConfig, Playout, Receiver, ReceiverConfig, Sender, SenderConfig, SenderSeed,
};
use tipring_proto::time::Time;
use tipring_proto::types::Digit;

fuzz_target!(|input: &[u8]| {
    let mut program = Program::new(input);
    let block = [40u16, 80, 160, 240][usize::from(program.byte() % 4)];
    let (low, high) = (u16::from(program.byte()), u16::from(program.byte()) * 4);
    let mut receiver = Receiver::new(ReceiverConfig {
        jitter: JitterConfig { block, min_ms: low.min(high), max_ms: low.max(high) },
        event_payload_type: Some(101),
    });
    let mut sender = Sender::new(
        SenderSeed { sequence: u16::from(program.byte()) << 8, timestamp: u32::MAX - 100, ssrc: 7 },
        SenderConfig { payload_type: 0, ptime_ms: 20, event_payload_type: Some(101) },
    );
    let mut concealer = Concealer::new();
    let mut now = Time::from_millis(1);
    let mut sequence = 0u16;
    let mut received = 0;
    while let Some(step) = program.next_step() {
        match step % 9 {
            0 => {
                receiver.receive(now, program.bytes());
            }
            // A well-formed packet with fields of the fuzzer's choice: gets past the parser.
            1 => {
                sequence = sequence.wrapping_add(u16::from(program.byte()));
                let stamp = u32::from(program.byte()) * 80;
                let kind = [0, 8, 101, 13, 0x80][usize::from(program.byte() % 5)];
                let mut packet = vec![0x80, kind];
                packet.extend(sequence.to_be_bytes());
                packet.extend(stamp.to_be_bytes());
                packet.extend([0, 0, 0, program.byte() % 2]);
                packet.resize(12 + usize::from(program.byte()), 0x55);
                receiver.receive(now, &packet);
            }
            2 | 3 => {
                let mut law = vec![0; usize::from(block)];
                let mut pcm = vec![0i16; usize::from(block)];
                match receiver.play(now, &mut law) {
                    Playout::Samples(_) => concealer.good(&mut pcm),
                    Playout::Conceal => concealer.conceal(&mut pcm),
                    Playout::Silence => concealer.silence(&mut pcm),
                }
                now = now + Duration::from_micros(u64::from(block) * 125);
            }
            4 => now = now + Duration::from_millis(u64::from(program.byte()) * 20),
            5 => while receiver.poll_event(now).is_some() {},
            6 => sender.push(&vec![0xFF; usize::from(program.byte())], check),
            7 => {
                if let Some(digit) = Digit::from_event_code(program.byte() % 17) {
                    sender.press(digit, 10, check);
                }
            }
            _ => {
                sender.release();
                sender.pause(u32::from(program.byte()) << 24);
                receiver.expect_events(Some(program.byte() & 0x7F));
            }
        }
        let stats = receiver.stats();
        assert!(stats.sequence.received >= received, "a counter went back");
        received = stats.sequence.received;
    }
});

/// Whatever we send is RTP that we would take ourselves.
fn check(packet: &[u8]) {
    tipring_proto::rtp::Packet::parse(packet).expect("our own packet");
}
