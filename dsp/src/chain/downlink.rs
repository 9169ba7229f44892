//! From the network to the line, and everything the gateway itself sends there.

use tipring_spandsp::{CallerIdStandard, CallerIdTx, Error};
use tipring_types::Side;

use super::{CHUNK, Chain};
use crate::command::Events;
use crate::command::{Alert, CallerIdTransmission, ChainEvent};
use crate::level::energy;
use crate::tone::{ToneGenerator, ToneProgram, dtmf_program, to_pcm};

/// Silence between alert tone and message, ms (ETS 300 659-1: 45 to 500; GR-30: 55 or more).
const AFTER_ALERT_MS: u16 = 60;

impl Chain {
    /// Takes a block from the network and fills `to_line` with what the card gets. A block that is too short is
    /// continued with silence; beyond `to_line` it is dropped.
    pub fn downlink(&mut self, from_net: &[i16], to_line: &mut [u8]) {
        let mut rest = from_net;
        for bytes in to_line.chunks_mut(self.chunk) {
            let (voice, later) = rest.split_at(bytes.len().min(rest.len()));
            rest = later;
            self.downlink_chunk(voice, bytes);
        }
    }

    fn downlink_chunk(&mut self, from_net: &[i16], bytes: &mut [u8]) {
        let n = bytes.len();
        let voice = self.bridged && self.off_hook && !from_net.is_empty();
        if !voice {
            self.data_tones
                .take_silence(Side::Network, n, &mut self.events);
            self.note_silence(Side::Network, n, 0.0);
            if self.sources.is_silent() {
                bytes.fill(self.law.silence());
                self.reference.write_silence(n);
                // A chunk has at most 80 samples.
                self.tx_meter.take_silence(n as u32);
                return;
            }
        }
        let mut buffer = [0i16; CHUNK];
        let samples = &mut buffer[..n];
        if voice {
            let (heard, _) = samples.split_at_mut(from_net.len());
            heard.copy_from_slice(from_net);
            self.voice_of_network(heard);
        }
        self.sources.put_on(samples, &mut self.events);
        self.law.encode_block(samples, bytes);
        // What the line hears is what the law left of it; so is its echo.
        self.law.decode_block(bytes, samples);
        self.reference.write(samples);
        self.tx_meter.take(samples, energy(samples));
    }

    /// Listens to what the network says, before it goes to the line.
    fn voice_of_network(&mut self, heard: &mut [i16]) {
        self.note_silence(Side::Network, heard.len(), energy(heard));
        if !self.data.relayed {
            self.data_tones.take(Side::Network, heard, &mut self.events);
            self.act_on_data();
            self.data_tones.squelch(Side::Network, heard);
        }
        self.tx_gain.apply(heard);
    }
}

enum CallerIdState {
    Idle,
    /// The alert sounds; the message waits in its transmitter.
    Alert,
    Sending,
}

/// What the gateway itself sends to the line. Caller ID goes before digits, digits before tones, all before voice.
pub(super) struct Sources {
    tone: ToneGenerator,
    digit: ToneGenerator,
    alert: ToneGenerator,
    caller_id: CallerIdState,
    /// One transmitter for each standard, so that none must be made later.
    transmitters: [CallerIdTx; 4],
    /// The transmitter at work.
    current: usize,
}

impl Sources {
    pub(super) fn new() -> Result<Sources, Error> {
        Ok(Sources {
            tone: ToneGenerator::new(),
            digit: ToneGenerator::new(),
            alert: ToneGenerator::new(),
            caller_id: CallerIdState::Idle,
            transmitters: [
                CallerIdTx::new(CallerIdStandard::Class)?,
                CallerIdTx::new(CallerIdStandard::Clip)?,
                CallerIdTx::new(CallerIdStandard::Aclip)?,
                CallerIdTx::new(CallerIdStandard::ClipDtmf)?,
            ],
            current: 0,
        })
    }

    pub(super) fn is_silent(&self) -> bool {
        matches!(self.caller_id, CallerIdState::Idle) && self.digit.is_idle() && self.tone.is_idle()
    }

    pub(super) fn play_tone(&mut self, program: &ToneProgram) {
        self.tone.start(program);
    }

    pub(super) fn stop_tone(&mut self) {
        self.tone.stop();
    }

    pub(super) fn play_digit(&mut self, digit: u8, on: bool) {
        if !on {
            self.digit.stop();
        } else if let Some(program) = dtmf_program(digit) {
            self.digit.start(&program);
        }
    }

    pub(super) fn send_caller_id(
        &mut self,
        transmission: &CallerIdTransmission,
        events: &mut Events,
    ) {
        if !matches!(self.caller_id, CallerIdState::Idle) {
            events.push(ChainEvent::CallerIdRefused);
            return;
        }
        self.current = match transmission.message.standard() {
            CallerIdStandard::Class => 0,
            CallerIdStandard::Clip => 1,
            CallerIdStandard::Aclip => 2,
            CallerIdStandard::ClipDtmf => 3,
        };
        let transmitter = &mut self.transmitters[self.current];
        transmitter.set_off_hook(transmission.to_off_hook);
        if transmitter.put_message(&transmission.message).is_err() {
            transmitter.abort();
            events.push(ChainEvent::CallerIdRefused);
            return;
        }
        let alert_ms = match transmission.alert {
            Alert::None => {
                self.caller_id = CallerIdState::Sending;
                return;
            }
            Alert::DtAs => 100,
            Alert::Cas => 80,
        };
        self.alert
            .start(&ToneProgram::alert(alert_ms, AFTER_ALERT_MS));
        self.caller_id = CallerIdState::Alert;
    }

    pub(super) fn stop_caller_id(&mut self) {
        if !matches!(self.caller_id, CallerIdState::Idle) {
            self.transmitters[self.current].abort();
        }
        self.alert.stop();
        self.caller_id = CallerIdState::Idle;
    }

    /// Replaces or adds to the voice in `samples`.
    pub(super) fn put_on(&mut self, samples: &mut [i16], events: &mut Events) {
        match self.caller_id {
            CallerIdState::Idle => {}
            CallerIdState::Alert => {
                if play(&mut self.alert, samples) {
                    self.caller_id = CallerIdState::Sending;
                }
                return;
            }
            CallerIdState::Sending => {
                let transmitter = &mut self.transmitters[self.current];
                transmitter.process(samples);
                if transmitter.is_idle() {
                    self.caller_id = CallerIdState::Idle;
                    events.push(ChainEvent::CallerIdSent);
                }
                return;
            }
        }
        if !self.digit.is_idle() {
            play(&mut self.digit, samples);
        } else if !self.tone.is_idle() {
            let ended = if self.tone.is_mixed() {
                mix(&mut self.tone, samples)
            } else {
                play(&mut self.tone, samples)
            };
            if ended {
                events.push(ChainEvent::ToneEnded);
            }
        }
    }
}

/// Puts a tone in the place of `samples`. True when it ended.
fn play(tone: &mut ToneGenerator, samples: &mut [i16]) -> bool {
    samples.fill(0);
    mix(tone, samples)
}

/// Adds a tone to `samples`. True when it ended.
fn mix(tone: &mut ToneGenerator, samples: &mut [i16]) -> bool {
    let mut buffer = [0f32; CHUNK];
    let sum = &mut buffer[..samples.len()];
    for (value, sample) in sum.iter_mut().zip(samples.iter()) {
        *value = f32::from(*sample);
    }
    let ended = tone.add_to(sum);
    for (sample, value) in samples.iter_mut().zip(sum.iter()) {
        *sample = to_pcm(*value);
    }
    ended
}
