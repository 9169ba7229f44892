//! The configuration in the words of the station, the call logic, the chain and the card. Decides nothing.

use std::time::Duration;

use tipring_config as config;
use tipring_config::{Config, Port, Profile};
use tipring_dsp::relay::RelayConfig;
use tipring_dsp::{CancellerConfig, ChainConfig};
use tipring_hal::port::{Capabilities, Law};
use tipring_proto::call;
use tipring_proto::names;
use tipring_proto::sccp::message::{MediaCapability, MediaFormat, Tone};
use tipring_proto::sccp::station::{RetryPolicy, StationConfig, Timing};
use tipring_proto::t38::ifp::Version;
use tipring_proto::t38::udptl::{ReceiverConfig, Redundancy, SenderConfig};
use tipring_proto::types::{Codec, LineInstance};

use crate::cards::Want;
use crate::control::FaxSettings;
use crate::line::FaxRelayConfig;

use crate::line::RtpPorts;
use crate::link::{LinkConfig, LinkOptions};

/// How long the echo of fax relay sounds on behind what is in flight, ms.
const ECHO_MS: u32 = 30;
/// The longest wait for a missing T.38 packet; the relay begins on the line later than that.
const T38_WAIT: Duration = Duration::from_millis(200);

/// The station of a port, the `place`th that registers; `servers` are the numbers of its CallManagers.
pub fn station(config: &Config, port: &Port, place: usize, servers: &[usize]) -> StationConfig {
    let cm = &config.callmanager;
    let mut station =
        StationConfig::new(port.device.clone(), port.device_type, config.gateway.mac.0);
    station.offer_version = config.gateway.protocol_version;
    station.capabilities = config.media.codecs.iter().map(capability).collect();
    station.servers = servers.to_vec();
    station.address = config.gateway.address;
    let ports = u32::try_from(config.ports.len()).unwrap_or(u32::MAX);
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    let stagger = stagger(cm, ports);
    station.start_delay = stagger.saturating_mul(place);
    station.standby = cm.standby;
    station.code_page = cm.code_page;
    station.retry = RetryPolicy {
        first: ms(cm.retry_first_ms),
        max: ms(cm.retry_max_ms),
        max_unanswered: longest_unanswered(cm, ports),
        crowd: ms(cm.retry_first_ms).max(stagger.saturating_mul(ports)),
        spread: SPREAD.max(stagger.saturating_mul(ports)),
        share: (place, ports),
        jitter_seed: u64::from(port.id.0) + 1,
    };
    station.timing = Timing {
        connect: ms(cm.connect_timeout_ms),
        address: names::PATIENCE + NAME_SLACK,
        register: ms(cm.register_timeout_ms),
        keepalive_answer: ms(cm.keepalive_answer_ms),
        keepalive_misses: cm.keepalive_misses,
        probe: Duration::from_secs(cm.probe_s.into()),
        ..Timing::default()
    };
    station
}

/// What all ports do for the same cause is spread over this time, and over more where the stagger asks for it: a CallManager
/// throttles devices that come in a crowd.
const SPREAD: Duration = Duration::from_secs(2);
/// While no server answers, one of all ports tries about this often; it wakes the others.
const TRY_OF_ALL: Duration = Duration::from_secs(4);

/// Longest wait of one port while no server answers.
fn longest_unanswered(cm: &config::CallManager, ports: u32) -> Duration {
    let share = TRY_OF_ALL.saturating_mul(ports);
    share.clamp(
        ms(cm.retry_first_ms),
        ms(cm.retry_max_ms).max(ms(cm.retry_first_ms)),
    )
}

/// Time between the registrations of two ports.
fn stagger(cm: &config::CallManager, ports: u32) -> Duration {
    let wished = ms(cm.register_stagger_ms);
    if ports > UNTHROTTLED {
        wished.max(STAGGER_OF_MANY)
    } else {
        wished
    }
}

/// This number of ports may register at once: a CallManager throttles from 2000 messages in 5 s on, and a registration is
/// 15 of them.
const UNTHROTTLED: u32 = 130;
/// So more of them come at 25 a second.
const STAGGER_OF_MANY: Duration = Duration::from_millis(40);

/// How long a better server has to keep its first port before the others follow.
pub fn monitor(config: &Config) -> Duration {
    Duration::from_secs(config.callmanager.monitor_s.into())
}

/// The end of a lookup is noticed here first, and by the station only when that fails.
const NAME_SLACK: Duration = Duration::from_millis(500);

fn capability(codec: &Codec) -> MediaCapability {
    let format = match codec {
        Codec::G711Ulaw => MediaFormat::G711_ULAW,
        Codec::G711Alaw => MediaFormat::G711_ALAW,
    };
    // 40 ms: more than any packet time that is used.
    MediaCapability {
        format,
        max_frames: 40,
    }
}

