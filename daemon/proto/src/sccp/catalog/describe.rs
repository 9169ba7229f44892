//! One readable line per message: the name, then what it says.

use std::fmt::Write as _;

use super::{
    button_word, client_name, device_type_name, keypad_char, readable, server_name, soft_key_set,
    unregister_reason,
};
use crate::sccp::message::{CallInfo, ClientMessage, MediaLeg, ServerMessage};
use crate::types::{CallRef, LineInstance};

/// One readable line for a message from the station, dialled digits included (a trace is asked for explicitly).
pub fn describe_client(message: &ClientMessage) -> String {
    use ClientMessage as M;
    let mut line = Line::new(client_name(message.id()), message.id());
    match message {
        M::KeepAlive
        | M::ConfigStatReq
        | M::TimeDateReq
        | M::ButtonTemplateReq
        | M::VersionReq
        | M::ServerReq
        | M::SoftKeySetReq
        | M::SoftKeyTemplateReq
        | M::Unregister { reason: None } => {}
        M::Register(m) => {
            let kind = match device_type_name(m.device_type) {
                Some(name) => format!("type {} ({name})", m.device_type.0),
                None => format!("type {}", m.device_type.0),
            };
            line.add(m.name.as_str())
                .add(kind)
                .add(format_args!("version {}", m.version))
                .add(format_args!("features {:#06x}", m.features))
                .add(format_args!("address {}", m.address))
                .add(format_args!("streams {}", m.max_streams))
                .quoted("load", &m.load);
        }
        M::RegisterTokenReq(m) => {
            line.add(m.name.as_str())
                .add(format_args!("type {}", m.device_type.0))
                .add(format_args!("address {}", m.address));
        }
        M::IpPort { port } => {
            line.add(port);
        }
        M::KeypadButton(m) => {
            match keypad_char(m.button) {
                Some(key) => line.add(key),
                None => line.add(m.button),
            };
            line.on(m.line, m.call);
        }
        M::EnblocCall { number, line: l } => {
            line.add(readable(number)).add(format_args!("line {}", l.0));
        }
        M::Stimulus {
            stimulus,
            instance,
            call,
            status,
        } => {
            line.add(stimulus)
                .add(format_args!("instance {instance}"))
                .add(format_args!("ref {}", call.0));
            if *status != 0 {
                line.add(format_args!("status {status}"));
            }
        }
        M::OffHook(m) | M::OnHook(m) | M::HookFlash(m) => {
            line.on(m.line, m.call);
        }
        M::ForwardStatReq { line: l } | M::LineStatReq { line: l } => {
            line.add(format_args!("line {}", l.0));
        }
        M::SpeedDialStatReq { index } | M::FeatureStatReq { instance: index } => {
            line.add(format_args!("index {index}"));
        }
        M::CapabilitiesRes { capabilities } => {
            for one in capabilities {
                line.add(format_args!("{} (max {})", one.format, one.max_frames));
            }
        }
        M::Alarm {
            severity,
            text,
            p1,
            p2,
        } => {
            line.add(severity)
                .quoted("text", text)
                .add(format_args!("p1 {p1:#x}"))
                .add(format_args!("p2 {p2:#x}"));
        }
        M::OpenReceiveChannelAck {
            status,
            address,
            party,
            call,
        } => {
            line.add(status)
                .add(format_args!("receiving on {address}"))
                .add(format_args!("party {}", party.0))
                .add(format_args!("ref {}", call.0));
        }
        M::StartMediaTransmissionAck {
            conference,
            party,
            call,
            address,
            status,
        } => {
            line.add(status)
                .add(format_args!("sending from {address}"))
                .add(format_args!("conference {}", conference.0))
                .add(format_args!("party {}", party.0))
                .add(format_args!("ref {}", call.0));
        }
        M::MediaTransmissionFailure {
            conference,
            party,
            address,
            call,
        } => {
            line.add(format_args!("to {address}"))
                .add(format_args!("conference {}", conference.0))
                .add(format_args!("party {}", party.0))
                .add(format_args!("ref {}", call.0));
        }
        M::ConnectionStatisticsRes(m) => {
            line.quoted("number", &m.number)
                .add(format_args!("ref {}", m.call.0))
                .add(format_args!(
                    "sent {} packets {} octets",
                    m.packets_sent, m.octets_sent
                ))
                .add(format_args!(
                    "received {} packets {} octets",
                    m.packets_received, m.octets_received
                ))
                .add(format_args!("lost {}", m.packets_lost))
                .add(format_args!("jitter {} ms", m.jitter_ms))
                .add(format_args!("latency {} ms", m.latency_ms));
        }
        M::SoftKeyEvent {
            event,
            line: l,
            call,
        } => {
            line.add(event).on(*l, *call);
        }
        M::Unregister { reason: Some(code) } => {
            line.add(unregister_reason(*code).unwrap_or("reason"))
                .add(code);
        }
        M::RegisterAvailableLines { lines } => {
            line.add(lines);
        }
        M::Unknown { body, .. } => {
            line.raw(body);
        }
    }
    line.0
}

