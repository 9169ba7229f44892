//! Changes to frames of T.30 on their way, octet by octet: what the relay cannot carry is not offered.

use super::config::{Ceiling, Makers};
use super::t30::fcf;

/// Place of the first octet after address, control and facsimile control field.
const INFORMATION: usize = 3;

/// Follows one frame.
#[derive(Default)]
pub(super) struct Editor {
    at: usize,
    control: u8,
}

impl Editor {
    /// A frame begins.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }

    /// The octet to be passed on for the next one of the frame.
    pub(super) fn octet(&mut self, octet: u8, rules: &Rules) -> u8 {
        let at = self.at;
        self.at += 1;
        if at == INFORMATION - 1 {
            self.control = octet & 0xfe;
        }
        let Some(place) = at.checked_sub(INFORMATION) else {
            return octet;
        };
        match (self.control, place) {
            (fcf::DIS, 0) => octet & !0x20,
            (fcf::DIS, 1) => rules.ceiling.of_offer(octet),
            (fcf::DIS, 3) if !rules.ecm => octet & !0x04,
            (fcf::NSF | fcf::NSS, 0..=2) => match rules.makers {
                Makers::Overwrite(with) => with[place],
                Makers::Pass => octet,
            },
            _ => octet,
        }
    }
}

/// What is changed.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) ceiling: Ceiling,
    pub(super) ecm: bool,
    pub(super) makers: Makers,
}

impl Ceiling {
    /// The second octet of a DIS or DTC (bits 9 to 16) without modems above this one.
    fn of_offer(self, octet: u8) -> u8 {
        // Bit 11 of T.30 is the lowest here: V.29, V.27ter, V.33, V.17.
        let offered = octet >> 2 & 0xf;
        let v17 = offered == 0xb;
        let v29 = offered & 1 == 1;
        let v27ter = offered & 2 == 2;
        let left = match self {
            Self::V17 if v17 => 0xb,
            Self::V17 | Self::V29 => u8::from(v29) | u8::from(v27ter) << 1,
            Self::V27ter => u8::from(v27ter) << 1,
        };
        octet & !0x3c | left << 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(frame: &[u8], rules: &Rules) -> Vec<u8> {
        let mut editor = Editor::default();
        frame.iter().map(|o| editor.octet(*o, rules)).collect()
    }

    fn rules(ceiling: Ceiling, ecm: bool) -> Rules {
        let makers = Makers::Overwrite([0xff, 0, 0]);
        Rules {
            ceiling,
            ecm,
            makers,
        }
    }

    #[test]
    fn a_dis_loses_v8_and_what_is_above_the_ceiling() {
        let dis = [0xff, 0x13, 0x80, 0x20, 0xee, 0xf8, 0x44, 0x80];
        let second = |ceiling| edited(&dis, &rules(ceiling, true))[4];
        assert_eq!(edited(&dis, &rules(Ceiling::V17, true))[3], 0);
        assert_eq!(second(Ceiling::V17), 0xee);
        assert_eq!(second(Ceiling::V29), 0xce);
        assert_eq!(second(Ceiling::V27ter), 0xca);
        assert_eq!(edited(&dis, &rules(Ceiling::V17, false))[6], 0x40);
        // V.33 without V.17 leaves what is beside it.
        let v33 = [0xff, 0x13, 0x80, 0, 0x1e];
        assert_eq!(edited(&v33, &rules(Ceiling::V17, true))[4], 0x0e);
    }

    #[test]
    fn makers_are_overwritten_and_never_dropped_and_other_frames_are_left() {
        let nsf = [0xff, 0x03, 0x20, 0xad, 0x00, 0x55, 1, 2];
        let given = edited(&nsf, &rules(Ceiling::V17, true));
        assert_eq!(given, [0xff, 0x03, 0x20, 0xff, 0, 0, 1, 2]);
        for control in [0x40, fcf::DCS | 1, fcf::MCF] {
            let frame = [0xff, 0x03, control, 0xff, 0xff, 0xff, 0xff];
            assert_eq!(edited(&frame, &rules(Ceiling::V27ter, false)), frame);
        }
    }
}
