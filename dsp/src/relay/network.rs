//! Packets of the network become signals for the line.

use tipring_types::Side;
use tipring_types::t38::{Carrier, Fast, FieldKind, Ifp, Indicator};

use super::edit::Editor;
use super::modem::same_data;
use super::shared::Shared;
use super::store::{FrameState, Framing, Store, With};
use super::t30::Next;

/// What comes from the network.
#[derive(Clone, Copy, Debug)]
pub enum Network<'a> {
    /// A packet, in the order in which they were sent.
    Packet(&'a Ifp),
    /// This number of packets will not come.
    Missing(u32),
}

/// What a packet asks for besides.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    /// A frame says what the machine on the line sends next.
    pub(super) next: Option<Next>,
    /// A tone begins; none of a packet that is no tone.
    pub(super) tone: Option<Indicator>,
    /// Tones end.
    pub(super) no_tone: bool,
}

/// Takes packets.
#[derive(Default)]
pub(super) struct Incoming {
    editor: Editor,
    /// Between the first octet of a frame and its end.
    inside: bool,
}

impl Incoming {
    pub(super) fn missing(&mut self, store: &mut Store, shared: &mut Shared, packets: u32) {
        shared.figures.missing_packets += u64::from(packets);
        store.missing();
    }

    pub(super) fn packet(&mut self, ifp: &Ifp, store: &mut Store, shared: &mut Shared) -> Wants {
        shared.figures.packets_in += 1;
        match (ifp.as_indicator(), ifp.carrier()) {
            (Some(indicator), _) => self.indicator(indicator, store, shared),
            (None, Some(Carrier::V21)) => self.data(With::V21, ifp, store, shared),
            (None, Some(Carrier::Fast(fast))) => self.data(With::Fast(fast), ifp, store, shared),
            _ => Wants::default(),
        }
    }

    fn indicator(&mut self, indicator: Indicator, store: &mut Store, shared: &mut Shared) -> Wants {
        let mut wants = Wants {
            no_tone: true,
            ..Wants::default()
        };
        match indicator {
            Indicator::NoSignal => {
                store.end();
                shared.carrier(Side::Network, None);
            }
            Indicator::V21Preamble => self.begin_v21(store, shared),
            Indicator::Training(fast) => {
                let repeated = store.tail().is_some_and(|tail| {
                    tail.with == With::Fast(fast) && !tail.ended && tail.framing == Framing::Unknown
                });
                if !repeated {
                    self.begin_fast(fast, store, shared);
                }
            }
            Indicator::Cng | Indicator::Ced | Indicator::AnsAm => {
                wants.no_tone = false;
                wants.tone = Some(indicator);
            }
            Indicator::Other(_) => {}
        }
        wants
    }

    fn begin_v21(&mut self, store: &mut Store, shared: &mut Shared) {
        // Some gateways repeat it between frames.
        if store
            .tail()
            .is_some_and(|tail| tail.with == With::V21 && !tail.ended)
        {
            return;
        }
        self.inside = false;
        store.begin(With::V21);
        shared.carrier(Side::Network, Some(Carrier::V21));
    }

    fn begin_fast(&mut self, fast: Fast, store: &mut Store, shared: &mut Shared) {
        self.inside = false;
        store.begin(With::Fast(fast));
        shared.carrier(Side::Network, Some(Carrier::Fast(fast)));
    }

    /// Finds or begins the signal to which data of this modem belong. True when it had to be begun: what came before is
    /// lost.
    fn signal(&mut self, with: With, store: &mut Store, shared: &mut Shared) -> bool {
        let found = store.tail().is_some_and(|tail| {
            !tail.ended
                && match (tail.with, with) {
                    (With::V21, With::V21) => true,
                    (With::Fast(a), With::Fast(b)) => same_data(a, b),
                    _ => false,
                }
        });
        if found {
            return false;
        }
        match with {
            With::V21 => self.begin_v21(store, shared),
            With::Fast(fast) => {
                // Data do not say how V.17 trains; what was agreed does.
                let agreed = shared.agreed.fast();
                let fast = agreed.filter(|a| same_data(*a, fast)).unwrap_or(fast);
                self.begin_fast(fast, store, shared);
            }
        }
        true
    }

    fn data(&mut self, with: With, ifp: &Ifp, store: &mut Store, shared: &mut Shared) -> Wants {
        let mut wants = Wants {
            no_tone: true,
            ..Wants::default()
        };
        for field in ifp.fields() {
            use FieldKind as K;
            match field.kind {
                K::HdlcData => self.frame_octets(with, field.octets, store, shared),
                K::T4Data | K::T4SigEnd => {
                    if !field.octets.is_empty() {
                        self.signal(with, store, shared);
                    }
                    let image = shared.agreed.image;
                    for octet in field.octets {
                        store.bits(*octet, image);
                    }
                }
                K::HdlcFcsOk | K::HdlcFcsOkSigEnd => {
                    if let Some(next) = self.frame_end(with, true, store, shared) {
                        wants.next = Some(next);
                    }
                }
                K::HdlcFcsBad | K::HdlcFcsBadSigEnd => {
                    self.frame_end(with, false, store, shared);
                }
                K::HdlcSigEnd | K::Other(_) => {}
            }
            if matches!(
                field.kind,
                K::HdlcSigEnd | K::HdlcFcsOkSigEnd | K::HdlcFcsBadSigEnd | K::T4SigEnd
            ) {
                self.inside = false;
                store.end();
                shared.carrier(Side::Network, None);
            }
        }
        wants
    }

    fn frame_octets(&mut self, with: With, octets: &[u8], store: &mut Store, shared: &mut Shared) {
        let Some(first) = octets.first() else { return };
        let late = self.signal(with, store, shared);
        if !self.inside {
            self.inside = true;
            self.editor.begin();
            shared.frame_begins(Side::Network);
            // Each frame of T.30 begins with the address FF.
            let whole = !late || *first == 0xff;
            store.open(if whole {
                FrameState::Open
            } else {
                FrameState::Spoilt
            });
        }
        for octet in octets {
            let octet = match with {
                With::V21 => {
                    let octet = self.editor.octet(*octet, &shared.rules);
                    shared.frame_octet(Side::Network, octet);
                    octet
                }
                With::Fast(_) => *octet,
            };
            store.octet(octet);
        }
    }

    fn frame_end(
        &mut self,
        with: With,
        intact: bool,
        store: &mut Store,
        shared: &mut Shared,
    ) -> Option<Next> {
        if !std::mem::take(&mut self.inside) {
            return None;
        }
        // A frame that ran dry on the line is spoilt there, though all of it came.
        let intact = store.close_frame(intact) && intact;
        match with {
            With::V21 => shared.frame_ends(Side::Network, intact),
            With::Fast(_) => {
                shared.fast_frame(Side::Network, intact);
                None
            }
        }
    }
}
