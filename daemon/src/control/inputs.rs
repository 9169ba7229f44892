//! What comes in: from the links to the CallManagers and from the line thread, handed to the devices.

use tipring_ctl::words as text;
use tipring_dsp::ChainEvent;
use tipring_hal::port::{LineCommand, LineEvent, LineEventKind, LineFault};
use tipring_proto::call::{DigitHeard, LineInput, MediaInput};
use tipring_proto::device::Input;
use tipring_proto::rtp::NetworkDigit;
use tipring_proto::time::Time;
use tipring_proto::types::{Digit, Side, TestEnd};
use tipring_types::TenthDbm0;
use tipring_types::trace::{DigitSource, Trace};

use super::media::FaxHeard;
use super::{Gateway, words};
use crate::line::{LineReport, PortIndex};

/// Reports of the line thread handled before other work gets its turn.
const REPORTS_A_TURN: usize = 1024;
/// The RTP clock of a telephone-event.
const SAMPLES_A_MS: u32 = 8;

impl Gateway {
    pub(super) fn line_reports(&mut self) {
        self.lines.more_reports = true;
        for _ in 0..REPORTS_A_TURN {
            match self.lines.threads.try_recv() {
                Some(report) => self.line_report(report),
                None => {
                    self.lines.more_reports = false;
                    return;
                }
            }
        }
    }

    pub(super) fn line_report(&mut self, report: LineReport) {
        let now = self.clock.now();
        let report = match report {
            LineReport::CardReturned { port, card, why } => {
                return self.card_returned(now, port, card, why);
            }
            report => report,
        };
        if let LineReport::Line { port, event } = report {
            return self.line_event(now, port, event);
        }
        let index = match &report {
            LineReport::Line { port, .. }
            | LineReport::Chain { port, .. }
            | LineReport::ChainReturned { port, .. }
            | LineReport::NetworkDigit { port, .. }
            | LineReport::NamedEvent { port, .. }
            | LineReport::T38Arrived { port, .. }
            | LineReport::VoiceArrived { port, .. }
            | LineReport::RelayReturned { port, .. }
            | LineReport::TapReturned { port, .. }
            | LineReport::SessionReturned { port, .. }
            | LineReport::Refused { port, .. }
            | LineReport::CardReturned { port, .. }
            | LineReport::NoSuchSession { port, .. } => *port,
        };
        let Some(index) = self.of_lane(index) else {
            return;
        };
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        match report {
            LineReport::Chain { at, event, .. } => {
                let at = Time::from_duration(at).min(now);
                self.chain_event(now, index, at, event);
            }
            LineReport::ChainReturned { chain, .. } => drop(chain),
            LineReport::NetworkDigit { digit, .. } => {
                let hidden = match digit {
                    NetworkDigit::On { .. } => unit.desk.hides_key(now, Side::Network),
                    NetworkDigit::Off { .. } => unit.desk.hid_key(Side::Network),
                };
                if !hidden {
                    self.trace(now, index, network_digit(digit));
                }
            }
            LineReport::NamedEvent {
                session,
                at,
                event,
                timestamp,
                ..
            } => {
                let number = event;
                let heard = FaxHeard::Event { number, timestamp };
                self.fax_heard(Time::from_duration(at).min(now), index, session, heard);
            }
            LineReport::T38Arrived { session, at, .. } => {
                let at = Time::from_duration(at).min(now);
                self.fax_heard(at, index, session, FaxHeard::T38);
            }
            LineReport::VoiceArrived { session, at, .. } => {
                let at = Time::from_duration(at).min(now);
                self.fax_heard(at, index, session, FaxHeard::Voice);
            }
            LineReport::RelayReturned { relay, .. } => drop(relay),
            LineReport::TapReturned { tap, .. } => drop(tap),
            LineReport::SessionReturned { session, why, .. } => {
                if let Some(leg) = unit.desk.returned(now, &session)
                    && let Some((call, media)) = self.calls.media_over(unit.number, leg)
                {
                    self.history.figures(call, media);
                }
                if let Some(status) = words::refused_session(why)
                    && let Some(party) = unit.desk.refused(now, session.id())
                {
                    let refused = MediaInput::LegRefused { party, status };
                    unit.handle(now, Input::Media(refused));
                }
                if let Some(reason) = words::refusal(why) {
                    let event = Trace::SessionRefused { reason };
                    self.warn(now, index, &text::trace(&event, None));
                    self.trace(now, index, event);
                }
            }
            LineReport::Refused { command, error, .. } => {
                unit.refused += 1;
                let refused = Trace::CardRefused {
                    command: words::command(&command),
                    reason: error.to_string(),
                };
                self.trace(now, index, refused);
                if let LineCommand::Test(request) = command {
                    self.test_refused(index, &request, error);
                }
            }
            // Seen to above.
            LineReport::Line { .. } | LineReport::CardReturned { .. } => {}
            LineReport::NoSuchSession { session, .. } => {
                let session = session.0;
                self.trace(now, index, Trace::SessionGone { session });
            }
        }
        self.drain(now, index);
    }

