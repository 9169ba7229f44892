//! The fax of a leg as it is listened to: from its first tone to its record, however it travels.
//!
//! One [`Listener`] follows a fax through pass-through and fax relay alike; a call may have several, one after the other.
//! A leg on which no tone made data pass has none, and so no record.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tipring_ctl::report as ctl;
use tipring_dsp::relay::Seen;
use tipring_proto::passthrough::{PassThrough, Signals};
use tipring_proto::t30::{Frame, Kind, Listener, Report};
use tipring_proto::time::Time;
use tipring_proto::types::{DataTone, Side};
use tipring_types::trace::Trace;
use tipring_types::{
    FAX_SWITCHES, FaxAdvised, FaxPath, FaxRecord, FaxSwitch, FaxTransport, Sides, TenthDb,
};

use crate::control::clock::Clock;
use crate::control::media::figures;
use crate::control::report::echo;
use crate::line::{PortCounters, RelayNumbers, TapWatch};

/// After a machine disconnected (DCN) its last frame still has to get to the other one's line.
const AFTER_DCN: Duration = Duration::from_secs(2);
/// Tones and switchings before the fax began that belong to it: CNG comes every 3.5 s, and its first is none yet.
const BEFORE: Duration = Duration::from_secs(10);
/// Those that are kept meanwhile.
const KEPT: usize = 8;

/// The port's counters, for what the network did to a fax.
#[derive(Debug, Clone)]
pub(in crate::control::media) struct Counters {
    /// Of the port.
    pub port: Arc<PortCounters>,
    /// Length of a block.
    pub block_ms: u64,
    /// Earlier packets that are sent again with each, now.
    pub copies: u8,
}

impl Counters {
    fn now(&self) -> ctl::RtpStats {
        figures::totals(&self.port, self.block_ms)
    }
}

/// The fax that goes on.
#[derive(Debug)]
struct Fax {
    listener: Listener,
    began: Time,
    /// When a machine disconnected.
    disconnected: Option<Time>,
    switches: Vec<FaxSwitch>,
    /// The port's figures when it began.
    before: ctl::RtpStats,
    /// What of the tap had been lost by then.
    unheard: u64,
    /// What the far end had reported lost by then.
    far_lost: u64,
    /// Earlier packets that are sent again with each: the most that there were in it.
    copies: u8,
    /// Figures of its relays.
    relays: Option<RelayNumbers>,
}

/// What listens to a leg.
#[derive(Debug)]
pub(in crate::control::media) struct Hearing {
    counters: Counters,
    /// The tap in the line thread's session, once it was ordered.
    pub(super) tap: Option<TapWatch>,
    /// What passes: with data a fax may begin.
    passes: PassThrough,
    /// Which signals of a fax there were, and when the last one ceased.
    signals: Signals,
    fax: Option<Fax>,
    /// Tones of late, while no fax goes on.
    tones: VecDeque<(Time, Side, DataTone)>,
    /// Switchings of late, while no fax goes on.
    switches: VecDeque<(Time, FaxSwitch)>,
    /// What earlier faxes with the far end have changed in this one.
    advised: Vec<FaxAdvised>,
    /// Packets from here that the far end has reported lost in the leg; none: it has reported nothing.
    far_lost: Option<u64>,
    /// The record of the last fax that is over.
    pub(super) last: Option<Box<FaxRecord>>,
}

impl Hearing {
    pub(super) fn new(counters: Counters) -> Hearing {
        Hearing {
            counters,
            tap: None,
            passes: PassThrough::Voice,
            signals: Signals::default(),
            fax: None,
            tones: VecDeque::new(),
            switches: VecDeque::new(),
            advised: vec![],
            far_lost: None,
            last: None,
        }
    }

    /// Earlier packets that go again with each from now on.
    pub(super) fn sends_copies(&mut self, copies: u8) {
        self.counters.copies = copies;
        if let Some(fax) = &mut self.fax {
            fax.copies = fax.copies.max(copies);
        }
    }

    /// What the far end has reported lost in the leg.
    pub(super) fn far_lost(&mut self, lost: Option<u64>) {
        self.far_lost = lost.or(self.far_lost);
    }

