//! Messages of every kind with any values that their wire form can hold.

use std::net::SocketAddrV4;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tipring_proto::sccp::message::{
    Alarm, AlarmSeverity, ButtonTemplate, CallInfo, CallOnLine, CallStateChange, CallStateKind,
    CapabilitiesRes, ClearPriNotify, ClientMessage, ConnectionStatistics, ConnectionStatisticsReq,
    DefineTimeDate, DialedNumber, DisplayNotify, DisplayPriNotify, DisplayPromptStatus,
    DisplayText, EnblocCall, Encryption, FeatureStatReq, ForwardStat, IpPort, KeptWhole,
    KeypadButton, LampMode, LineStat, MediaCapability, MediaFormat, MediaLeg, MediaStatus,
    MediaTransmissionFailure, MulticastMediaReceptionAck, MulticastStatus, OneLine,
    OpenReceiveChannel, OpenReceiveChannelAck, Register, RegisterAck, RegisterAvailableLines,
    RegisterReject, RegisterToken, RegisterTokenReject, Reset, ResetKind, RingMode, SelectSoftKeys,
    ServerEntry, ServerMessage, ServerRes, SetHookFlashDetect, SetLamp, SetRinger, SoftKey,
    SoftKeyEvent, SpeedDialStat, SpeedDialStatReq, StartMediaTransmission,
    StartMediaTransmissionAck, StartMulticastMediaReception, StartTone, Stimulus, StimulusPressed,
    StopMulticastMediaReception, StopTone, Switch, Tone, Unregister, UnregisterAck, Version,
    VoiceQuality,
};
use tipring_proto::types::{CallRef, Conference, DeviceName, DeviceType, LineInstance, Party};

/// What texts and counts may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All that fits.
    Any,
    /// What an independent decoder shows unchanged: ASCII, lists no longer than it knows.
    Plain,
}

/// An id without a layout.
const UNKNOWN_ID: u32 = 0x7000;

/// Texts of at most `max` bytes on the wire.
fn text(version: u8, kind: Kind, max: usize) -> BoxedStrategy<String> {
    if kind == Kind::Plain {
        return vec(proptest::char::range(' ', '~'), 0..=max)
            .prop_map(String::from_iter)
            .boxed();
    }
    // The phrase character now and then, then any.
    let chars = prop_oneof![
        1 => Just('\u{80}'),
        4 => proptest::char::range('\u{1}', '\u{FF}'),
        4 => any::<char>().prop_filter("NUL ends a text", |c| *c != '\0'),
    ]
    .boxed();
    vec(chars, 0..=max)
        .prop_map(move |chars| {
            let mut left = max;
            let size = |c: char| match c {
                '\u{80}' if version >= 17 => 1,
                // Below 17 too: what the code page cannot say goes as UTF-8.
                c => c.len_utf8(),
            };
            let fits = |c: &char| match left.checked_sub(size(*c)) {
                Some(rest) => {
                    left = rest;
                    true
                }
                None => false,
            };
            chars.into_iter().take_while(fits).collect()
        })
        .boxed()
}

fn line() -> impl Strategy<Value = LineInstance> + Clone {
    any::<u32>().prop_map(LineInstance)
}

fn call() -> impl Strategy<Value = CallRef> + Clone {
    any::<u32>().prop_map(CallRef)
}

fn party() -> impl Strategy<Value = Party> + Clone {
    any::<u32>().prop_map(Party)
}

fn conference() -> impl Strategy<Value = Conference> + Clone {
    any::<u32>().prop_map(Conference)
}

fn socket() -> impl Strategy<Value = SocketAddrV4> + Clone {
    (any::<[u8; 4]>(), any::<u16>()).prop_map(|(a, p)| SocketAddrV4::new(a.into(), p))
}

fn hook() -> impl Strategy<Value = CallOnLine> {
    (line(), call()).prop_map(|(line, call)| CallOnLine { line, call })
}

