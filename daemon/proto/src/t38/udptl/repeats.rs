//! Ends and indicators that come again under a new number.
//!
//! Some gateways repeat "frame right", "carrier ended" or an indicator as packets of their own. Taken for what they say
//! they would end a frame that has not begun.

use crate::types::t38::{FieldKind, Ifp, Indicator};

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Repeats {
    indicator: Option<Indicator>,
    /// The frame has ended, and no octet of another has come.
    frame_ended: bool,
    /// The carrier has ended, and nothing of another has come.
    carrier_ended: bool,
}

impl Repeats {
    /// Packets are missing: what comes next may be the first of its kind.
    pub(super) fn gap(&mut self) {
        *self = Repeats::default();
    }

    /// Does this packet say what was said already? To be asked of each in its order.
    pub(super) fn is_repeat(&mut self, ifp: &Ifp) -> bool {
        if let Some(indicator) = ifp.as_indicator() {
            let again = self.indicator == Some(indicator);
            *self = Repeats {
                indicator: Some(indicator),
                ..Repeats::default()
            };
            return again;
        }
        self.indicator = None;
        let mut again = ifp.fields().next().is_some();
        for field in ifp.fields() {
            if !field.octets.is_empty() {
                self.frame_ended = false;
                self.carrier_ended = false;
                again = false;
            }
            again &= match field.kind {
                FieldKind::HdlcFcsOk | FieldKind::HdlcFcsBad => {
                    std::mem::replace(&mut self.frame_ended, true)
                }
                FieldKind::HdlcFcsOkSigEnd | FieldKind::HdlcFcsBadSigEnd => {
                    self.frame_ended = true;
                    std::mem::replace(&mut self.carrier_ended, true)
                }
                FieldKind::HdlcSigEnd | FieldKind::T4SigEnd => {
                    std::mem::replace(&mut self.carrier_ended, true)
                }
                FieldKind::HdlcData | FieldKind::T4Data | FieldKind::Other(_) => false,
            };
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::t38::Carrier;

    fn data(fields: &[(FieldKind, &[u8])]) -> Ifp {
        let mut ifp = Ifp::data(Carrier::V21);
        for (kind, octets) in fields {
            ifp.push(*kind, octets).unwrap();
        }
        ifp
    }

    #[test]
    fn ends_count_once_until_something_follows() {
        use FieldKind::{HdlcData, HdlcFcsOk, HdlcFcsOkSigEnd, HdlcSigEnd};
        let mut repeats = Repeats::default();
        let mut said = |fields: &[(FieldKind, &[u8])]| !repeats.is_repeat(&data(fields));
        assert!(said(&[(HdlcData, &[1])]));
        assert!(said(&[(HdlcData, &[1])]), "data are never repeats");
        assert!(said(&[(HdlcFcsOk, &[])]));
        assert!(!said(&[(HdlcFcsOk, &[])]));
        assert!(said(&[(HdlcFcsOk, &[]), (HdlcSigEnd, &[])]));
        assert!(!said(&[(HdlcSigEnd, &[])]));
        assert!(said(&[(HdlcData, &[2]), (HdlcFcsOkSigEnd, &[])]));
        assert!(!said(&[(HdlcSigEnd, &[])]), "carrier ended with the frame");
        assert!(!said(&[(HdlcFcsOkSigEnd, &[])]));
    }

    #[test]
    fn an_indicator_counts_once_until_something_follows() {
        let mut repeats = Repeats::default();
        let preamble = Ifp::indicator(Indicator::V21Preamble);
        assert!(!repeats.is_repeat(&preamble));
        assert!(repeats.is_repeat(&preamble));
        assert!(!repeats.is_repeat(&data(&[(FieldKind::HdlcData, &[1])])));
        assert!(!repeats.is_repeat(&preamble));
        assert!(!repeats.is_repeat(&Ifp::indicator(Indicator::NoSignal)));
        assert!(!repeats.is_repeat(&preamble));
    }

    #[test]
    fn after_a_gap_everything_counts() {
        let end = data(&[(FieldKind::HdlcFcsOk, &[])]);
        let mut repeats = Repeats::default();
        assert!(!repeats.is_repeat(&end));
        assert!(repeats.is_repeat(&end));
        repeats.gap();
        assert!(!repeats.is_repeat(&end));
    }
}