/// One readable line for a message from the CallManager.
pub fn describe_server(message: &ServerMessage) -> String {
    use ServerMessage as M;
    // The old form's name at every version: which form it was is the wire's business.
    let id = message.id(0);
    let mut line = Line::new(server_name(id), id);
    match message {
        M::SetHookFlashDetect
        | M::ClearDisplay
        | M::CapabilitiesReq
        | M::KeepAliveAck
        | M::ClearNotify
        | M::DeactivateCallPlane
        | M::RegisterTokenAck => {}
        M::RegisterAck(m) => {
            line.add(format_args!("keepalive {} s", m.keepalive_s))
                .add(format_args!("secondary {} s", m.secondary_keepalive_s))
                .add(format_args!("version {}", m.version))
                .add(format_args!("features {:02x?}", m.features));
        }
        M::StartTone {
            tone,
            direction,
            line: l,
            call,
        } => {
            line.add(tone).on(*l, *call);
            match direction {
                0 => {}
                1 => _ = line.add("to the network"),
                2 => _ = line.add("both ways"),
                other => _ = line.add(format_args!("direction {other}")),
            }
        }
        M::StopTone {
            line: l,
            call,
            tone,
        } => {
            line.on(*l, *call);
            if tone.0 != 0 {
                line.add(tone);
            }
        }
        M::SetRinger {
            mode,
            duration,
            line: l,
            call,
        } => {
            line.add(mode).on(*l, *call);
            match duration {
                0 | 1 => {}
                2 => _ = line.add("single"),
                other => _ = line.add(format_args!("duration {other}")),
            }
        }
        M::SetLamp {
            stimulus,
            instance,
            mode,
        } => {
            line.add(stimulus)
                .add(format_args!("instance {instance}"))
                .add(mode);
        }
        M::SetSpeakerMode { on } | M::SetMicroMode { on } => {
            line.add(if *on { "on" } else { "off" });
        }
        M::StartMediaTransmission(m) => {
            line.add(format_args!("to {}", m.remote))
                .add(m.format)
                .add(format_args!("{} ms", m.ptime_ms))
                .add(format_args!("party {}", m.party.0))
                .add(format_args!("ref {}", m.call.0));
            if m.vad {
                line.add("silence suppression");
            }
            line.media_extras(m.rfc2833_payload, m.encryption.algorithm);
        }
        M::OpenReceiveChannel(m) => {
            line.add(m.format)
                .add(format_args!("{} ms", m.ptime_ms))
                .add(format_args!("party {}", m.party.0))
                .add(format_args!("ref {}", m.call.0));
            if m.echo_cancel {
                line.add("echo cancellation");
            }
            line.media_extras(m.rfc2833_payload, m.encryption.algorithm);
        }
        M::StopMediaTransmission(m) | M::CloseReceiveChannel(m) => line.leg(m),
        M::CallInfo(m) => line.call_info(m),
        M::ForwardStat {
            active,
            line: l,
            all,
            busy,
            no_answer,
        } => {
            line.add(if *active { "active" } else { "inactive" })
                .add(format_args!("line {}", l.0));
            for (name, number) in [("all", all), ("busy", busy), ("no answer", no_answer)] {
                if let Some(number) = number {
                    line.add(format_args!("{name} to {}", readable(number)));
                }
            }
        }
        M::SpeedDialStat {
            index,
            number,
            name,
        } => {
            line.add(format_args!("index {index}"))
                .quoted("number", number)
                .quoted("name", name);
        }
        M::LineStat {
            line: l,
            number,
            name,
            label,
        } => {
            line.add(format_args!("line {}", l.0))
                .quoted("number", number)
                .quoted("name", name)
                .quoted("label", label);
        }
        M::DefineTimeDate(m) => {
            line.add(format_args!(
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}",
                m.year, m.month, m.day, m.hour, m.minute, m.second, m.millisecond
            ))
            .add(format_args!("unix {}", m.unix));
        }
        M::ButtonTemplate { buttons, .. } => {
            line.add(format_args!("{} buttons", buttons.len()));
            for (instance, kind) in buttons {
                line.add(format_args!("{} {instance}", button_word(*kind)));
            }
        }
        M::Version { text } | M::DisplayText { text } | M::RegisterReject { text } => {
            line.quoted("text", text);
        }
        M::ServerRes { servers } => {
            for server in servers {
                line.add(format_args!(
                    "{} at {}",
                    readable(&server.name),
                    server.address
                ));
            }
        }
        M::Reset { kind } => _ = line.add(kind),
        M::ConnectionStatisticsReq { number, call, mode } => {
            line.quoted("number", number)
                .add(format_args!("ref {}", call.0))
                .add(format_args!("mode {mode}"));
        }
        M::SelectSoftKeys {
            line: l,
            call,
            set,
            mask,
        } => {
            match soft_key_set(*set) {
                Some(words) => line.add(words),
                None => line.add(format_args!("set {set}")),
            };
            line.on(*l, *call).add(format_args!("mask {mask:#x}"));
        }
        M::CallState {
            state,
            line: l,
            call,
        } => {
            line.add(state).on(*l, *call);
        }
        M::DisplayPromptStatus {
            timeout_s,
            text,
            line: l,
            call,
        } => {
            line.quoted("text", text).on(*l, *call);
            line.timeout(*timeout_s);
        }
        M::DisplayNotify { timeout_s, text } => {
            line.quoted("text", text).timeout(*timeout_s);
        }
        M::DisplayPriNotify {
            timeout_s,
            priority,
            text,
        } => {
            line.quoted("text", text)
                .add(format_args!("priority {priority}"))
                .timeout(*timeout_s);
        }
        M::ClearPromptStatus { line: l, call } | M::BackSpace { line: l, call } => {
            line.on(*l, *call);
        }
        M::ActivateCallPlane { line: l } => _ = line.add(format_args!("line {}", l.0)),
        M::UnregisterAck { status } => _ = line.add(format_args!("status {status}")),
        M::RegisterTokenReject { wait_s } => _ = line.add(format_args!("wait {wait_s} s")),
        M::DialedNumber {
            number,
            line: l,
            call,
        } => {
            line.add(readable(number)).on(*l, *call);
        }
        M::ClearPriNotify { priority } => _ = line.add(format_args!("priority {priority}")),
        M::ConfigStat { body }
        | M::SoftKeyTemplateRes { body }
        | M::SoftKeySetRes { body }
        | M::FeatureStat { body } => _ = line.add(format_args!("{} bytes", body.len())),
        M::Unknown { body, .. } => line.raw(body),
    }
    line.0
}