    /// Something is done otherwise than usual; false: that was said of this fax before.
    pub(super) fn follows(&mut self, advised: &FaxAdvised) -> bool {
        let first = !self.advised.contains(advised);
        if first {
            self.advised.push(advised.clone());
        }
        first
    }

    /// Data passes from now on, unchanged or as voice: a fax begins, unless one goes on.
    pub(super) fn data(&mut self, now: Time, unchanged: bool) {
        self.passes.begin(unchanged);
        self.signals.certain(now);
        self.begin(now);
    }

    fn begin(&mut self, now: Time) {
        if self.fax.is_some() {
            return;
        }
        let recent = |at: Time| now.saturating_since(at) <= BEFORE;
        self.tones.retain(|(at, ..)| recent(*at));
        self.switches.retain(|(at, _)| recent(*at));
        if let Some(tap) = &self.tap {
            tap.view.forget_levels();
        }
        let began = self.tones.front().map_or(now, |(at, ..)| *at);
        let mut listener = Listener::new(began);
        for (at, from, tone) in self.tones.drain(..) {
            hear_tone(&mut listener, at, from, tone);
        }
        let after = |(at, switch): (Time, FaxSwitch)| FaxSwitch {
            after_ms: ms(at.saturating_since(began)),
            ..switch
        };
        self.fax = Some(Fax {
            listener,
            began,
            disconnected: None,
            switches: self.switches.drain(..).map(after).collect(),
            before: self.counters.now(),
            unheard: self.tap.as_ref().map_or(0, |tap| tap.view.unheard()),
            far_lost: self.far_lost.unwrap_or(0),
            copies: self.counters.copies,
            relays: None,
        });
    }

    /// A relay takes the place of sound: what was heard of that is over.
    pub(super) fn relay_begins(&mut self, now: Time) {
        self.data(now, true);
        self.signals.unheard();
        if let Some(fax) = &mut self.fax {
            fax.listener.carrier_ended(now, Side::Line);
            fax.listener.carrier_ended(now, Side::Network);
            fax.relays.get_or_insert_default();
        }
    }

    /// A relay of this fax has ended, with these figures.
    pub(super) fn relay_ended(&mut self, numbers: &RelayNumbers) {
        if let Some(fax) = &mut self.fax {
            fax.relays = Some(super::sum(&fax.relays.unwrap_or_default(), numbers));
        }
    }

    /// A tone was detected in the leg.
    pub(super) fn tone(&mut self, now: Time, from: Side, tone: DataTone) {
        self.listen();
        self.signals.certain(now);
        if self.fax.is_none() {
            if self.tones.len() >= KEPT {
                self.tones.pop_front();
            }
            self.tones.push_back((now, from, tone));
            // The flags of a last frame that goes out again are the end of the fax before: another one begins with a frame.
            let again = tone == DataTone::V21Preamble && self.last.is_some();
            if self.passes.has_data() && !again {
                self.begin(now);
            }
        } else if let Some(fax) = &mut self.fax {
            hear_tone(&mut fax.listener, now, from, tone);
        }
    }

    /// The leg was switched, or that was asked for.
    pub(super) fn switched(&mut self, now: Time, event: &Trace) {
        let Trace::LegSwitch {
            event,
            by,
            answer,
            mode,
        } = *event
        else {
            return;
        };
        let switch = FaxSwitch {
            after_ms: 0,
            event,
            by,
            answer,
            mode,
        };
        match &mut self.fax {
            Some(fax) if fax.switches.len() < FAX_SWITCHES => fax.switches.push(FaxSwitch {
                after_ms: ms(now.saturating_since(fax.began)),
                ..switch
            }),
            Some(_) => {}
            None => {
                if self.switches.len() >= KEPT {
                    self.switches.pop_front();
                }
                self.switches.push_back((now, switch));
            }
        }
    }

    /// What the tap has heard since the last look.
    pub(super) fn listen(&mut self) {
        let mut heard = vec![];
        if let Some(tap) = &mut self.tap {
            while let Ok(item) = tap.seen.pop() {
                heard.push(item);
            }
        }
        for (at, seen) in heard {
            self.hear(at, seen);
        }
    }