    /// A line has reported something: to the slot of its card, and to its port.
    fn line_event(&mut self, now: Time, lane: PortIndex, event: LineEvent) {
        match event.kind {
            LineEventKind::Fault(LineFault::Removed) => self.card_lost(now, lane),
            LineEventKind::FaultCleared => self.look_anew(now, lane),
            LineEventKind::LoopClosed => self.current_flows(now, lane),
            _ => {}
        }
        let Some(index) = self.of_lane(lane) else {
            return self.lines.lanes.heard(lane, event.kind);
        };
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        unit.line_event(now, event);
        match event.kind {
            LineEventKind::Test(report) => self.test_report(now, index, report),
            // A card that has failed may say no more.
            LineEventKind::Fault(_) => self.test_ended(now, index, TestEnd::Fault),
            _ => {}
        }
        if event.kind == LineEventKind::FaultCleared {
            self.line_works(now, index);
        }
        self.drain(now, index);
        let failed = matches!(event.kind, LineEventKind::Fault(_));
        if failed || event.kind == LineEventKind::FaultCleared {
            self.line_changed(now, index);
        }
    }

    pub(super) fn chain_event(&mut self, now: Time, index: usize, at: Time, event: ChainEvent) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        match event {
            ChainEvent::DigitOn { digit, level } => {
                if let Some(digit) = Digit::from_char(char::from(digit)) {
                    if unit.desk.hides_key(now, Side::Line) {
                        // Keys of a panel are its account and its message: nobody dials, and nobody is to see them.
                        self.alarm_key(now, index, at, digit);
                        return;
                    }
                    let heard = DigitHeard { digit, at, level };
                    unit.handle(now, Input::Digit(heard));
                    self.key_pressed(now, index);
                }
            }
            ChainEvent::CallerIdSent | ChainEvent::CallerIdRefused => {
                if !unit.lamp.sent(now) {
                    unit.handle(now, Input::Line(LineInput::CallerIdSent));
                }
            }
            ChainEvent::DataTone {
                tone,
                from,
                after_ms,
            } => self.data_tone(now, index, at, (tone, from), after_ms),
            ChainEvent::AlarmTone { tone, from } => self.alarm_tone(now, index, at, tone, from),
            ChainEvent::AnswerToneOff { from } => {
                self.trace(now, index, Trace::AnswerToneEnded { from });
            }
            ChainEvent::BothSilent => self.data_over(now, index),
            ChainEvent::DigitOff { digit, duration_ms } => {
                if !unit.desk.hid_key(Side::Line)
                    && let Some(digit) = Digit::from_char(char::from(digit))
                {
                    let ended = Trace::DigitEnded {
                        digit,
                        source: DigitSource::Dtmf,
                        length_ms: duration_ms,
                    };
                    self.trace(now, index, ended);
                }
            }
            ChainEvent::ToneEnded => {}
        }
    }
}

fn network_digit(digit: NetworkDigit) -> Trace {
    let source = DigitSource::TelephoneEvent;
    match digit {
        NetworkDigit::On { digit, volume } => Trace::Digit {
            digit,
            source,
            level_dbm0: Some(TenthDbm0(-10 * i16::from(volume))),
        },
        NetworkDigit::Off { digit, duration } => Trace::DigitEnded {
            digit,
            source,
            length_ms: duration / SAMPLES_A_MS,
        },
    }
}