/// How links are made. Where from is the station's.
pub fn links(config: &Config) -> LinkConfig {
    let alone = config.callmanager.servers.len() < 2;
    LinkConfig {
        bind: None,
        connect_timeout: ms(config.callmanager.connect_timeout_ms),
        options: LinkOptions {
            silence: if alone { SILENCE_ALONE } else { SILENCE },
            dscp: config.media.dscp_signalling,
        },
        silence_in_call: if alone {
            SILENCE_ALONE_IN_CALL
        } else {
            SILENCE
        },
    }
}

/// No sign of the CallManager's host for this time ends a connection when there is another CallManager to go to. TCP
/// asks once a second and the kernel looks when it asks, so this is noticed 2 to 3 s after death; packets that are lost
/// for 2 s are repeated within that time. The same in a call: the device has to be registered elsewhere within 5 s.
const SILENCE: Duration = Duration::from_millis(2_900);
/// The same with one CallManager. There is nowhere to go, and a server that has not noticed the break (chan_skinny) refuses
/// the device's name until its own keepalive ends; so a rapid spanning tree's pause is sat out, and then it is shown.
const SILENCE_ALONE: Duration = Duration::from_secs(8);
/// The same in a call. A server whose device comes over a new connection ends the call of the old one, and nothing is won by
/// that: above a spanning tree's pause.
const SILENCE_ALONE_IN_CALL: Duration = Duration::from_secs(20);

/// The local UDP ports; `None`: the range holds none.
pub fn rtp_ports(config: &Config) -> Option<RtpPorts> {
    let range = config.media.rtp_ports;
    RtpPorts::new(range.first, range.last)
}

/// The call logic of a port. What its card cannot do is not asked of it.
pub fn call_logic(config: &Config, port: &Port, card: Option<Capabilities>) -> call::PortConfig {
    let line = &port.line;
    let can = |what: fn(&Capabilities) -> bool| card.as_ref().is_none_or(what);
    let mut hook = call::HookConfig {
        pulse: line.pulse_window().map(|w| call::PulseWindow {
            min_ms: w.min_ms.into(),
            max_ms: w.max_ms.into(),
            ..call::PulseWindow::default()
        }),
        pulse_digits: line.pulse_digits,
        ..call::HookConfig::default()
    };
    hook.flash = line.flash_window().map(|w| call::FlashWindow {
        min_ms: w.min_ms.into(),
        max_ms: w.max_ms.into(),
    });
    if card.is_some_and(|c| c.decodes_flash_and_pulse) {
        hook = call::HookConfig {
            pulse_digits: hook.pulse_digits,
            ..call::HookConfig::decoded_by_card()
        };
    }
    // The configured packet time comes first: it is used where the server names none.
    let mut ptimes_ms = vec![u32::from(config.media.ptime_ms)];
    ptimes_ms.extend(
        [10, 20, 30]
            .into_iter()
            .filter(|p| *p != u32::from(config.media.ptime_ms)),
    );
    call::PortConfig {
        line: LineInstance(1),
        codecs: config.media.codecs.clone(),
        ptimes_ms,
        rtp_dscp: config.media.dscp_media,
        hook,
        flash: line.flash,
        transfer_on_hang_up: line.transfer_on_hang_up,
        caller_id: port
            .caller_id
            .filter(|_| can(|c| c.on_hook_transmission))
            .map_or(call::CallerIdTiming::None, |style| {
                caller_id(style.timing, can(|c| c.polarity_reversal))
            }),
        stutter_dial_tone: line.stutter_dial_tone,
        unregistered_tone: Tone::REORDER,
        first_digit_ms: seconds(line.first_digit_s),
        error_tone_ms: seconds(line.reorder_s),
        howler_ms: seconds(line.howler_s),
        preserved_rtp_ms: seconds(line.preserved_rtp_s),
        open_loop_ms: open_loop_ms(line.disconnect_ms, card),
        after_far_hang_up: line.after_far_hang_up,
        call_waiting_repeat_ms: line.call_waiting_repeat.ms,
        hold_recall_ms: seconds(line.reminder_ring_s),
        digits_in_band: line.digits_in_band,
        ..call::PortConfig::default()
    }
}

/// How long the loop is really open when it is to be open for `wanted_ms`.
fn open_loop_ms(wanted_ms: u16, card: Option<Capabilities>) -> u32 {
    match card {
        Some(card) if !card.open_loop => 0,
        Some(card) if wanted_ms > 0 => card.fixed_open_loop_ms.unwrap_or(wanted_ms).into(),
        _ => wanted_ms.into(),
    }
}