    /// Something passed, as sound or in a relay.
    pub(super) fn hear(&mut self, at: Time, seen: Seen) {
        self.note(at, &seen);
        if self.fax.is_none() && self.passes.has_data() && begins(&seen) {
            self.begin(at);
        }
        let Some(fax) = &mut self.fax else {
            return;
        };
        let listener = &mut fax.listener;
        match seen {
            Seen::Carrier(side, Some(carrier)) => listener.carrier(at, side, carrier),
            Seen::Carrier(side, None) => listener.carrier_ended(at, side),
            Seen::Signal(side) => listener.signal(at, side),
            Seen::Frame(frame) if frame.intact => listener.frame(at, frame.side, frame.octets()),
            Seen::Frame(frame) => listener.bad_frame(at, frame.side),
        }
        if listener.report().end.is_some() {
            fax.disconnected.get_or_insert(at);
        }
    }

    /// Notes when there was a signal of a fax. One whose end nobody will hear is not begun: it would go on for ever.
    fn note(&mut self, at: Time, seen: &Seen) {
        match *seen {
            Seen::Frame(_) => self.signals.certain(at),
            Seen::Carrier(side, None) => self.signals.ended(at, side),
            Seen::Carrier(side, Some(_)) => {
                self.signals.certain(at);
                self.begun(at, side);
            }
            Seen::Signal(side) => self.begun(at, side),
        }
    }

    fn begun(&mut self, at: Time, side: Side) {
        if self.hears_ends() {
            self.signals.began(at, side);
        }
    }

    /// Will the end of a signal be heard? A tap that is deaf to voice hears none while the leg is voice.
    fn hears_ends(&self) -> bool {
        self.passes.has_data() || self.tap.as_ref().is_some_and(|tap| tap.in_voice)
    }

    /// What is carried as voice is over: it was quiet for long. What comes after it is another fax, and begins as one.
    pub(super) fn is_voice_again(&self, now: Time) -> bool {
        self.is_as_voice() && self.signals.is_quiet(now)
    }

    /// A machine has disconnected, and its last frame has got to the other one; or it was voice for long.
    pub(super) fn is_over(&self, now: Time) -> bool {
        let Some(fax) = &self.fax else {
            return false;
        };
        let long_voice = !self.is_data() && self.signals.is_quiet(now);
        let since = fax.disconnected;
        long_voice || since.is_some_and(|at| now.saturating_since(at) >= AFTER_DCN)
    }

    /// Data passes without change.
    pub(super) fn is_data(&self) -> bool {
        self.passes.is_data()
    }

    /// Data is carried as voice.
    pub(super) fn is_as_voice(&self) -> bool {
        self.passes == PassThrough::AsVoice
    }

    /// Data passes, and nothing listens to it: there is no tap, or one that is deaf to voice.
    pub(super) fn lacks_tap(&self) -> bool {
        let hears = |tap: &TapWatch| tap.in_voice || !self.is_as_voice();
        self.passes.has_data() && !self.tap.as_ref().is_some_and(hears)
    }

    /// The leg is voice again, by an event: a fax whose other gateway did not follow goes on, and data with its next tone.
    pub(super) fn pause(&mut self) {
        self.passes.end();
        if !self.hears_ends() {
            self.signals.unheard();
        }
    }

    /// Is there something to listen to?
    pub(super) fn is_on(&self) -> bool {
        self.passes.has_data() || self.fax.is_some()
    }

    /// What was heard of the fax that goes on.
    pub(super) fn report(&self) -> Option<&Report> {
        self.fax.as_ref().map(|fax| fax.listener.report())
    }

    /// No data passes any more. `person`: somebody talks, so tones alone were none of a fax.
    pub(super) fn voice(&mut self, now: Time, person: bool) -> Option<FaxRecord> {
        self.listen();
        self.passes.end();
        self.signals.unheard();
        self.tones.clear();
        self.switches.clear();
        if person
            && self
                .fax
                .as_ref()
                .is_some_and(|fax| fax.listener.is_set_up())
        {
            self.fax = None;
        }
        let record = self.finish(now);
        // Of a fax that was none.
        self.advised.clear();
        // Nobody takes from it what it hears of the talk.
        self.tap.take_if(|tap| tap.in_voice);
        record
    }

