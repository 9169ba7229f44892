//! Packets of T.38 to frames, carriers and pages.

use super::listener::Listener;
use crate::time::Time;
use crate::types::t38::{Carrier, FieldKind, Ifp, Indicator};
use crate::types::{DataTone, Side};

/// The longest frame: 256 octets of a page, and what is around them.
const LONGEST: usize = 270;

/// One direction.
#[derive(Clone, Debug)]
pub struct Feed {
    side: Side,
    frame: [u8; LONGEST],
    length: usize,
    /// It was too long, or a part of it is missing.
    spoilt: bool,
}

impl Feed {
    /// Of what this side says.
    pub fn new(side: Side) -> Feed {
        Feed {
            side,
            frame: [0; LONGEST],
            length: 0,
            spoilt: false,
        }
    }

    /// Packets are missing.
    pub fn missing(&mut self) {
        self.spoilt = true;
    }

    /// A packet, in its order.
    pub fn packet(&mut self, now: Time, ifp: &Ifp, listener: &mut Listener) {
        if let Some(indicator) = ifp.as_indicator() {
            self.indicator(now, indicator, listener);
            return;
        }
        let Some(carrier) = ifp.carrier() else {
            return;
        };
        for field in ifp.fields() {
            listener.carrier(now, self.side, carrier);
            match field.kind {
                FieldKind::T4Data | FieldKind::T4SigEnd => {
                    listener.page_octets(now, self.side, field.octets);
                }
                FieldKind::Other(_) => {}
                _ => self.octets(field.octets),
            }
            let (right, ends) = match field.kind {
                FieldKind::HdlcFcsOk => (Some(true), false),
                FieldKind::HdlcFcsBad => (Some(false), false),
                FieldKind::HdlcFcsOkSigEnd => (Some(true), true),
                FieldKind::HdlcFcsBadSigEnd => (Some(false), true),
                FieldKind::HdlcSigEnd | FieldKind::T4SigEnd => (None, true),
                FieldKind::HdlcData | FieldKind::T4Data | FieldKind::Other(_) => (None, false),
            };
            if let Some(right) = right {
                self.frame(now, right, listener);
            }
            if ends {
                self.length = 0;
                self.spoilt = false;
                listener.carrier_ended(now, self.side);
            }
        }
    }

    fn indicator(&mut self, now: Time, indicator: Indicator, listener: &mut Listener) {
        let side = self.side;
        self.length = 0;
        self.spoilt = false;
        match indicator {
            Indicator::NoSignal | Indicator::Other(_) => listener.carrier_ended(now, side),
            Indicator::Cng => listener.tone(now, side, DataTone::Cng),
            Indicator::Ced => listener.tone(now, side, DataTone::Ced),
            Indicator::AnsAm => listener.tone(now, side, DataTone::AnsAm),
            Indicator::V21Preamble => listener.carrier(now, side, Carrier::V21),
            Indicator::Training(fast) => listener.carrier(now, side, Carrier::Fast(fast)),
        }
    }

    fn octets(&mut self, octets: &[u8]) {
        let end = self.length + octets.len();
        match self.frame.get_mut(self.length..end) {
            Some(place) => {
                place.copy_from_slice(octets);
                self.length = end;
            }
            None => self.spoilt = true,
        }
    }

    fn frame(&mut self, now: Time, right: bool, listener: &mut Listener) {
        let octets = &self.frame[..self.length];
        if right && !self.spoilt {
            listener.frame(now, self.side, octets);
        } else {
            listener.bad_frame(now, self.side);
        }
        self.length = 0;
        self.spoilt = false;
    }
}
