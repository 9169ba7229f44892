//! What a line is asked to do by request, and its state for a look from outside.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Line, Notices};
use crate::level::{FULL_SCALE_SINE_DBM0, SILENCE_DBM0};
use crate::port::{LineEvent, LineEventKind, LineFault};
use crate::sim::event::SimEvent;
use crate::sim::fax::{Ended, Fax};
use crate::sim::files::load_wav;
use crate::sim::recorder::Recorder;
use crate::sim::request::{Audio, SimAction, SimError, SimReply};
use crate::sim::snapshot::{CardState, SetState, SimSnapshot};
use crate::sim::world::{Applied, Files};

impl Line {
    /// Does what is asked.
    pub(in crate::sim) fn act(
        &mut self,
        action: SimAction,
        files: Files,
        now: Duration,
        events: &mut VecDeque<SimEvent>,
    ) -> Result<Applied, SimError> {
        let mut notices = Notices {
            port: self.port,
            at: now,
            events,
        };
        match action {
            SimAction::Lift => {
                self.no_fax("lift")?;
                self.lift(&mut notices);
            }
            SimAction::HangUp => {
                self.no_fax("hang up")?;
                self.hang_up(&mut notices);
            }
            SimAction::Flash { open_ms } => {
                self.phone_lifted("flash")?;
                if !(1..=5000).contains(&open_ms) {
                    return Err(SimError::BadValue {
                        what: "the length of a flash in ms",
                        value: open_ms.to_string(),
                        accepted: "1 to 5000",
                    });
                }
                self.hand.flash(open_ms);
            }
            SimAction::Dial { digits, how } => {
                self.phone_lifted("dial")?;
                self.hand.dial(&digits, how.unwrap_or(self.dialing))?;
            }
            SimAction::Play { audio, repeat } => {
                self.phone_lifted("talk")?;
                self.play(audio, repeat)?;
            }
            SimAction::StopPlaying => self.mouth.stop(),
            SimAction::StartRecording { .. } => {
                if self.recorder.is_some() {
                    return Err(self.wrong(
                        "recording",
                        "record again",
                        "stop the recording first",
                    ));
                }
                let recorder = match files.wav {
                    Some(target) => Recorder::into_file(target)?,
                    None => Recorder::in_memory(),
                };
                self.record(recorder);
            }
            SimAction::StopRecording => {
                if let Some(error) = self.recording_failed.take() {
                    return Err(error);
                }
                let Some(recorder) = self.recorder.take() else {
                    return Err(self.wrong("not recording", "stop", "start a recording first"));
                };
                return Ok(Applied::Finish(recorder));
            }
            SimAction::Meter { window_ms } => {
                if !(10..=1000).contains(&window_ms) {
                    return Err(SimError::BadValue {
                        what: "the window in ms",
                        value: window_ms.to_string(),
                        accepted: "10 to 1000",
                    });
                }
                let heard = self.ear.heard(window_ms);
                return Ok(Applied::Reply(SimReply::Heard(heard)));
            }
            SimAction::AutoAnswer { after_bursts } => self.answer_after = after_bursts,
            SimAction::SendFax(order) => {
                self.ready_for_fax()?;
                let paper = files.paper.ok_or(SimError::Stopped)?;
                self.fax = Some(Fax::send(order, paper, self.dialing)?);
            }
            SimAction::ReceiveFax(order) => {
                self.ready_for_fax()?;
                let (paper, _) = files.paper.ok_or(SimError::Stopped)?;
                self.fax = Some(Fax::receive(order, paper, self.dialing)?);
            }
            SimAction::CancelFax => {
                let Some(mut fax) = self.fax.take() else {
                    return Err(self.wrong("a phone only", "cancel a fax", "begin a fax first"));
                };
                let report = fax.give_up(now, "switched off");
                self.end_fax(fax, report, now, &mut notices);
            }
            SimAction::SetHybrid(hybrid) => self.hybrid.set(hybrid),
            SimAction::Break(fault) => self.set_fault(fault, now, &mut notices),
            SimAction::ForgetHeard => {
                self.ear.forget();
                self.bell.forget();
                self.counts.polarity_changes = 0;
                self.counts.open_loops = 0;
            }
        }
        Ok(Applied::Reply(SimReply::Done))
    }

    /// Records from now on.
    pub(in crate::sim) fn record(&mut self, recorder: Recorder) {
        self.recording_failed = None;
        self.recorder = Some(recorder);
    }