/// Caller ID as the country times it, without the reversal where the card has none.
fn caller_id(timing: call::CallerIdTiming, can_reverse: bool) -> call::CallerIdTiming {
    match timing {
        call::CallerIdTiming::BeforeRing {
            polarity_reversal,
            dual_tone_alert,
            lead_ms,
            ring_delay_ms,
        } => call::CallerIdTiming::BeforeRing {
            polarity_reversal: polarity_reversal && can_reverse,
            dual_tone_alert,
            lead_ms,
            ring_delay_ms,
        },
        timing => timing,
    }
}

/// What a port wants of its card's driver.
pub fn want(config: &Config, port: &Port) -> Want {
    let line_thread = &config.line_thread;
    Want {
        channel: port.channel,
        block_len: usize::from(line_thread.block_ms) * 8,
        prefill_blocks: u8::try_from(line_thread.prefill_blocks).unwrap_or(u8::MAX),
        // A phone that pulses is fed between its pulses too, also where no flash is decoded.
        longest_flash_ms: [port.line.flash_window(), port.line.pulse_window()]
            .into_iter()
            .flatten()
            .map(|window| window.max_ms)
            .max()
            .unwrap_or_default(),
    }
}

/// Fax relay and the events that switch to it.
pub fn fax(config: &Config, port: &Port) -> FaxSettings {
    let line = &port.line;
    let in_flight =
        u32::from(config.line_thread.prefill_blocks) * u32::from(config.line_thread.block_ms);
    let relay = FaxRelayConfig {
        line: RelayConfig {
            // What was sent comes back from the line after what is in flight, and sounds on for a while.
            echo_ms: in_flight + ECHO_MS,
            ..RelayConfig::default()
        },
        sender: SenderConfig {
            version: Version::V0,
            redundancy: Redundancy {
                low: line.t38_redundancy_low,
                high: line.t38_redundancy_high,
            },
            max_datagram: line.t38_max_datagram,
        },
        receiver: ReceiverConfig {
            version: Version::V0,
            max_wait: T38_WAIT,
        },
    };
    FaxSettings {
        events: line.nse,
        payload_type: line.nse_payload_type,
        pass_through: line.fax_pass_through,
        t38: line.t38.then_some(relay),
    }
}

/// The signal chain of a port.
pub fn chain(config: &Config, port: &Port, law: Law, block_len: usize) -> ChainConfig {
    let mut chain = ChainConfig::new(law, block_len);
    chain.rx_gain = port.line.rx_gain;
    chain.tx_gain = port.line.tx_gain;
    // Tones for the far end's ears stay in the voice.
    chain.mute_detected_digits = !port.line.digits_in_band;
    chain.v8_squelch = port.line.v8_squelch;
    chain.detect_alarm_tones = port.line.profile == Profile::Alarm;
    let in_flight = usize::from(config.line_thread.prefill_blocks) * block_len;
    chain.echo_delay_samples = u16::try_from(in_flight).unwrap_or(u16::MAX);
    chain
}

/// The echo canceller of a port. Fax and modem ports get the linear part alone: nothing may be put in the place of their data.
pub fn canceller(port: &Port) -> Option<CancellerConfig> {
    let people = matches!(port.line.profile, Profile::Phone | Profile::Door);
    port.line.echo_canceller.then_some(CancellerConfig {
        tail_ms: port.line.echo_tail_ms,
        nlp: people,
        takes_turns: !people,
    })
}