/// One strategy a variant, in the order of the enum.
pub(crate) fn client(version: u8, kind: Kind) -> Vec<BoxedStrategy<ClientMessage>> {
    use ClientMessage as M;
    let t = |max| text(version, kind, max);
    let number_max = if version < 18 { 23 } else { 24 };
    let statistics_number_max = if version < 19 { 24 } else { 25 };
    let mode_max = if version < 22 { u32::MAX } else { 255 };
    let register = (
        "[!-~]{1,15}",
        any::<(u32, [u8; 4], u32, u32, u8, u16)>(),
        any::<([u8; 6], u32)>(),
        t(31),
    )
        .prop_map(
            |(
                name,
                (kind, address, max_streams, active_streams, version, features),
                (mac, max_lines),
                load,
            )| {
                Register {
                    name: DeviceName::new(&name).unwrap(),
                    device_type: DeviceType(kind),
                    address: address.into(),
                    max_streams,
                    active_streams,
                    version,
                    features,
                    mac,
                    max_lines,
                    load,
                }
            },
        );
    let statistics = (
        t(statistics_number_max),
        call(),
        0..=mode_max,
        any::<[u32; 7]>(),
        proptest::option::of(quality()),
    )
        .prop_map(
            |(number, call, mode, [ps, os, pr, or, lost, jitter_ms, latency_ms], quality)| {
                ConnectionStatistics {
                    number,
                    call,
                    mode,
                    packets_sent: ps,
                    octets_sent: os,
                    packets_received: pr,
                    octets_received: or,
                    packets_lost: lost,
                    jitter_ms,
                    latency_ms,
                    quality,
                }
            },
        );
    let capability = any::<(u32, u32)>().prop_map(|(format, max_frames)| MediaCapability {
        format: MediaFormat(format),
        max_frames,
    });
    vec![
        Just(M::KeepAlive).boxed(),
        register.prop_map(M::Register).boxed(),
        any::<u32>()
            .prop_map(|port| M::IpPort(IpPort { port }))
            .boxed(),
        (any::<u32>(), line(), call())
            .prop_map(|(button, line, call)| M::KeypadButton(KeypadButton { button, line, call }))
            .boxed(),
        (t(number_max), line())
            .prop_map(|(number, line)| M::EnblocCall(EnblocCall { number, line }))
            .boxed(),
        (any::<(u32, u32, u32)>(), call())
            .prop_map(|((stimulus, instance, status), call)| {
                M::Stimulus(StimulusPressed {
                    stimulus: Stimulus(stimulus),
                    instance,
                    call,
                    status,
                })
            })
            .boxed(),
        hook().prop_map(M::OffHook).boxed(),
        hook().prop_map(M::OnHook).boxed(),
        hook().prop_map(M::HookFlash).boxed(),
        line()
            .prop_map(|line| M::ForwardStatReq(OneLine { line }))
            .boxed(),
        any::<u32>()
            .prop_map(|index| M::SpeedDialStatReq(SpeedDialStatReq { index }))
            .boxed(),
        line()
            .prop_map(|line| M::LineStatReq(OneLine { line }))
            .boxed(),
        Just(M::ConfigStatReq).boxed(),
        Just(M::TimeDateReq).boxed(),
        Just(M::ButtonTemplateReq).boxed(),
        Just(M::VersionReq).boxed(),
        vec(capability, 0..=18)
            .prop_map(|capabilities| M::CapabilitiesRes(CapabilitiesRes { capabilities }))
            .boxed(),
        Just(M::ServerReq).boxed(),
        (any::<(u32, u32, u32)>(), t(79))
            .prop_map(|((severity, p1, p2), text)| {
                M::Alarm(Alarm {
                    severity: AlarmSeverity(severity),
                    text,
                    p1,
                    p2,
                })
            })
            .boxed(),
        (any::<u32>(), party(), call())
            .prop_map(|(status, party, call)| {
                M::MulticastMediaReceptionAck(MulticastMediaReceptionAck {
                    status: MulticastStatus(status),
                    party,
                    call,
                })
            })
            .boxed(),
        (any::<u32>(), socket(), party(), call())
            .prop_map(|(status, address, party, call)| {
                M::OpenReceiveChannelAck(OpenReceiveChannelAck {
                    status: MediaStatus(status),
                    address,
                    party,
                    call,
                })
            })
            .boxed(),
        statistics.prop_map(M::ConnectionStatisticsRes).boxed(),
        Just(M::SoftKeySetReq).boxed(),
        (any::<u32>(), line(), call())
            .prop_map(|(event, line, call)| {
                M::SoftKeyEvent(SoftKeyEvent {
                    event: SoftKey(event),
                    line,
                    call,
                })
            })
            .boxed(),
        option::of(any::<u32>())
            .prop_map(|reason| M::Unregister(Unregister { reason }))
            .boxed(),
        Just(M::SoftKeyTemplateReq).boxed(),
        ("[!-~]{1,15}", any::<([u8; 4], u32)>())
            .prop_map(|(name, (address, kind))| {
                M::RegisterTokenReq(RegisterToken {
                    name: DeviceName::new(&name).unwrap(),
                    address: address.into(),
                    device_type: DeviceType(kind),
                })
            })
            .boxed(),
        (conference(), party(), socket(), call())
            .prop_map(|(conference, party, address, call)| {
                M::MediaTransmissionFailure(MediaTransmissionFailure {
                    conference,
                    party,
                    address,
                    call,
                })
            })
            .boxed(),
        any::<u32>()
            .prop_map(|lines| M::RegisterAvailableLines(RegisterAvailableLines { lines }))
            .boxed(),
        any::<u32>()
            .prop_map(|instance| M::FeatureStatReq(FeatureStatReq { instance }))
            .boxed(),
        (conference(), party(), call(), socket(), any::<u32>())
            .prop_map(|(conference, party, call, address, status)| {
                M::StartMediaTransmissionAck(StartMediaTransmissionAck {
                    conference,
                    party,
                    call,
                    address,
                    status: MediaStatus(status),
                })
            })
            .boxed(),
        vec(any::<u8>(), 0..100)
            .prop_map(|body| M::Unknown {
                id: UNKNOWN_ID,
                body,
            })
            .boxed(),
    ]
}

