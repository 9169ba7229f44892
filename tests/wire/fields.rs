//! A message's values under the names tshark has for them: the bridge to a reading that is not ours.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use tipring_proto::sccp::message::{
    Alarm, ButtonTemplate, CallInfo, CallOnLine, CallStateChange, CapabilitiesRes, ClearPriNotify,
    ClientMessage, ConnectionStatisticsReq, DialedNumber, DisplayNotify, DisplayPriNotify,
    DisplayPromptStatus, DisplayText, EnblocCall, FeatureStatReq, ForwardStat, IpPort, LineStat,
    MediaLeg, MediaTransmissionFailure, OneLine, OpenReceiveChannelAck, RegisterAvailableLines,
    RegisterReject, RegisterTokenReject, Reset, SelectSoftKeys, ServerMessage, ServerRes,
    SetHookFlashDetect, SetLamp, SetRinger, SoftKeyEvent, SpeedDialStat, SpeedDialStatReq,
    StartMediaTransmissionAck, StartTone, StimulusPressed, StopTone, Switch, UnregisterAck,
    Version,
};
use tipring_proto::types::{CallRef, LineInstance};

/// One field as tshark shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u64),
    Text(Vec<u8>),
    Address(Ipv4Addr),
    Mac([u8; 6]),
}