    /// The fax is over: its record, once.
    pub(super) fn finish(&mut self, now: Time) -> Option<FaxRecord> {
        let mut fax = self.fax.take()?;
        if fax.listener.is_modem() {
            self.advised.clear();
            return None;
        }
        let mut record = fax.listener.record(now);
        record.begin_unix_ms = Clock.unix_ms(fax.began);
        record.switches = fax.switches;
        record.advised = std::mem::take(&mut self.advised);
        if fax.relays.is_some_and(|relays| relays.received == 0) {
            // Nothing came of the relay: the fax lasted as long as something was waited for.
            let waited_ms = u64::from(ms(now.saturating_since(fax.began)));
            record.length_ms = record.length_ms.max(waited_ms);
        }
        let figures = figures::between(&fax.before, &self.counters.now());
        let t38 = fax.relays.filter(|relays| relays.received > 0);
        record.transport = match t38 {
            Some(_) => FaxTransport::T38,
            None if figures.redundant_sent > 0 => {
                FaxTransport::G711Redundant { copies: fax.copies }
            }
            None => FaxTransport::G711,
        };
        record.path = FaxPath {
            received: Some(figures.received_packets),
            relay_received: fax.relays.map(|relays| relays.received),
            ..match t38 {
                Some(relays) => FaxPath {
                    lost: relays.lost,
                    recovered: relays.recovered,
                    ..FaxPath::default()
                },
                None => FaxPath {
                    far_lost: self.far_lost.map(|lost| lost.saturating_sub(fax.far_lost)),
                    ..path(&figures)
                },
            }
        };
        // What a canceller has that learns still, or rests, is no figure of the line.
        let echo = echo(&self.counters.port);
        let erl = echo
            .erl_db
            .filter(|_| echo.state == ctl::EchoState::Converged);
        record.erl = erl.map(|erl| TenthDb((erl * 10.0).round() as i16));
        if let Some(tap) = &self.tap {
            record.level = Sides {
                line: tap.view.level(Side::Line),
                network: tap.view.level(Side::Network),
            };
            record.unheard = tap.view.unheard().saturating_sub(fax.unheard);
        }
        record.unheard += t38.map_or(0, |relays| relays.unseen);
        self.last = Some(Box::new(record.clone()));
        Some(record)
    }
}

/// Does a fax begin with this? A last frame that was repeated is the end of the one before.
fn begins(seen: &Seen) -> bool {
    let Seen::Frame(frame) = seen else {
        return false;
    };
    frame.intact && Frame::parse(frame.octets()).is_some_and(|frame| frame.kind != Kind::Dcn)
}

fn hear_tone(listener: &mut Listener, at: Time, from: Side, tone: DataTone) {
    listener.tone(at, from, tone);
    // Whoever reads the frames says when their carrier ends; until then it would be one without an end.
    if tone == DataTone::V21Preamble {
        listener.carrier_ended(at, from);
    }
}

fn path(figures: &ctl::RtpStats) -> FaxPath {
    FaxPath {
        // One that a later packet brought is not lost; one that came too late to be played is counted with the gap it left,
        // if it left one.
        lost: figures
            .lost_packets
            .saturating_sub(figures.recovered_packets)
            .max(figures.late_packets),
        recovered: figures.recovered_packets,
        concealed_ms: Some(figures.concealed_ms),
        // To reach the fixed delay it grows once, before the first page.
        slips: Some(figures.buffer_adjustments.saturating_sub(figures.grown) + figures.resyncs),
        // A float to integer `as` saturates.
        jitter_tenth_ms: Some((figures.jitter_ms * 10.0).round() as u32),
        drift_ppm: figures.drift_ppm.map(|ppm| ppm.round() as i32),
        ..FaxPath::default()
    }
}