    fn play(&mut self, audio: Audio, repeat: bool) -> Result<(), SimError> {
        match audio {
            Audio::Samples(samples) => self.mouth.play(samples, repeat),
            // Read before it came here; kept right for callers that did not.
            Audio::Wav(path) => self.mouth.play(load_wav(&path)?.into(), repeat),
            Audio::Tone { hz, dbm0, ms } => {
                let [first, second] = hz;
                let tones = (20.0..=3990.0).contains(&first)
                    && (second == 0.0 || (20.0..=3990.0).contains(&second));
                if !tones || !(SILENCE_DBM0..=FULL_SCALE_SINE_DBM0).contains(&dbm0) {
                    return Err(SimError::BadValue {
                        what: "a tone",
                        value: format!("{first} Hz and {second} Hz at {dbm0} dBm0"),
                        accepted: "20 to 3990 Hz (the second may be 0), -99 to 3.14 dBm0",
                    });
                }
                self.mouth.tone(hz, dbm0, ms);
            }
        }
        Ok(())
    }

    fn set_fault(&mut self, fault: Option<LineFault>, at: Duration, notices: &mut Notices<'_>) {
        let before = self.ends.shared.fault();
        if before == fault {
            return;
        }
        if fault.is_some() {
            self.card.stop();
            self.ends.shared.ringing.store(false, Ordering::Release);
            if let Some(kind) = self.bell.stopped() {
                notices.push(kind);
            }
        }
        self.ends.shared.set_fault(fault);
        let kind = fault.map_or(LineEventKind::FaultCleared, LineEventKind::Fault);
        self.ends.send(LineEvent { at, kind });
        if fault.is_none() {
            self.card.works_again(self.hand.is_lifted());
        }
    }

    fn ready_for_fax(&self) -> Result<(), SimError> {
        self.no_fax("begin another fax")?;
        if self.ended_fax.is_some() {
            return Err(self.wrong(
                "a fax machine that writes its last pages",
                "begin another fax",
                "wait until the fax is done",
            ));
        }
        if self.hand.is_lifted() {
            return Err(self.wrong("off-hook", "begin a fax", "hang up first"));
        }
        Ok(())
    }

    fn no_fax(&self, action: &'static str) -> Result<(), SimError> {
        match self.fax {
            Some(_) => Err(self.wrong("a fax machine at work", action, "cancel the fax first")),
            None => Ok(()),
        }
    }

    fn phone_lifted(&self, action: &'static str) -> Result<(), SimError> {
        self.no_fax(action)?;
        if self.hand.is_lifted() {
            return Ok(());
        }
        Err(self.wrong("on-hook", action, "lift first"))
    }

    fn wrong(&self, state: &'static str, action: &'static str, cure: &'static str) -> SimError {
        SimError::WrongState {
            port: self.port,
            state,
            action,
            cure,
        }
    }

    pub(in crate::sim) fn snapshot(&mut self, now: Duration) -> SimSnapshot {
        let set = match (self.hand.is_lifted(), self.bell.is_ringing()) {
            (true, _) if self.hand.in_break() => SetState::LoopBreak,
            (true, _) => SetState::OffHook,
            (false, true) => SetState::Ringing,
            (false, false) => SetState::OnHook,
        };
        let feed = self.card.feed();
        let shared = &self.ends.shared;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let fault = shared.fault();
        SimSnapshot {
            port: self.port,
            at: now,
            set,
            dialing: self.hand.to_do(),
            talking: self.mouth.is_talking() || self.fax.as_ref().is_some_and(Fax::speaks),
            card: CardState {
                opened: shared.opened.load(Ordering::Acquire),
                ringing: self.card.is_ringing(),
                ring_voltage: feed.ring,
                on_hook_transmission: feed.on_hook_transmission,
                battery: feed.battery && fault.is_none(),
                fault,
                blocks_to_gateway: self.counts.to_gateway,
                blocks_from_gateway: self.counts.from_gateway,
                read_overruns: load(&shared.read_overruns),
                write_underruns: load(&shared.write_underruns),
                events_lost: load(&shared.events_lost),
                blocks_in_flight: self.ends.from_gateway.slots(),
            },
            heard: self.ear.heard(100),
            digits_heard: self.ear.digits.clone(),
            caller_id: self.ear.last_caller.clone(),
            ring_bursts_ms: self.bell.measured.iter().copied().collect(),
            bursts: self.bell.bursts,
            lamp: self.lamp,
            polarity: self.card.polarity,
            polarity_changes: self.counts.polarity_changes,
            open_loops: self.counts.open_loops,
            answer_after_bursts: self.answer_after,
            recording: self.recorder.as_ref().map(Recorder::state),
            fax: match (&self.fax, &self.ended_fax) {
                (Some(fax), _) => Some(fax.state(now)),
                (None, ended) => ended.as_ref().map(Ended::state),
            },
            last_fax: self.last_fax.clone(),
            hybrid: self.hybrid.config().clone(),
        }
    }
}