/// Values by name, in the order tshark shows those of one name.
#[derive(Debug, Default)]
pub(crate) struct Fields(pub(crate) BTreeMap<&'static str, Vec<Value>>);

impl Fields {
    fn put(&mut self, name: &'static str, value: Value) -> &mut Fields {
        self.0.entry(name).or_default().push(value);
        self
    }

    fn number(&mut self, name: &'static str, value: impl Into<u64>) -> &mut Fields {
        self.put(name, Value::Number(value.into()))
    }

    fn text(&mut self, name: &'static str, value: &str) -> &mut Fields {
        // The samples and the captures hold ASCII and phrase bytes; other text has tests of its own.
        let bytes = value.chars().map(|c| u8::try_from(c).unwrap()).collect();
        self.put(name, Value::Text(bytes))
    }

    fn address(&mut self, name: &'static str, value: Ipv4Addr) -> &mut Fields {
        self.put(name, Value::Address(value))
    }

    fn socket(
        &mut self,
        address: &'static str,
        port: &'static str,
        value: SocketAddrV4,
    ) -> &mut Fields {
        self.address(address, *value.ip())
            .number(port, value.port())
    }

    fn on(&mut self, line: LineInstance, call: CallRef) -> &mut Fields {
        self.number("lineInstance", line.0)
            .number("callReference", call.0)
    }

    /// What differs from tshark's reading `actual` (name, value as `extract.py` writes it), empty when all agree.
    ///
    /// An empty text of a "V2" message is no field for tshark.
    pub(crate) fn differences(&self, actual: &[(String, String)]) -> Vec<String> {
        let mut out = Vec::new();
        for (name, expected) in &self.0 {
            let found: Vec<&str> = actual
                .iter()
                .filter(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
                .collect();
            if found.is_empty() && expected.iter().all(|v| *v == Value::Text(Vec::new())) {
                continue;
            }
            let expected: Vec<String> = expected.iter().map(Value::written).collect();
            if expected != found {
                out.push(format!("{name}: ours {expected:?}, tshark {found:?}"));
            }
        }
        out
    }

    pub(crate) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

impl Value {
    fn written(&self) -> String {
        match self {
            Value::Number(n) => n.to_string(),
            Value::Text(bytes) => hex(bytes),
            Value::Address(a) => a.to_string(),
            Value::Mac(bytes) => hex(bytes),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// What tshark must show for a message of the station.
pub(crate) fn client(message: &ClientMessage) -> Fields {
    use ClientMessage as M;
    let mut fields = Fields::default();
    let f = &mut fields;
    f.number("messageId", message.id());
    match message {
        M::KeepAlive
        | M::ConfigStatReq
        | M::TimeDateReq
        | M::ButtonTemplateReq
        | M::VersionReq
        | M::ServerReq
        | M::SoftKeySetReq
        | M::SoftKeyTemplateReq
        // tshark has a name for the reason but shows no four-byte one.
        | M::Unregister(_)
        | M::Unknown { .. } => f,
        M::Register(m) => f
            .text("DeviceName", m.name.as_str())
            .number("deviceType", m.device_type.0)
            .address("stationIpAddr", m.address)
            .number("maxStreams", m.max_streams)
            .number("activeStreams", m.active_streams)
            .number("protocolVer", m.version)
            .number("phoneFeatures", m.features)
            .put("macAddress", Value::Mac(m.mac))
            .number("maxNumberOfLines", m.max_lines)
            .text("firmwareLoadName", &m.load),
        // tshark shows the address here with its bytes turned round, unlike the one of Register.
        M::RegisterTokenReq(m) => f
            .text("DeviceName", m.name.as_str())
            .number("deviceType", m.device_type.0),
        M::IpPort(IpPort { port }) => f.number("rtpMediaPort", *port),
        M::KeypadButton(m) => f.number("kpButton", m.button).on(m.line, m.call),
        M::EnblocCall(EnblocCall { number, line }) => {
            f.text("calledParty", number).number("lineInstance", line.0)
        }
        M::Stimulus(StimulusPressed {
            stimulus,
            instance,
            call,
            status,
        }) => f
            .number("stimulus", stimulus.0)
            .on(LineInstance(*instance), *call)
            .number("stimulusStatus", *status),
        M::OffHook(m) | M::OnHook(m) | M::HookFlash(m) => f.on(m.line, m.call),
        M::ForwardStatReq(OneLine { line }) | M::LineStatReq(OneLine { line }) => f.number("lineNumber", line.0),
        M::SpeedDialStatReq(SpeedDialStatReq { index }) => f.number("speedDialNumber", *index),
        M::CapabilitiesRes(CapabilitiesRes { capabilities }) => {
            f.number("capCount", capabilities.len() as u64);
            for one in capabilities {
                f.number("payloadCapability", one.format.0)
                    .number("maxFramesPerPacket", one.max_frames);
            }
            f
        }
        M::Alarm(Alarm {
            severity,
            text,
            p1,
            p2,
        }) => f
            .number("alarmSeverity", severity.0)
            .text("text", text)
            .number("parm1", *p1)
            .number("parm2", *p2),
        M::OpenReceiveChannelAck(OpenReceiveChannelAck {
            status,
            address,
            party,
            call,
        }) => f
            .number("mediaReceptionStatus", status.0)
            .socket("ipAddr.ipv4", "portNumber", *address)
            .number("passThroughPartyId", party.0)
            .number("callReference", call.0),
        M::MulticastMediaReceptionAck(m) => f
            .number("multicastReceptionStatus", m.status.0)
            .number("passThroughPartyId", m.party.0)
            .number("callReference", m.call.0),
        M::ConnectionStatisticsRes(m) => f
            .text("directoryNum", &m.number)
            .number("callReference", m.call.0)
            .number("statsProcessingMode", m.mode)
            .number("numberPacketsSent", m.packets_sent)
            .number("numberOctetsSent", m.octets_sent)
            .number("numberPacketsReceived", m.packets_received)
            .number("numberOctetsReceived", m.octets_received)
            .number("numberPacketsLost", m.packets_lost)
            .number("jitter", m.jitter_ms)
            .number("latency", m.latency_ms),
        M::SoftKeyEvent(SoftKeyEvent { event, line, call }) => f.number("softKeyEvent", event.0).on(*line, *call),
        M::MediaTransmissionFailure(MediaTransmissionFailure {
            conference,
            party,
            address,
            call,
        }) => f
            .number("conferenceId", conference.0)
            .number("passThroughPartyId", party.0)
            .socket("remoteIpAddr.ipv4", "remotePortNumber", *address)
            .number("callReference", call.0),
        M::RegisterAvailableLines(RegisterAvailableLines { lines }) => f.number("maxNumOfAvailLines", *lines),
        M::FeatureStatReq(FeatureStatReq { instance }) => f.number("featureIndex", *instance),
        M::StartMediaTransmissionAck(StartMediaTransmissionAck {
            conference,
            party,
            call,
            address,
            status,
        }) => f
            .number("conferenceId", conference.0)
            .number("passThroughPartyId", party.0)
            .number("callReference", call.0)
            .socket("transmitIpAddr.ipv4", "portNumber", *address)
            .number("mediaTransmissionStatus", status.0),
    };
    fields
}

/// What tshark must show for a message of the CallManager that came, or goes, with `id` at `version`.
pub(crate) fn server(message: &ServerMessage, id: u32, version: u8) -> Fields {
    use ServerMessage as M;
    let mut fields = Fields::default();
    let f = &mut fields;
    f.number("messageId", id);
    match message {
        M::SetHookFlashDetect(SetHookFlashDetect)
        | M::ClearDisplay
        | M::CapabilitiesReq
        | M::KeepAliveAck
        | M::ClearNotify
        | M::DeactivateCallPlane
        | M::RegisterTokenAck
        | M::ConfigStat(_)
        | M::SoftKeyTemplateRes(_)
        | M::SoftKeySetRes(_)
        | M::FeatureStat(_)
        | M::Unknown { .. } => f,
        M::RegisterAck(m) => f
            .number("keepAliveInterval", m.keepalive_s)
            .put("dateTemplate", Value::Text(until_nul(&m.date_template)))
            .number("secondaryKeepAliveInterval", m.secondary_keepalive_s)
            .number("maxProtocolVer", m.version),
        M::StartTone(StartTone {
            tone,
            direction,
            line,
            call,
        }) => f
            .number("tone", tone.0)
            .number("tone.output.direction", *direction)
            .on(*line, *call),
        M::StopTone(StopTone { line, call, tone }) => {
            // tshark shows the third word from version 11 on only.
            if version >= 11 {
                f.number("tone", tone.0);
            }
            f.on(*line, *call)
        }
        M::SetRinger(SetRinger {
            mode,
            duration,
            line,
            call,
        }) => f
            .number("ringMode", mode.0)
            .number("ringDuration", *duration)
            .on(*line, *call),
        M::SetLamp(SetLamp {
            stimulus,
            instance,
            mode,
        }) => f
            .number("stimulus", stimulus.0)
            .number("stimulusInstance", *instance)
            .number("lampMode", mode.0),
        M::SetSpeakerMode(Switch { on }) => f.number("speakerMode", if *on { 1u32 } else { 2 }),
        M::SetMicroMode(Switch { on }) => f.number("micMode", if *on { 1u32 } else { 2 }),
        M::StartMediaTransmission(m) => f
            .number("conferenceId", m.conference.0)
            .number("passThroughPartyId", m.party.0)
            .socket("remoteIpAddr.ipv4", "remotePortNumber", m.remote)
            .number("milliSecondPacketSize", m.ptime_ms)
            .number("compressionType", m.format.0)
            .number("precedenceValue", m.precedence)
            .number("ssValue", u32::from(m.vad))
            .number("maxFramesPerPacket", m.max_frames)
            .number("callReference", m.call.0)
            .number("algorithmID", m.encryption.algorithm)
            .number("RFC2833PayloadType", m.rfc2833_payload),
        M::OpenReceiveChannel(m) => f
            .number("conferenceId", m.conference.0)
            .number("passThroughPartyId", m.party.0)
            .number("milliSecondPacketSize", m.ptime_ms)
            .number("compressionType", m.format.0)
            .number("ecValue", u32::from(m.echo_cancel))
            .number("callReference", m.call.0)
            .number("algorithmID", m.encryption.algorithm)
            .number("RFC2833PayloadType", m.rfc2833_payload),
        M::StopMediaTransmission(m) | M::CloseReceiveChannel(m) => leg(f, m),
        M::StartMulticastMediaReception(m) => f
            .number("conferenceId", m.conference.0)
            .number("passThroughPartyId", m.party.0)
            .socket("multicastIpAddr.ipv4", "multicastPortNumber", m.group)
            .number("milliSecondPacketSize", m.ptime_ms)
            .number("compressionType", m.format.0)
            .number("ecValue", u32::from(m.echo_cancel))
            .number("callReference", m.call.0),
        M::StopMulticastMediaReception(m) => f
            .number("conferenceId", m.conference.0)
            .number("passThroughPartyId", m.party.0)
            .number("callReference", m.call.0),
        M::CallInfo(m) if id == CALL_INFO_V2 && version < 16 => call_info_shifted(f, m),
        M::CallInfo(m) => call_info(f, m),
        M::ForwardStat(ForwardStat {
            active,
            line,
            all,
            busy,
            no_answer,
        }) => {
            f.number("activeForward", u32::from(*active))
                .number("lineNumber", line.0);
            for (flag, name, number) in [
                ("forwardAllActive", "forwardAllDirnum", all),
                ("forwardBusyActive", "forwardBusyDirnum", busy),
                ("forwardNoAnswerActive", "forwardNoAnswerlDirnum", no_answer),
            ] {
                f.number(flag, u32::from(number.is_some()))
                    .text(name, number.as_deref().unwrap_or_default());
            }
            f
        }
        M::SpeedDialStat(SpeedDialStat {
            index,
            number,
            name,
        }) => f
            .number("speedDialNumber", *index)
            .text("speedDialDirNumber", number)
            .text("speedDialDisplayName", name),
        M::LineStat(LineStat {
            line,
            number,
            name,
            label,
        }) => f
            .number("lineNumber", line.0)
            .text("lineDirNumber", number)
            .text("lineFullyQualifiedDisplayName", name)
            .text("lineTextLabel", label),
        M::DefineTimeDate(m) => f
            .number("wYear", m.year)
            .number("wMonth", m.month)
            .number("wDayOfWeek", m.weekday)
            .number("wDay", m.day)
            .number("wHour", m.hour)
            .number("wMinute", m.minute)
            .number("wSecond", m.second)
            .number("wMilliseconds", m.millisecond)
            .number("systemTime", m.unix),
        M::ButtonTemplate(ButtonTemplate {
            offset,
            total,
            buttons,
        }) => {
            f.number("buttonOffset", *offset)
                .number("buttonCount", buttons.len() as u64)
                .number("totalButtonCount", *total);
            // tshark goes by the total and knows 42 places.
            for (instance, kind) in buttons.iter().take((*total).min(42) as usize) {
                f.number("instanceNumber", *instance)
                    .number("buttonDefinition", *kind);
            }
            f
        }
        M::Version(Version { text }) => f.text("versionStr", text),
        M::DisplayText(DisplayText { text }) | M::RegisterReject(RegisterReject { text }) => {
            f.text("text", text)
        }
        M::ServerRes(ServerRes { servers }) => {
            for i in 0..5 {
                let server = servers.get(i);
                f.text("ServerName", server.map_or("", |s| &s.name));
                f.number(
                    "serverTcpListenPort",
                    server.map_or(0, |s| s.address.port()),
                );
                let name = if version < 17 {
                    "stationIpAddr"
                } else {
                    "stationIpAddr.ipv4"
                };
                f.address(
                    name,
                    server.map_or(Ipv4Addr::UNSPECIFIED, |s| *s.address.ip()),
                );
            }
            f
        }
        M::Reset(Reset { kind }) => f.number("resetType", kind.0),
        M::ConnectionStatisticsReq(ConnectionStatisticsReq { number, call, mode }) => f
            .text("directoryNum", number)
            .number("callReference", call.0)
            .number("statsProcessingMode", *mode),
        M::SelectSoftKeys(SelectSoftKeys {
            line,
            call,
            set,
            mask,
        }) => f
            .on(*line, *call)
            .number("softKeySetIndex", *set)
            .number("validKeyMask", *mask),
        M::CallState(CallStateChange { state, line, call }) => {
            f.number("callState", state.0).on(*line, *call)
        }
        M::DisplayPromptStatus(DisplayPromptStatus {
            timeout_s,
            text,
            line,
            call,
        }) => f
            .number("timeOutValue", *timeout_s)
            .text("promptStatus", text)
            .on(*line, *call),
        M::DisplayNotify(DisplayNotify { timeout_s, text }) => {
            f.number("timeOutValue", *timeout_s).text("notify", text)
        }
        M::DisplayPriNotify(DisplayPriNotify {
            timeout_s,
            priority,
            text,
        }) => f
            .number("timeOutValue", *timeout_s)
            .number("priority", *priority)
            .text("notify", text),
        M::ClearPromptStatus(CallOnLine { line, call })
        | M::BackSpace(CallOnLine { line, call }) => f.on(*line, *call),
        M::ActivateCallPlane(OneLine { line }) => f.number("lineInstance", line.0),
        M::UnregisterAck(UnregisterAck { status }) => f.number("status", *status),
        M::RegisterTokenReject(RegisterTokenReject { wait_s }) => {
            f.number("waitTimeBeforeNextReq", *wait_s)
        }
        M::DialedNumber(DialedNumber { number, line, call }) => {
            f.text("dialedNumber", number).on(*line, *call)
        }
        M::ClearPriNotify(ClearPriNotify { priority }) => f.number("priority", *priority),
    };
    fields
}

fn leg<'a>(f: &'a mut Fields, m: &MediaLeg) -> &'a mut Fields {
    f.number("conferenceId", m.conference.0)
        .number("passThroughPartyId", m.party.0)
        .number("callReference", m.call.0)
        .number("portHandlingFlag", u32::from(m.keep_port))
}

const CALL_INFO_V2: u32 = 0x14A;

fn call_info<'a>(f: &'a mut Fields, m: &CallInfo) -> &'a mut Fields {
    call_info_words(f, m)
        .text("callingParty", &m.calling_number)
        .text("callingPartyName", &m.calling_name)
        .text("calledParty", &m.called_number)
        .text("calledPartyName", &m.called_name)
        .text("originalCalledParty", &m.original_called_number)
        .text("originalCalledPartyName", &m.original_called_name)
        .text("lastRedirectingParty", &m.last_redirecting_number)
        .text("lastRedirectingPartyName", &m.last_redirecting_name)
}

/// Below 16 a server was seen to leave out the alternate calling number. tshark expects it at every version, so it shows
/// each later string under the name of the one before.
fn call_info_shifted<'a>(f: &'a mut Fields, m: &CallInfo) -> &'a mut Fields {
    call_info_words(f, m)
        .text("callingParty", &m.calling_number)
        .text("AlternateCallingParty", &m.called_number)
        .text("calledParty", &m.original_called_number)
        .text("originalCalledParty", &m.last_redirecting_number)
        .text("lastRedirectingVoiceMailbox", &m.calling_name)
        .text("callingPartyName", &m.called_name)
        .text("calledPartyName", &m.original_called_name)
        .text("originalCalledPartyName", &m.last_redirecting_name)
}

fn call_info_words<'a>(f: &'a mut Fields, m: &CallInfo) -> &'a mut Fields {
    f.on(m.line, m.call)
        .number("callType", m.kind)
        .number("originalCdpnRedirectReason", m.original_called_reason)
        .number("lastRedirectingReason", m.last_redirecting_reason)
        .number("callInstance", m.instance)
        .number("callSecurityStatus", m.security)
        .number("partyPIRestrictionBits", m.restriction)
}

fn until_nul(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().take_while(|b| *b != 0).collect()
}