/// A fax, modem or alarm port: its jitter buffer is held fixed from the beginning. That of another port is once a fax or
/// modem tone is detected.
pub fn is_data_port(port: &Port) -> bool {
    match port.line.profile {
        Profile::Phone | Profile::Door => false,
        Profile::Fax | Profile::Modem | Profile::Alarm => true,
    }
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

fn seconds(s: u16) -> u32 {
    u32::from(s) * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let machine = tipring_config::Machine {
            mac: tipring_config::Mac::parse("02:00:5e:10:20:30"),
            countries_dir: None,
        };
        tipring_config::parse(text, "test", &machine).unwrap_or_else(|e| panic!("{e}"))
    }

    fn logic(text: &str, card: Option<Capabilities>) -> call::PortConfig {
        let config = config(text);
        call_logic(&config, &config.ports[0], card)
    }

    const ABLE: Capabilities = Capabilities {
        decodes_flash_and_pulse: false,
        polarity_reversal: true,
        open_loop: true,
        fixed_open_loop_ms: None,
        on_hook_transmission: true,
        neon_mwi: true,
        voltages: true,
        times_cadence: true,
    };

    #[test]
    fn the_configured_packet_time_and_mark_come_first() {
        let logic = logic("[media]\nptime-ms = 30\ndscp-media = 34\n", None);
        assert_eq!(logic.ptimes_ms, [30, 10, 20]);
        assert_eq!(logic.rtp_dscp, 34);
    }

    #[test]
    fn a_card_is_not_asked_for_what_it_cannot_do() {
        let uk = "[defaults]\ncountry = \"uk\"\ndisconnect-ms = 700\n";
        let reverses = |timing| {
            matches!(
                timing,
                call::CallerIdTiming::BeforeRing {
                    polarity_reversal: true,
                    ..
                }
            )
        };
        let able = logic(uk, Some(ABLE));
        assert_eq!((able.open_loop_ms, reverses(able.caller_id)), (700, true));
        let poor = Capabilities {
            polarity_reversal: false,
            open_loop: false,
            ..ABLE
        };
        let less = logic(uk, Some(poor));
        assert_eq!((less.open_loop_ms, reverses(less.caller_id)), (0, false));
        let rigid = Capabilities {
            fixed_open_loop_ms: Some(500),
            ..ABLE
        };
        assert_eq!(logic(uk, Some(rigid)).open_loop_ms, 500);
        let never = "[defaults]\ndisconnect-ms = 0\n";
        assert_eq!(logic(never, Some(rigid)).open_loop_ms, 0);
        let deaf = Capabilities {
            on_hook_transmission: false,
            ..ABLE
        };
        assert_eq!(logic(uk, Some(deaf)).caller_id, call::CallerIdTiming::None);
    }

    #[test]
    fn a_card_that_decodes_flash_and_pulse_has_nobody_beside_it_who_does() {
        let card = Capabilities {
            decodes_flash_and_pulse: true,
            ..ABLE
        };
        assert_eq!(
            logic("", Some(card)).hook,
            call::HookConfig::decoded_by_card()
        );
        assert_ne!(
            logic("", Some(ABLE)).hook,
            call::HookConfig::decoded_by_card()
        );
    }

    #[test]
    fn a_dial_counts_as_in_its_country_also_where_the_card_counts_its_pulses() {
        let card = Capabilities {
            decodes_flash_and_pulse: true,
            ..ABLE
        };
        for card in [card, ABLE] {
            let digits = |text| logic(text, Some(card)).hook.pulse_digits;
            let new_zealand = digits("[defaults]\ncountry = \"nz\"\n");
            assert_eq!(new_zealand, call::PulseDigits::NewZealand);
            let swedish = digits("[defaults]\npulse-digits = \"sweden\"\n");
            assert_eq!(swedish, call::PulseDigits::Sweden);
        }
    }

    #[test]
    fn a_card_feeds_a_set_through_the_longest_opening_that_is_no_hang_up() {
        let longest = |text: &str| {
            let config = config(&format!("[defaults]\n{text}"));
            want(&config, &config.ports[0]).longest_flash_ms
        };
        assert_eq!(longest("country = \"ie\"\n"), 300);
        // Flash is not decoded; a dial of an alarm panel is.
        assert_eq!(longest("flash = \"ignore\"\n"), 199);
        assert_eq!(longest("flash-min-ms = 80\nflash-max-ms = 100\n"), 110);
        assert_eq!(longest("flash = \"ignore\"\npulse-dialing = false\n"), 0);
    }

    #[test]
    fn digits_are_muted_for_phones_and_doors_and_stay_in_the_voice_of_data_unless_the_file_says_otherwise()
     {
        for (profile, own, muted) in [
            ("phone", "", true),
            ("door", "", true),
            ("fax", "", false),
            ("modem", "", false),
            ("alarm", "", false),
            ("door", "digits-in-band = true\n", false),
            ("fax", "digits-in-band = false\n", true),
        ] {
            let config = config(&format!("[defaults]\nprofile = \"{profile}\"\n{own}"));
            let law = Law::Mu;
            let chain = chain(&config, &config.ports[0], law, 80);
            assert_eq!(chain.mute_detected_digits, muted, "{profile}");
            let call_logic = call_logic(&config, &config.ports[0], None);
            assert_eq!(call_logic.digits_in_band, !muted, "{profile}");
        }
    }

    #[test]
    fn faxes_have_v8_squelched_and_modems_do_not() {
        for (text, squelch) in [
            ("profile = \"fax\"", true),
            ("profile = \"fax\"\nv8-squelch = false", false),
            ("profile = \"modem\"", false),
            ("profile = \"phone\"", false),
            ("v8-squelch = true\nfax-pass-through = false", true),
        ] {
            let config = config(&format!("[defaults]\n{text}\n"));
            let law = Law::Mu;
            let chain = chain(&config, &config.ports[0], law, 80);
            assert_eq!(chain.v8_squelch, squelch, "{text}");
        }
    }

    #[test]
    fn fax_modem_and_alarm_are_data_ports() {
        for (profile, expected) in [
            ("phone", false),
            ("door", false),
            ("fax", true),
            ("modem", true),
            ("alarm", true),
        ] {
            let text = format!("[defaults]\nprofile = \"{profile}\"\n");
            let config = config(&text);
            assert_eq!(is_data_port(&config.ports[0]), expected, "{profile}");
        }
    }
}