/// A line as it grows: the name, a space, parts with commas between. The flag says that only the name is there yet.
struct Line(String, bool);

impl Line {
    fn new(name: Option<&'static str>, id: u32) -> Line {
        match name {
            Some(name) => Line(name.to_owned(), true),
            None => Line(format!("message {id:04X}"), true),
        }
    }

    fn add(&mut self, part: impl std::fmt::Display) -> &mut Line {
        self.0.push_str(if self.1 { " " } else { ", " });
        self.1 = false;
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{part}");
        self
    }

    fn on(&mut self, line: LineInstance, call: CallRef) -> &mut Line {
        self.add(format_args!("line {}, ref {}", line.0, call.0))
    }

    fn quoted(&mut self, name: &str, text: &str) -> &mut Line {
        self.add(format_args!("{name} \"{}\"", readable(text)))
    }

    fn timeout(&mut self, seconds: u32) {
        if seconds != 0 {
            self.add(format_args!("for {seconds} s"));
        }
    }

    fn media_extras(&mut self, rfc2833: u32, algorithm: u32) {
        if rfc2833 != 0 {
            self.add(format_args!("RFC 2833 payload {rfc2833}"));
        }
        if algorithm != 0 {
            self.add(format_args!("encryption {algorithm}"));
        }
    }