fn leg() -> impl Strategy<Value = MediaLeg> {
    (conference(), party(), call(), any::<bool>()).prop_map(
        |(conference, party, call, keep_port)| MediaLeg {
            conference,
            party,
            call,
            keep_port,
        },
    )
}

fn call_info(version: u8, kind: Kind) -> impl Strategy<Value = CallInfo> {
    let number = || text(version, kind, 23);
    let name = || text(version, kind, 39);
    (
        (line(), call(), any::<[u32; 6]>()),
        (number(), number(), number(), number()),
        (name(), name(), name(), name()),
    )
        .prop_map(
            |((line, call, [kind, o, l, instance, security, restriction]), numbers, names)| {
                CallInfo {
                    line,
                    call,
                    kind,
                    calling_number: numbers.0,
                    calling_name: names.0,
                    called_number: numbers.1,
                    called_name: names.1,
                    original_called_number: numbers.2,
                    original_called_name: names.2,
                    last_redirecting_number: numbers.3,
                    last_redirecting_name: names.3,
                    original_called_reason: o,
                    last_redirecting_reason: l,
                    instance,
                    security,
                    restriction,
                }
            },
        )
}

fn open(version: u8) -> impl Strategy<Value = OpenReceiveChannel> {
    (
        conference(),
        party(),
        call(),
        any::<(u32, u32, bool, u32, u32)>(),
        nse_payload(version),
    )
        .prop_map(
            |(
                conference,
                party,
                call,
                (ptime_ms, format, echo_cancel, algorithm, rfc2833_payload),
                nse_payload,
            )| {
                OpenReceiveChannel {
                    conference,
                    party,
                    ptime_ms,
                    format: MediaFormat(format),
                    echo_cancel,
                    call,
                    encryption: Encryption { algorithm },
                    rfc2833_payload,
                    nse_payload,
                }
            },
        )
}

/// Latent capabilities that are not in use, or name a dynamic payload type; from version 21 on.
fn nse_payload(version: u8) -> impl Strategy<Value = Option<u8>> {
    proptest::option::of(96..=127u8).prop_map(move |named| named.filter(|_| version >= 21))
}

fn multicast() -> impl Strategy<Value = StartMulticastMediaReception> {
    (
        (conference(), party(), socket(), call()),
        any::<(u32, u32, bool)>(),
    )
        .prop_map(
            |((conference, party, group, call), (ptime_ms, format, echo_cancel))| {
                StartMulticastMediaReception {
                    conference,
                    party,
                    group,
                    ptime_ms,
                    format: MediaFormat(format),
                    echo_cancel,
                    call,
                }
            },
        )
}

fn start(version: u8) -> impl Strategy<Value = StartMediaTransmission> {
    (
        (conference(), party(), socket(), call()),
        any::<(u32, u32, u32, bool, u16, u32, u32)>(),
        nse_payload(version),
    )
        .prop_map(
            |(
                (conference, party, remote, call),
                (ptime_ms, format, precedence, vad, frames, algorithm, payload),
                nse_payload,
            )| {
                StartMediaTransmission {
                    conference,
                    party,
                    remote,
                    ptime_ms,
                    format: MediaFormat(format),
                    precedence,
                    vad,
                    max_frames: frames.into(),
                    call,
                    encryption: Encryption { algorithm },
                    rfc2833_payload: payload,
                    nse_payload,
                }
            },
        )
}

