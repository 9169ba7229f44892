//! What the line, the media side and the server come to believe, checked at every output.

use std::collections::{BTreeMap, VecDeque};

use tipring_proto::call::{LineOutput, MediaOutput};
use tipring_proto::device::{Output, TraceEvent};
use tipring_proto::sccp::message::{ClientMessage, ServerMessage};
use tipring_proto::sccp::station::{StationEvent, TracedMessage};
use tipring_proto::sccp::wire::{FrameReader, decode_client};
use tipring_proto::types::{CallRef, ConnectionId, ConnectionPurpose, Party};

/// Media legs that a port may hold at once.
const MOST_LEGS: usize = 4;

/// The other side of a device.
#[derive(Debug, Default)]
pub struct Witness {
    /// Legs with a socket; true while they send.
    pub open: BTreeMap<Party, bool>,
    pub bridged: Option<Party>,
    pub ringing: bool,
    /// The line is back and has not had its StopRing yet.
    pub renewed: bool,
    pub sounding: bool,
    /// Openings that the media side has not answered.
    pub unanswered: VecDeque<Party>,
    /// Statistics that it has not reported.
    pub wanted: VecDeque<CallRef>,
    /// The last connection of each purpose.
    pub active: ConnectionId,
    pub trial: ConnectionId,
    pub connecting: bool,
    /// Openings of media heard, multicast too, and its acknowledgements sent.
    pub asked: usize,
    pub acknowledged: usize,
    /// Protocol versions that frames may be of: offered, and agreed on.
    pub versions: [u8; 2],
}

impl Witness {
    /// Checks one output against all before it.
    pub fn see(&mut self, output: &Output) {
        match output {
            Output::Connect { id, purpose, .. } => match purpose {
                ConnectionPurpose::Active => (self.active, self.connecting) = (*id, true),
                ConnectionPurpose::Trial => self.trial = *id,
                ConnectionPurpose::Standby => {}
            },
            // A trial may have taken its place.
            Output::Close { id } if *id == self.active => {
                (self.active, self.connecting) = (self.trial, false);
            }
            Output::Send { bytes, .. } => one_good_frame(bytes, self.versions),
            Output::Line(line) => self.line(line),
            Output::Media(media) => self.media(*media),
            Output::Record(record) => assert!(record.number.len() <= 256, "{record:?}"),
            Output::Event(event) => {
                assert!(
                    !matches!(event, StationEvent::Message(_)),
                    "a message came out as an event"
                );
            }
            Output::Trace(TraceEvent::Message { message, .. }) => match message {
                TracedMessage::Server(
                    ServerMessage::OpenReceiveChannel(_)
                    | ServerMessage::StartMulticastMediaReception(_),
                ) => self.asked += 1,
                TracedMessage::Client(
                    ClientMessage::OpenReceiveChannelAck(_)
                    | ClientMessage::MulticastMediaReceptionAck(_),
                ) => {
                    self.acknowledged += 1;
                    assert!(self.acknowledged <= self.asked, "acknowledged unasked");
                }
                _ => {}
            },
            Output::Close { .. } | Output::Trace(_) => {}
        }
    }

    /// Nothing rings, sounds, listens or sends any more.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty() && self.bridged.is_none() && !self.ringing && !self.sounding
    }

    fn line(&mut self, output: &LineOutput) {
        match output {
            LineOutput::Ring(_) => self.ringing = true,
            LineOutput::StopRing => {
                let again = std::mem::take(&mut self.renewed);
                assert!(std::mem::take(&mut self.ringing) || again, "stops no ring");
            }
            LineOutput::PlayTone(_) => self.sounding = true,
            LineOutput::StopTone => {
                assert!(std::mem::take(&mut self.sounding), "stops no tone");
            }
            LineOutput::OnHookTransmission { .. }
            | LineOutput::SendCallerId { .. }
            | LineOutput::StopCallerId
            | LineOutput::Polarity(_)
            | LineOutput::OpenLoop { .. }
            | LineOutput::MessageLamp(_)
            | LineOutput::EnableDtmf(_) => {}
        }
    }

    fn media(&mut self, output: MediaOutput) {
        match output {
            MediaOutput::OpenReceive { party, .. } => {
                assert_eq!(self.open.insert(party, false), None, "opened twice");
                assert!(self.open.len() <= MOST_LEGS, "too many sockets");
                self.unanswered.push_back(party);
            }
            MediaOutput::StartSend { party, .. } => {
                assert!(
                    !self.unanswered.contains(&party),
                    "sends before the socket is open"
                );
                *self.open.get_mut(&party).expect("sends without a socket") = true;
            }
            MediaOutput::StopSend { party } => {
                let sending = self.open.get_mut(&party).expect("stops what is not open");
                assert!(std::mem::take(sending), "stops what was not sent");
            }
            MediaOutput::CloseReceive { party } => {
                assert!(
                    self.open.remove(&party).is_some(),
                    "closes what is not open"
                );
                assert_ne!(self.bridged, Some(party), "closes what is heard");
            }
            MediaOutput::Bridge { party } => {
                assert_ne!(self.bridged, party, "bridged as it was");
                if let Some(party) = party {
                    assert!(self.open.contains_key(&party), "bridged to nothing");
                }
                self.bridged = party;
            }
            MediaOutput::Disown { .. } | MediaOutput::NeedHeard { .. } => {}
            MediaOutput::NeedStatistics { call, .. } => self.wanted.push_back(call),
        }
    }
}

fn one_good_frame(bytes: &[u8], versions: [u8; 2]) {
    let mut reader = FrameReader::new(1 << 16);
    reader.push(bytes);
    let frame = reader
        .next_frame()
        .expect("our own length")
        .expect("a whole frame");
    assert_eq!(reader.pending(), 0, "one message a write");
    let read = versions.map(|version| decode_client(&frame, version));
    assert!(read.iter().any(Result::is_ok), "our own frame: {read:?}");
}