fn ms(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hearing() -> Hearing {
        Hearing::new(Counters {
            port: Arc::default(),
            block_ms: 10,
            copies: 0,
        })
    }

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn flags_after_the_end_of_a_fax_are_its_last_frame_again_and_no_other_fax() {
        let mut hearing = hearing();
        hearing.data(at(0), true);
        hearing.tone(at(0), Side::Network, DataTone::Ced);
        assert!(hearing.finish(at(40_000)).is_some());
        hearing.tone(at(41_000), Side::Line, DataTone::V21Preamble);
        assert!(hearing.finish(at(60_000)).is_none());
        // A machine that calls once more is another one.
        hearing.tone(at(61_000), Side::Line, DataTone::Cng);
        assert!(hearing.finish(at(70_000)).is_some());
    }

    #[test]
    fn a_fax_as_voice_is_over_ten_seconds_after_its_last_signal_and_a_page_or_talk_is_told_apart() {
        let mut hearing = hearing();
        hearing.tone(at(1_000), Side::Network, DataTone::Ced);
        hearing.data(at(1_000), false);
        let is_over = |hearing: &Hearing, ms| {
            let both = (hearing.is_over(at(ms)), hearing.is_voice_again(at(ms)));
            assert_eq!(both.0, both.1, "{ms}");
            both.0
        };
        assert!(!is_over(&hearing, 10_900) && is_over(&hearing, 11_000));
        // A page of a minute, which has no frame.
        hearing.hear(at(9_000), Seen::Signal(Side::Line));
        assert!(!is_over(&hearing, 30_000));
        hearing.hear(at(69_000), Seen::Carrier(Side::Line, None));
        assert!(!is_over(&hearing, 78_900) && is_over(&hearing, 79_000));
        // Talk goes on.
        for ms in (70_000..79_000).step_by(900) {
            hearing.hear(at(ms), Seen::Signal(Side::Line));
            hearing.hear(at(ms + 700), Seen::Carrier(Side::Line, None));
        }
        assert!(is_over(&hearing, 79_000));
        assert!(hearing.voice(at(79_000), false).is_some());
        // A lone CNG is no other fax.
        hearing.tone(at(90_000), Side::Line, DataTone::Cng);
        assert!(hearing.voice(at(120_000), false).is_none());
    }

    #[test]
    fn a_signal_whose_end_no_tap_hears_keeps_no_fax_going() {
        let mut hearing = hearing();
        hearing.data(at(0), true);
        hearing.tone(at(0), Side::Network, DataTone::Ced);
        hearing.pause();
        // It began before the leg was voice again, and is looked at after it: the tap is deaf to voice.
        hearing.hear(at(1_000), Seen::Signal(Side::Line));
        assert!(!hearing.is_over(at(9_900)) && hearing.is_over(at(11_000)));
        // One that hears voice as well has the end of it.
        let (_tap, watch) = crate::line::FaxTap::build(true).unwrap();
        hearing.tap = Some(watch);
        hearing.hear(at(12_000), Seen::Signal(Side::Line));
        assert!(!hearing.is_over(at(60_000)));
        hearing.hear(at(60_000), Seen::Carrier(Side::Line, None));
        assert!(!hearing.is_over(at(69_900)) && hearing.is_over(at(70_000)));
    }

    #[test]
    fn what_the_far_end_lost_is_that_of_a_fax_alone() {
        let mut hearing = hearing();
        hearing.far_lost(Some(40));
        hearing.data(at(0), true);
        hearing.tone(at(0), Side::Network, DataTone::Ced);
        hearing.far_lost(Some(52));
        // A report that does not come takes nothing back.
        hearing.far_lost(None);
        let record = hearing.voice(at(30_000), false).unwrap();
        assert_eq!(record.path.far_lost, Some(12));
    }

    #[test]
    fn a_call_of_modems_is_no_fax() {
        let mut hearing = hearing();
        hearing.tone(at(0), Side::Network, DataTone::Ced);
        hearing.data(at(0), true);
        hearing.tone(at(3_000), Side::Network, DataTone::V22);
        assert!(hearing.voice(at(40_000), false).is_none());
        // Without that carrier it is a fax that did not get through.
        hearing.tone(at(50_000), Side::Network, DataTone::Ced);
        hearing.data(at(50_000), true);
        assert!(hearing.voice(at(80_000), false).is_some());
    }

    #[test]
    fn a_second_fax_has_the_copies_the_advice_and_the_levels_of_its_own() {
        let mut hearing = hearing();
        let copies = |record: FaxRecord| match record.transport {
            FaxTransport::G711Redundant { copies } => copies,
            other => panic!("{other:?}"),
        };
        let (_tap, watch) = crate::line::FaxTap::build(false).unwrap();
        hearing.tap = Some(watch);
        let advised = FaxAdvised {
            far: "2001".into(),
            advice: tipring_types::FaxAdvice::T38Never,
        };
        hearing.data(at(0), true);
        for number in [1, 2, 1] {
            hearing.sends_copies(number);
        }
        assert!(hearing.follows(&advised) && !hearing.follows(&advised));
        hearing.counters.port.tx_redundant.add(10);
        let first = hearing.finish(at(20_000)).unwrap();
        assert_eq!((first.advised.len(), copies(first)), (1, 2));
        hearing.data(at(30_000), true);
        hearing.counters.port.tx_redundant.add(10);
        let second = hearing.finish(at(40_000)).unwrap();
        assert_eq!((second.advised.len(), copies(second)), (0, 1));
        // A person, and no fax: what was to be done in it is none of the next one's.
        hearing.data(at(50_000), true);
        assert!(hearing.follows(&advised));
        assert!(hearing.voice(at(52_000), true).is_none());
        hearing.data(at(60_000), true);
        assert_eq!(hearing.finish(at(70_000)).unwrap().advised, []);
    }

    #[test]
    fn the_growth_to_the_fixed_delay_is_no_slip() {
        let figures = |buffer_adjustments, grown, resyncs| ctl::RtpStats {
            buffer_adjustments,
            grown,
            resyncs,
            ..ctl::RtpStats::default()
        };
        assert_eq!(path(&figures(9, 9, 0)).slips, Some(0));
        assert_eq!(path(&figures(11, 9, 1)).slips, Some(3));
    }

    #[test]
    fn a_relay_to_which_nothing_comes_lasts_to_the_end_of_its_leg() {
        for (received, length_ms) in [(0, 20_000), (3, 2_000)] {
            let mut hearing = hearing();
            hearing.data(at(0), true);
            hearing.tone(at(2_000), Side::Network, DataTone::Ced);
            hearing.relay_begins(at(4_000));
            hearing.relay_ended(&RelayNumbers {
                received,
                ..RelayNumbers::default()
            });
            let record = hearing.finish(at(20_000)).unwrap();
            assert_eq!(record.length_ms, length_ms, "{received} received");
        }
    }

    #[test]
    fn each_fax_of_a_call_has_the_packets_that_came_in_it_alone() {
        let mut hearing = hearing();
        let port = Arc::clone(&hearing.counters.port);
        let mut fax = |from: u64, received: u64, relayed: Option<u64>| {
            port.rx_packets.add(50);
            hearing.data(at(from), true);
            port.rx_packets.add(received);
            if let Some(received) = relayed {
                hearing.relay_begins(at(from + 4_000));
                hearing.relay_ended(&RelayNumbers {
                    received,
                    ..RelayNumbers::default()
                });
            }
            let path = hearing.finish(at(from + 20_000)).unwrap().path;
            (path.received, path.relay_received)
        };
        assert_eq!(fax(0, 900, Some(70)), (Some(900), Some(70)));
        // The relay of the second fax is silent.
        assert_eq!(fax(30_000, 120, Some(0)), (Some(120), Some(0)));
        assert_eq!(fax(60_000, 0, None), (Some(0), None));
    }

    #[test]
    fn a_packet_that_a_later_one_brought_is_not_lost_and_one_that_is_late_counts_once() {
        let figures = |lost_packets, recovered_packets, late_packets| ctl::RtpStats {
            lost_packets,
            recovered_packets,
            late_packets,
            ..ctl::RtpStats::default()
        };
        assert_eq!(path(&figures(30, 30, 0)).lost, 0);
        assert_eq!(path(&figures(30, 10, 0)).lost, 20);
        assert_eq!(path(&figures(5, 0, 5)).lost, 5);
        assert_eq!(path(&figures(0, 0, 4)).lost, 4);
    }
}
