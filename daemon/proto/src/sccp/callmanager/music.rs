//! What Cisco's CallManager opens besides the call itself: music on hold, and the two streams of a recorder.

use crate::sccp::message::{
    MediaFormat, MediaLeg, ServerMessage, StartMulticastMediaReception, StartTone,
    StopMulticastMediaReception, StopTone, Tone,
};
use crate::types::{CallRef, Party};

use super::leg::{Media, Playing};
use super::switches::Music;
use super::{CallManager, LINE};

/// Packet time of the music, ms.
const PTIME_MS: u32 = 20;

impl CallManager {
    /// Music for a held party, after its media is closed.
    pub(super) fn play_music(&mut self, call: CallRef) {
        let Some(device) = self.legs.get(&call).map(|leg| leg.device) else {
            return;
        };
        let playing = match self.config.switches.music {
            Music::Unicast => {
                self.open_media(call);
                Playing::Unicast
            }
            Music::Multicast(group) => {
                let party = self.new_party(call);
                if let Some(leg) = self.legs.get_mut(&call) {
                    leg.media = Media {
                        ever: true,
                        party: Some(party),
                        ..Media::default()
                    };
                }
                let join = StartMulticastMediaReception {
                    conference: self.conference(call),
                    party,
                    group,
                    ptime_ms: PTIME_MS,
                    format: MediaFormat::G711_ULAW,
                    echo_cancel: false,
                    call: self.media_call(call),
                };
                self.notify(device, &ServerMessage::StartMulticastMediaReception(join));
                Playing::Multicast
            }
            Music::Tone => {
                let tone = StartTone {
                    tone: Tone::HOLD,
                    direction: 0,
                    line: LINE,
                    call,
                };
                self.notify(device, &ServerMessage::StartTone(tone));
                Playing::Tone
            }
        };
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.media.music = Some(playing);
        }
    }

    /// Ends music that is no receive channel; answers whether it was such.
    pub(super) fn stop_music(
        &mut self,
        device: usize,
        call: CallRef,
        playing: Option<Playing>,
        leg: MediaLeg,
    ) -> bool {
        let message = match playing {
            None | Some(Playing::Unicast) => return false,
            Some(Playing::Multicast) => {
                ServerMessage::StopMulticastMediaReception(StopMulticastMediaReception {
                    conference: leg.conference,
                    party: leg.party,
                    call: leg.call,
                })
            }
            Some(Playing::Tone) => ServerMessage::StopTone(StopTone {
                line: LINE,
                call,
                tone: Tone::SILENCE,
            }),
        };
        self.notify(device, &message);
        true
    }

    /// What a recorder is sent before the call's own transmission (W): of the called port its voice, of the caller both.
    pub(super) fn record_before(&mut self, call: CallRef) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let outgoing = leg.outgoing;
        let recorder = self.cisco().and_then(|c| c.recorder);
        if recorder.is_none() || leg.media.recorded.is_some() {
            return;
        }
        let parties = [self.new_party(call), self.new_party(call)];
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.media.recorded = Some(parties);
        }
        self.record(call, parties, VOICE);
        if outgoing {
            self.record(call, parties, HEARD);
        }
    }

    /// What follows the call's own transmission: of the called port what it hears.
    pub(super) fn record_after(&mut self, call: CallRef) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        if let Some(parties) = leg.media.recorded.filter(|_| !leg.outgoing) {
            self.record(call, parties, HEARD);
        }
    }

    /// One stream to the recorder, under a reference that the port never heard of.
    fn record(&mut self, call: CallRef, parties: [Party; 2], direction: u32) {
        let Some(mut remote) = self.cisco().and_then(|c| c.recorder) else {
            return;
        };
        let Some(device) = self.legs.get(&call).map(|leg| leg.device) else {
            return;
        };
        let [voice, heard] = parties;
        let party = if direction == VOICE { voice } else { heard };
        if direction == HEARD {
            remote.set_port(remote.port().wrapping_add(1));
        }
        let reference = CallRef(self.next_call);
        self.next_call = self.next_call.checked_add(1).unwrap_or(1);
        let message = self.transmission(call, party, reference, remote);
        if let Some(conn) = self.devices.get(device).and_then(|d| d.conn) {
            self.send_marked(conn, &message, Some(direction));
        }
    }
}

/// Directions of a recorder's stream (W).
const VOICE: u32 = 1;
const HEARD: u32 = 2;
