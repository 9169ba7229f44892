//! OpenReceiveChannel, StartMediaTransmission and their ends, between the two ports of a call.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::sccp::message::{
    Encryption, MediaFormat, MediaLeg, MediaStatus, OpenReceiveChannel, ServerMessage,
    StartMediaTransmission,
};
use crate::time::Time;
use crate::types::{CallRef, Conference, Party};

use super::leg::{Far, LegState, Media};
use super::switches::Release;
use super::{CallManager, CmEvent, Cue, EndCause, Service};

/// Packet time sent, ms.
const PTIME_MS: u32 = 20;
/// Payload type of RFC 2833 where the port asks for it.
const RFC2833_PAYLOAD: u32 = 101;

impl CallManager {
    pub(super) fn open_media(&mut self, call: CallRef) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        if leg.media.open {
            return;
        }
        let device = leg.device;
        let party = self.new_party(call);
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.media = Media {
                open: true,
                ever: true,
                party: Some(party),
                ..Media::default()
            };
        }
        let message = ServerMessage::OpenReceiveChannel(OpenReceiveChannel {
            conference: self.conference(call),
            party,
            ptime_ms: PTIME_MS,
            format: MediaFormat::G711_ULAW,
            echo_cancel: false,
            call: self.media_call(call),
            encryption: Encryption::default(),
            rfc2833_payload: self.rfc2833(device),
            nse_payload: self.config.nse_payload,
        });
        self.notify(device, &message);
    }

    /// The party under which media of a call is opened next.
    pub(super) fn new_party(&mut self, call: CallRef) -> Party {
        if !self.rules.party_counter {
            return (self.rules.party)(call);
        }
        let party = Party(self.next_party);
        self.next_party = self.next_party.wrapping_add(1);
        party
    }

    /// The party under which media of a call is open.
    fn party(&self, call: CallRef) -> Party {
        self.legs
            .get(&call)
            .and_then(|leg| leg.media.party)
            .unwrap_or((self.rules.party)(call))
    }

    /// The call's own conference; 3.1 names none (T).
    pub(super) fn conference(&self, call: CallRef) -> Conference {
        match self.cisco() {
            Some(cisco) if cisco.release < Release::Four => Conference(0),
            _ => Conference(call.0),
        }
    }

    /// The script says start: now, or as soon as it is known where to.
    pub(super) fn want_media(&mut self, call: CallRef) {
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.media.wanted = true;
        }
        self.start_media(call);
    }

    /// Names to the port where to send, when that is known and new.
    pub(super) fn start_media(&mut self, call: CallRef) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let media = leg.media;
        let ready = media.receives_at.is_some() || self.rules.starts_before_ack;
        if !media.open || !media.wanted || media.music.is_some() || !ready {
            return;
        }
        let device = leg.device;
        let Some(remote) = self.far_media(call) else {
            return;
        };
        if media.sends_to == Some(remote) {
            return;
        }
        if media.sends_to.is_some() {
            let stop = ServerMessage::StopMediaTransmission(self.media_leg(call));
            self.notify(device, &stop);
        }
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.media.sends_to = Some(remote);
        }
        let party = self.party(call);
        self.record_before(call);
        self.notify(device, &self.transmission(call, party, call, remote));
        self.record_after(call);
    }

    /// StartMediaTransmission to this far end. `named`: the reference in it.
    pub(super) fn transmission(
        &self,
        call: CallRef,
        party: Party,
        named: CallRef,
        remote: SocketAddrV4,
    ) -> ServerMessage {
        let device = self.legs.get(&call).map_or(usize::MAX, |leg| leg.device);
        ServerMessage::StartMediaTransmission(StartMediaTransmission {
            conference: self.conference(call),
            party,
            remote,
            ptime_ms: PTIME_MS,
            format: MediaFormat::G711_ULAW,
            precedence: self.rules.precedence,
            vad: false,
            max_frames: 0,
            call: self.media_call(named),
            encryption: Encryption::default(),
            rfc2833_payload: self.rfc2833(device),
            nse_payload: self.config.nse_payload,
        })
    }

    /// Both sides of a call, after something changed.
    pub(super) fn join_media(&mut self, call: CallRef) {
        self.start_media(call);
        if let Some(Far::Leg(far)) = self.legs.get(&call).map(|leg| leg.far.clone()) {
            self.start_media(far);
        }
    }

    pub(super) fn close_media(&mut self, call: CallRef, anyway: bool) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let (device, before) = (leg.device, leg.media);
        let named = self.media_leg(call);
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.media = Media {
                ever: before.ever,
                ..Media::default()
            };
        }
        if self.stop_music(device, call, before.music, named) {
            return;
        }
        if before.open || anyway {
            self.notify(device, &ServerMessage::CloseReceiveChannel(named));
            self.notify(device, &ServerMessage::StopMediaTransmission(named));
        }
        for party in before.recorded.into_iter().flatten() {
            let recorded = MediaLeg { party, ..named };
            self.notify(device, &ServerMessage::StopMediaTransmission(recorded));
        }
    }

    pub(super) fn media_acked(
        &mut self,
        now: Time,
        device: usize,
        status: MediaStatus,
        address: SocketAddrV4,
        party: Party,
    ) {
        // The party is what counts; the call reference in the answer may be anything.
        let found = self.legs.iter().find(|(call, leg)| {
            leg.device == device && leg.media.open && self.party(**call) == party
        });
        let Some((&call, _)) = found else {
            return;
        };
        if status != MediaStatus::OK || address.port() == 0 {
            self.end_by_far(now, call, EndCause::MediaFailed);
            return;
        }
        if let Some(leg) = self.legs.get_mut(&call) {
            leg.media.receives_at = Some(address);
        }
        let number = self.number_of(device).to_owned();
        self.event(CmEvent::MediaOpened {
            number,
            call,
            address,
        });
        self.play(now, call, Cue::Acked);
        if self
            .legs
            .get(&call)
            .is_some_and(|leg| leg.state == LegState::Answering)
        {
            self.connect(now, call);
        }
        self.join_media(call);
    }

    /// Where this port is to send; `None` while nobody knows.
    fn far_media(&self, call: CallRef) -> Option<SocketAddrV4> {
        let leg = self.legs.get(&call)?;
        let far = match &leg.far {
            Far::Leg(far) => {
                let far = self.legs.get(far).and_then(|far| far.media.receives_at);
                far.map(|far| match self.config.media_through {
                    Some(through) => SocketAddrV4::new(through, far.port()),
                    None => far,
                })
            }
            Far::Service(Service::Echo) => leg.media.receives_at,
            Far::Outside { remote, .. } => Some(*remote),
            Far::Service(_) | Far::Nobody => None,
        };
        far.or_else(|| self.config.own_media.map(|ip| own_port(ip, call)))
    }

    pub(super) fn media_leg(&self, call: CallRef) -> MediaLeg {
        let named = self.rules.close_names_call;
        MediaLeg {
            conference: if named {
                self.conference(call)
            } else {
                Conference(0)
            },
            party: self.party(call),
            call: if named { call } else { CallRef::NONE },
            keep_port: false,
        }
    }

    pub(super) fn media_call(&self, call: CallRef) -> CallRef {
        if self.rules.media_names_call {
            call
        } else {
            CallRef::NONE
        }
    }

    fn rfc2833(&self, device: usize) -> u32 {
        if self.uses_rfc2833(device) {
            RFC2833_PAYLOAD
        } else {
            self.config.rfc2833_payload
        }
    }

    /// The port asked for RFC 2833 in Register and this server listens to that.
    pub(super) fn uses_rfc2833(&self, device: usize) -> bool {
        self.devices
            .get(device)
            .and_then(|d| d.conn)
            .and_then(|conn| self.sessions.get(&conn))
            .is_some_and(|session| session.features & self.rules.rfc2833_bit != 0)
    }

    pub(super) fn notify(&mut self, device: usize, message: &ServerMessage) {
        if let Some(conn) = self.devices.get(device).and_then(|d| d.conn) {
            self.send(conn, message);
        }
    }
}

/// The port a real server would have for this call; nobody listens there.
fn own_port(ip: Ipv4Addr, call: CallRef) -> SocketAddrV4 {
    let port = 16_384 + 2 * (call.0 % 8_192);
    SocketAddrV4::new(ip, u16::try_from(port).unwrap_or(16_384))
}