    fn leg(&mut self, m: &MediaLeg) {
        self.add(format_args!("conference {}", m.conference.0))
            .add(format_args!("party {}", m.party.0))
            .add(format_args!("ref {}", m.call.0));
        if m.keep_port {
            self.add("port kept");
        }
    }

    fn call_info(&mut self, m: &CallInfo) {
        match m.kind {
            1 => self.add("inbound"),
            2 => self.add("outbound"),
            3 => self.add("forward"),
            other => self.add(format_args!("type {other}")),
        };
        self.on(m.line, m.call);
        let parties = [
            ("from", &m.calling_number, &m.calling_name),
            ("to", &m.called_number, &m.called_name),
            (
                "originally to",
                &m.original_called_number,
                &m.original_called_name,
            ),
            (
                "redirected by",
                &m.last_redirecting_number,
                &m.last_redirecting_name,
            ),
        ];
        for (word, number, name) in parties {
            if !number.is_empty() || !name.is_empty() {
                self.add(format_args!(
                    "{word} {} \"{}\"",
                    readable(number),
                    readable(name)
                ));
            }
        }
        if m.restriction != 0 {
            self.add(format_args!("restricted {:#x}", m.restriction));
        }
    }

    fn raw(&mut self, body: &[u8]) {
        const SHOWN: usize = 32;
        self.add(format_args!("{} bytes", body.len()));
        if !body.is_empty() {
            let mut hex = String::new();
            for byte in body.iter().take(SHOWN) {
                let _ = write!(hex, "{byte:02x}");
            }
            if body.len() > SHOWN {
                hex.push('…');
            }
            self.add(hex);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sccp::message::{KeypadButton, Tone};

    #[test]
    fn a_message_is_one_readable_line() {
        let on = |line, call| (LineInstance(line), CallRef(call));
        let (line, call) = on(1, 0);
        let tone = ServerMessage::StartTone {
            tone: Tone::INSIDE_DIAL,
            direction: 0,
            line,
            call,
        };
        assert_eq!(
            describe_server(&tone),
            "StartTone inside dial, line 1, ref 0"
        );
        let key = ClientMessage::KeypadButton(KeypadButton {
            button: 15,
            line,
            call: CallRef(7),
        });
        assert_eq!(describe_client(&key), "KeypadButton #, line 1, ref 7");
        assert_eq!(describe_client(&ClientMessage::KeepAlive), "KeepAlive");
        let prompt = ServerMessage::DisplayPromptStatus {
            timeout_s: 0,
            text: "\u{80}\u{17} 1001\n".to_owned(),
            line,
            call: CallRef(3),
        };
        assert_eq!(
            describe_server(&prompt),
            "DisplayPromptStatus text \"From 1001\\n\", line 1, ref 3"
        );
    }

    #[test]
    fn call_info_names_only_the_parties_there_are() {
        let info = ServerMessage::CallInfo(CallInfo {
            line: LineInstance(1),
            call: CallRef(3),
            kind: 1,
            calling_number: "1001".to_owned(),
            calling_name: "Port One".to_owned(),
            ..CallInfo::default()
        });
        assert_eq!(
            describe_server(&info),
            "CallInfo inbound, line 1, ref 3, from 1001 \"Port One\""
        );
    }

    #[test]
    fn an_unknown_message_shows_its_first_bytes() {
        let unknown = ServerMessage::Unknown {
            id: 0xFF00,
            body: vec![0xAB; 40],
        };
        let expected = format!("message FF00 40 bytes, {}…", "ab".repeat(32));
        assert_eq!(describe_server(&unknown), expected);
    }
}
