//! Any message that a server may say, mostly about few calls and few media legs, so that they meet again.

use std::net::{Ipv4Addr, SocketAddrV4};

use tipring_fuzz::Program;
use tipring_proto::sccp::message::{
    ButtonTemplate, CallInfo, CallStateChange, CallStateKind, ConnectionStatisticsReq,
    DialedNumber, Encryption, LampMode, LineStat, MediaFormat, MediaLeg, OpenReceiveChannel,
    RegisterAck, RegisterReject, RegisterTokenReject, Reset, ResetKind, RingMode, ServerMessage,
    SetHookFlashDetect, SetLamp, SetRinger, StartMediaTransmission, StartMulticastMediaReception,
    StartTone, Stimulus, StopMulticastMediaReception, StopTone, Tone, UnregisterAck,
};
use tipring_proto::types::{CallRef, Conference, LineInstance, Party};

/// The next message of the program.
pub fn message(program: &mut Program<'_>) -> ServerMessage {
    let line = LineInstance(1);
    match program.byte() % 28 {
        0..=6 => ServerMessage::CallState(CallStateChange {
            state: CallStateKind(u32::from(program.byte() % 19)),
            line: LineInstance(program.number()),
            call: call(program),
        }),
        7 => ServerMessage::StartTone(StartTone {
            tone: Tone(u32::from(program.byte() & 0x7F)),
            direction: 0,
            line,
            call: call(program),
        }),
        8 => ServerMessage::StopTone(StopTone {
            line,
            call: call(program),
            tone: Tone::SILENCE,
        }),
        9 => ServerMessage::SetRinger(SetRinger {
            mode: RingMode(u32::from(program.byte() % 13)),
            duration: 1,
            line,
            call: call(program),
        }),
        10 => ServerMessage::SetLamp(SetLamp {
            stimulus: program.choice(&[Stimulus::VOICEMAIL, Stimulus::LINE]),
            instance: program.number(),
            mode: LampMode(u32::from(program.byte() % 6)),
        }),
        11 => ServerMessage::SetHookFlashDetect(SetHookFlashDetect),
        12..=14 => ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
            conference: Conference(program.number()),
            party: party(program),
            ptime_ms: ptime_ms(program),
            format: format(program),
            echo_cancel: false,
            call: call(program),
            encryption: encryption(program),
            rfc2833_payload: u32::from(program.byte()),
            nse_payload: Some(program.byte()),
        }),
        15 | 16 => ServerMessage::StartMediaTransmission(StartMediaTransmission {
            conference: Conference(program.number()),
            party: party(program),
            remote: address(program),
            ptime_ms: ptime_ms(program),
            format: format(program),
            precedence: program.number(),
            vad: false,
            max_frames: program.number(),
            call: call(program),
            encryption: encryption(program),
            rfc2833_payload: u32::from(program.byte()),
            nse_payload: Some(program.byte()),
        }),
        26 => ServerMessage::StartMulticastMediaReception(StartMulticastMediaReception {
            conference: Conference(program.number()),
            party: party(program),
            group: group(program),
            ptime_ms: ptime_ms(program),
            format: format(program),
            echo_cancel: false,
            call: call(program),
        }),
        27 => ServerMessage::StopMulticastMediaReception(StopMulticastMediaReception {
            conference: Conference(program.number()),
            party: party(program),
            call: call(program),
        }),
        17 => ServerMessage::StopMediaTransmission(leg(program)),
        18 => ServerMessage::CloseReceiveChannel(leg(program)),
        19 => ServerMessage::CallInfo(CallInfo {
            line,
            call: call(program),
            kind: program.number(),
            calling_number: text(program),
            calling_name: text(program),
            called_number: text(program),
            restriction: program.number(),
            ..CallInfo::default()
        }),
        20 => ServerMessage::ConnectionStatisticsReq(ConnectionStatisticsReq {
            number: text(program),
            call: call(program),
            mode: program.number(),
        }),
        21 => ServerMessage::Reset(Reset {
            kind: ResetKind(program.number()),
        }),
        22 => ServerMessage::DialedNumber(DialedNumber {
            number: text(program),
            line,
            call: call(program),
        }),
        23 => ServerMessage::LineStat(LineStat {
            line: LineInstance(program.number()),
            number: text(program),
            name: text(program),
            label: text(program),
        }),
        24 => registration(program),
        _ => ServerMessage::Unknown {
            id: program.number(),
            body: program.bytes().to_vec(),
        },
    }
}

/// What registers a device.
pub fn register_ack(keepalive_s: u32, version: u8) -> ServerMessage {
    ServerMessage::RegisterAck(RegisterAck {
        keepalive_s,
        secondary_keepalive_s: keepalive_s,
        version,
        features: [0; 3],
        date_template: *b"D.M.Y\0",
    })
}

fn registration(program: &mut Program<'_>) -> ServerMessage {
    match program.byte() % 7 {
        0 => ServerMessage::KeepAliveAck,
        1 => ServerMessage::CapabilitiesReq,
        2 => register_ack(program.number(), program.byte()),
        3 => ServerMessage::RegisterReject(RegisterReject {
            text: text(program),
        }),
        4 => ServerMessage::UnregisterAck(UnregisterAck {
            status: program.number(),
        }),
        5 => ServerMessage::RegisterTokenReject(RegisterTokenReject {
            wait_s: program.number(),
        }),
        _ => ServerMessage::ButtonTemplate(ButtonTemplate {
            offset: program.number(),
            total: program.number(),
            buttons: program.bytes().chunks(2).map(|b| (b[0], 9)).collect(),
        }),
    }
}

fn call(program: &mut Program<'_>) -> CallRef {
    CallRef(program.number())
}

fn party(program: &mut Program<'_>) -> Party {
    Party(program.number())
}

fn leg(program: &mut Program<'_>) -> MediaLeg {
    MediaLeg {
        conference: Conference(program.number()),
        party: party(program),
        call: call(program),
        keep_port: program.byte() > 127,
    }
}

fn format(program: &mut Program<'_>) -> MediaFormat {
    match program.byte() {
        0..=99 => MediaFormat::G711_ULAW,
        100..=199 => MediaFormat::G711_ALAW,
        other => MediaFormat(u32::from(other)),
    }
}

fn ptime_ms(program: &mut Program<'_>) -> u32 {
    match program.byte() {
        0..=199 => 20,
        200..=219 => 0,
        other => u32::from(other),
    }
}

fn encryption(program: &mut Program<'_>) -> Encryption {
    Encryption {
        algorithm: u32::from(program.byte() > 240),
    }
}

/// Mostly one.
fn group(program: &mut Program<'_>) -> SocketAddrV4 {
    let address = address(program);
    if program.byte() > 50 {
        SocketAddrV4::new(Ipv4Addr::new(239, 1, 1, 1), address.port())
    } else {
        address
    }
}

fn address(program: &mut Program<'_>) -> SocketAddrV4 {
    let port = match program.byte() {
        0 => 0,
        n => 20_000 + u16::from(n),
    };
    let ip = program.choice(&[
        Ipv4Addr::LOCALHOST,
        Ipv4Addr::new(192, 0, 2, 1),
        Ipv4Addr::UNSPECIFIED,
    ]);
    SocketAddrV4::new(ip, port)
}

fn text(program: &mut Program<'_>) -> String {
    String::from_utf8_lossy(program.bytes()).into_owned()
}