/// Messages kept whole: any body is right.
fn whole() -> Vec<BoxedStrategy<ServerMessage>> {
    use ServerMessage as M;
    let body = || vec(any::<u8>(), 0..100);
    vec![
        body()
            .prop_map(|body| M::ConfigStat(KeptWhole { body }))
            .boxed(),
        body()
            .prop_map(|body| M::SoftKeyTemplateRes(KeptWhole { body }))
            .boxed(),
        body()
            .prop_map(|body| M::SoftKeySetRes(KeptWhole { body }))
            .boxed(),
        body()
            .prop_map(|body| M::FeatureStat(KeptWhole { body }))
            .boxed(),
        body()
            .prop_map(|body| M::Unknown {
                id: UNKNOWN_ID,
                body,
            })
            .boxed(),
    ]
}

/// One strategy a variant; those whose body is kept whole only for [`Kind::Any`].
pub(crate) fn server(version: u8, kind: Kind) -> Vec<BoxedStrategy<ServerMessage>> {
    use ServerMessage as M;
    let t = |max| text(version, kind, max);
    let number_max = if version < 18 { 23 } else { 24 };
    let statistics_number_max = if version < 19 { 24 } else { 25 };
    let buttons_max = if kind == Kind::Plain { 42 } else { 56 };
    let on = || (line(), call());
    let template = (any::<(u32, u32)>(), vec(any::<(u8, u8)>(), 0..=buttons_max)).prop_map(
        move |((offset, total), buttons)| {
            M::ButtonTemplate(ButtonTemplate {
                offset,
                total: if kind == Kind::Plain {
                    buttons.len() as u32
                } else {
                    total
                },
                buttons,
            })
        },
    );
    let entry = (t(47), any::<[u8; 4]>(), 1u16..).prop_map(|(name, address, port)| ServerEntry {
        name,
        address: SocketAddrV4::new(address.into(), port),
    });
    let forward = (
        any::<bool>(),
        line(),
        [(); 3].map(|()| option::of(t(number_max))),
    )
        .prop_map(|(active, line, [all, busy, no_answer])| {
            M::ForwardStat(ForwardStat {
                active,
                line,
                all,
                busy,
                no_answer,
            })
        });
    // Letters, as a date template is.
    let template_byte = if kind == Kind::Plain {
        b' '..=b'~'
    } else {
        0..=255
    };
    let mut all = vec![
        (
            any::<(u32, u32, u8, [u8; 3])>(),
            [(); 6].map(|()| template_byte.clone()),
        )
            .prop_map(
                |((keepalive_s, secondary_keepalive_s, version, features), date_template)| {
                    M::RegisterAck(RegisterAck {
                        keepalive_s,
                        secondary_keepalive_s,
                        version,
                        features,
                        date_template,
                    })
                },
            )
            .boxed(),
        (any::<(u32, u32)>(), on())
            .prop_map(|((tone, direction), (line, call))| {
                M::StartTone(StartTone {
                    tone: Tone(tone),
                    direction,
                    line,
                    call,
                })
            })
            .boxed(),
        (any::<u32>(), on())
            .prop_map(|(tone, (line, call))| {
                M::StopTone(StopTone {
                    line,
                    call,
                    tone: Tone(tone),
                })
            })
            .boxed(),
        (any::<(u32, u32)>(), on())
            .prop_map(|((mode, duration), (line, call))| {
                M::SetRinger(SetRinger {
                    mode: RingMode(mode),
                    duration,
                    line,
                    call,
                })
            })
            .boxed(),
        any::<(u32, u32, u32)>()
            .prop_map(|(stimulus, instance, mode)| {
                M::SetLamp(SetLamp {
                    stimulus: Stimulus(stimulus),
                    instance,
                    mode: LampMode(mode),
                })
            })
            .boxed(),
        Just(M::SetHookFlashDetect(SetHookFlashDetect)).boxed(),
        any::<bool>()
            .prop_map(|on| M::SetSpeakerMode(Switch { on }))
            .boxed(),
        any::<bool>()
            .prop_map(|on| M::SetMicroMode(Switch { on }))
            .boxed(),
        start(version).prop_map(M::StartMediaTransmission).boxed(),
        leg().prop_map(M::StopMediaTransmission).boxed(),
        call_info(version, kind).prop_map(M::CallInfo).boxed(),
        forward.boxed(),
        (any::<u32>(), t(23), t(39))
            .prop_map(|(index, number, name)| {
                M::SpeedDialStat(SpeedDialStat {
                    index,
                    number,
                    name,
                })
            })
            .boxed(),
        (line(), t(23), t(39), t(39))
            .prop_map(|(line, number, name, label)| {
                M::LineStat(LineStat {
                    line,
                    number,
                    name,
                    label,
                })
            })
            .boxed(),
        any::<[u32; 9]>()
            .prop_map(
                |[
                    year,
                    month,
                    weekday,
                    day,
                    hour,
                    minute,
                    second,
                    millisecond,
                    unix,
                ]| {
                    M::DefineTimeDate(DefineTimeDate {
                        year,
                        month,
                        weekday,
                        day,
                        hour,
                        minute,
                        second,
                        millisecond,
                        unix,
                    })
                },
            )
            .boxed(),
        template.boxed(),
        t(15).prop_map(|text| M::Version(Version { text })).boxed(),
        t(31)
            .prop_map(|text| M::DisplayText(DisplayText { text }))
            .boxed(),
        Just(M::ClearDisplay).boxed(),
        Just(M::CapabilitiesReq).boxed(),
        t(32)
            .prop_map(|text| M::RegisterReject(RegisterReject { text }))
            .boxed(),
        vec(entry, 0..=5)
            .prop_map(|servers| M::ServerRes(ServerRes { servers }))
            .boxed(),
        any::<u32>()
            .prop_map(|kind| {
                M::Reset(Reset {
                    kind: ResetKind(kind),
                })
            })
            .boxed(),
        Just(M::KeepAliveAck).boxed(),
        multicast()
            .prop_map(M::StartMulticastMediaReception)
            .boxed(),
        (conference(), party(), call())
            .prop_map(|(conference, party, call)| {
                M::StopMulticastMediaReception(StopMulticastMediaReception {
                    conference,
                    party,
                    call,
                })
            })
            .boxed(),
        open(version).prop_map(M::OpenReceiveChannel).boxed(),
        leg().prop_map(M::CloseReceiveChannel).boxed(),
        (t(statistics_number_max), call(), any::<u32>())
            .prop_map(|(number, call, mode)| {
                M::ConnectionStatisticsReq(ConnectionStatisticsReq { number, call, mode })
            })
            .boxed(),
        (on(), any::<(u32, u32)>())
            .prop_map(|((line, call), (set, mask))| {
                M::SelectSoftKeys(SelectSoftKeys {
                    line,
                    call,
                    set,
                    mask,
                })
            })
            .boxed(),
        (any::<u32>(), on())
            .prop_map(|(state, (line, call))| {
                M::CallState(CallStateChange {
                    state: CallStateKind(state),
                    line,
                    call,
                })
            })
            .boxed(),
        (any::<u32>(), t(31), on())
            .prop_map(|(timeout_s, text, (line, call))| {
                M::DisplayPromptStatus(DisplayPromptStatus {
                    timeout_s,
                    text,
                    line,
                    call,
                })
            })
            .boxed(),
        on().prop_map(|(line, call)| M::ClearPromptStatus(CallOnLine { line, call }))
            .boxed(),
        (any::<u32>(), t(31))
            .prop_map(|(timeout_s, text)| M::DisplayNotify(DisplayNotify { timeout_s, text }))
            .boxed(),
        Just(M::ClearNotify).boxed(),
        line()
            .prop_map(|line| M::ActivateCallPlane(OneLine { line }))
            .boxed(),
        Just(M::DeactivateCallPlane).boxed(),
        any::<u32>()
            .prop_map(|status| M::UnregisterAck(UnregisterAck { status }))
            .boxed(),
        on().prop_map(|(line, call)| M::BackSpace(CallOnLine { line, call }))
            .boxed(),
        Just(M::RegisterTokenAck).boxed(),
        any::<u32>()
            .prop_map(|wait_s| M::RegisterTokenReject(RegisterTokenReject { wait_s }))
            .boxed(),
        (t(number_max), on())
            .prop_map(|(number, (line, call))| M::DialedNumber(DialedNumber { number, line, call }))
            .boxed(),
        (any::<(u32, u32)>(), t(31))
            .prop_map(|((timeout_s, priority), text)| {
                M::DisplayPriNotify(DisplayPriNotify {
                    timeout_s,
                    priority,
                    text,
                })
            })
            .boxed(),
        any::<u32>()
            .prop_map(|priority| M::ClearPriNotify(ClearPriNotify { priority }))
            .boxed(),
    ];
    if kind == Kind::Any {
        all.extend(whole());
    }
    all
}

fn quality() -> impl Strategy<Value = VoiceQuality> {
    any::<[u32; 9]>().prop_map(
        |[
            mos,
            mean,
            least,
            most,
            concealed,
            concealed_now,
            concealed_most,
            concealed_s,
            severe_s,
        ]| VoiceQuality {
            mos,
            mean,
            least,
            most,
            concealed,
            concealed_now,
            concealed_most,
            concealed_s,
            severe_s,
        },
    )
}
