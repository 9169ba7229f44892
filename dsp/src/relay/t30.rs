//! What the fax machines have agreed, seen from the frames that pass: which modem comes next, and with what in it.

use tipring_types::Side;
use tipring_types::t38::{Fast, V17Rate};

/// Facsimile control fields, the bit that is first on the line lowest; bit 0 says who speaks and is left out, except in
/// those that the called and the calling machine have one of each (DIS and DTC).
pub(super) mod fcf {
    pub(crate) const DIS: u8 = 0x80;
    pub(crate) const NSF: u8 = 0x20;
    pub(crate) const DCS: u8 = 0x82;
    pub(crate) const NSS: u8 = 0x22;
    pub(crate) const CTC: u8 = 0x12;
    pub(crate) const CFR: u8 = 0x84;
    pub(crate) const FTT: u8 = 0x44;
    pub(crate) const CTR: u8 = 0xc4;
    pub(crate) const EOM: u8 = 0x8e;
    pub(crate) const MPS: u8 = 0x4e;
    pub(crate) const EOP: u8 = 0x2e;
    pub(crate) const PRI_EOM: u8 = 0x9e;
    pub(crate) const PRI_MPS: u8 = 0x5e;
    pub(crate) const PRI_EOP: u8 = 0x3e;
    pub(crate) const PPS: u8 = 0xbe;
    pub(crate) const EOR: u8 = 0xce;
    pub(crate) const MCF: u8 = 0x8c;
    pub(crate) const RTP: u8 = 0xcc;
    pub(crate) const RTN: u8 = 0x4c;
    pub(crate) const PIP: u8 = 0xac;
    pub(crate) const PIN: u8 = 0x2c;
    pub(crate) const PPR: u8 = 0xbc;
    pub(crate) const ERR: u8 = 0x1c;
    pub(crate) const DCN: u8 = 0xfa;
}

/// A frame's control field without the bit that says who speaks.
pub(super) fn control(frame: &[u8]) -> Option<u8> {
    frame.get(2).map(|f| f & 0xfe)
}

/// What the fast receiver of the line is to do after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The machine on the line sends a training check now.
    Check(Fast),
    /// It sends a page, or a part of one.
    Page(Fast),
    /// It sends no fast carrier.
    Nothing,
}

/// What is agreed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    /// Modem and rate; the training of V.17 is in `short`.
    fast: Option<Fast>,
    /// Who sends pages.
    sender: Side,
    /// Error correction.
    pub(super) ecm: bool,
    /// A fast carrier brings a page and no training check.
    pub(super) image: bool,
    /// Shortest time of a scan line, ms.
    pub(super) scan_ms: u32,
    /// The next training of V.17 is the short one.
    short: bool,
    /// The sender's last command after a page announces another page.
    more: bool,
}

impl Default for Agreed {
    fn default() -> Self {
        Self {
            fast: None,
            sender: Side::Line,
            ecm: false,
            image: false,
            scan_ms: 0,
            short: false,
            more: false,
        }
    }
}

impl Agreed {
    /// Modem, rate and training of the next fast carrier.
    pub(super) fn fast(&self) -> Option<Fast> {
        Some(match self.fast? {
            Fast::V17Long(rate) if self.short => Fast::V17Short(rate),
            other => other,
        })
    }

    /// Rate of pages, bit/s; 0 before one is chosen.
    pub(super) fn rate(&self) -> u32 {
        self.fast.map_or(0, Fast::rate)
    }

    /// A fast carrier came to its end: after a long training on request the short one is used again.
    pub(super) fn carrier_ended(&mut self) {
        self.short |= self.image;
    }

    /// An intact frame of one side.
    pub(super) fn frame(&mut self, side: Side, frame: &[u8]) -> Option<Next> {
        let information = frame.get(3..).unwrap_or_default();
        let of_sender = side == self.sender;
        match control(frame)? {
            fcf::DCS => self.choice(side, information),
            fcf::CTC => {
                self.fast = modem(information).or(self.fast);
                None
            }
            fcf::EOM | fcf::PRI_EOM | fcf::EOP | fcf::PRI_EOP if of_sender => {
                self.more = false;
                None
            }
            fcf::MPS | fcf::PRI_MPS if of_sender => {
                self.more = true;
                None
            }
            fcf::PPS | fcf::EOR if of_sender => {
                let command = information.first().map(|f| f & 0xfe);
                self.more = matches!(command, Some(0 | fcf::MPS | fcf::PRI_MPS));
                None
            }
            fcf::CFR if !of_sender => {
                (self.image, self.short) = (true, true);
                self.page()
            }
            fcf::CTR if !of_sender => {
                (self.image, self.short) = (true, false);
                self.page()
            }
            fcf::PPR | fcf::ERR if !of_sender => self.page(),
            fcf::MCF | fcf::PIP if !of_sender && self.more && self.image => self.page(),
            fcf::MCF | fcf::PIP if !of_sender => self.nothing(),
            fcf::FTT | fcf::RTN | fcf::RTP | fcf::PIN if !of_sender => {
                (self.image, self.short) = (false, false);
                self.nothing()
            }
            // A repeated offer may cross a training check that the other side has begun.
            fcf::DIS => {
                (self.image, self.short) = (false, false);
                None
            }
            fcf::DCN => {
                (self.image, self.short) = (false, false);
                self.nothing()
            }
            _ => None,
        }
    }

    fn choice(&mut self, side: Side, information: &[u8]) -> Option<Next> {
        self.sender = side;
        self.fast = modem(information);
        self.ecm = bit(information, 27);
        self.scan_ms = match information.get(2).map_or(0, |o| o >> 4 & 7) {
            1 => 5,
            2 => 10,
            4 => 40,
            7 => 0,
            _ => 20,
        };
        (self.image, self.short, self.more) = (false, false, false);
        match self.fast {
            Some(fast) if side == Side::Line => Some(Next::Check(fast)),
            _ => self.nothing(),
        }
    }

    fn page(&self) -> Option<Next> {
        match self.fast() {
            Some(fast) if self.sender == Side::Line => Some(Next::Page(fast)),
            _ => None,
        }
    }

    fn nothing(&self) -> Option<Next> {
        Some(Next::Nothing)
    }
}

/// Bit of DIS or DCS, counted from 1 as T.30 does.
fn bit(information: &[u8], number: usize) -> bool {
    let octet = information.get((number - 1) >> 3).copied().unwrap_or(0);
    octet >> ((number - 1) & 7) & 1 == 1
}

/// Bits 11 to 14 of a DCS (or the same of a CTC).
fn modem(information: &[u8]) -> Option<Fast> {
    Some(match information.get(1)? >> 2 & 0xf {
        0x0 => Fast::V27ter2400,
        0x2 => Fast::V27ter4800,
        0x1 => Fast::V29At9600,
        0x3 => Fast::V29At7200,
        0x8 => Fast::V17Long(V17Rate::R14400),
        0xa => Fast::V17Long(V17Rate::R12000),
        0x9 => Fast::V17Long(V17Rate::R9600),
        0xb => Fast::V17Long(V17Rate::R7200),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DCS_14400_ECM: [u8; 7] = [0xff, 0x13, 0x83, 0x00, 0x22, 0xf8, 0x04];
    const LONG: Fast = Fast::V17Long(V17Rate::R14400);
    const SHORT: Fast = Fast::V17Short(V17Rate::R14400);

    fn frame(agreed: &mut Agreed, side: Side, control: u8, rest: &[u8]) -> Option<Next> {
        let mut octets = vec![0xff, 0x13, control];
        octets.extend(rest);
        agreed.frame(side, &octets)
    }

    #[test]
    fn a_choice_of_the_line_arms_its_check_and_one_of_the_network_does_not() {
        let mut agreed = Agreed::default();
        assert_eq!(
            agreed.frame(Side::Line, &DCS_14400_ECM),
            Some(Next::Check(LONG))
        );
        assert!(agreed.ecm && !agreed.image);
        assert_eq!((agreed.rate(), agreed.scan_ms), (14_400, 0));
        assert_eq!(
            agreed.frame(Side::Network, &DCS_14400_ECM),
            Some(Next::Nothing)
        );
        assert_eq!(frame(&mut agreed, Side::Line, fcf::CFR | 1, &[]), None);
        assert!(agreed.image);
        assert_eq!(agreed.fast(), Some(SHORT));
    }

    #[test]
    fn pages_follow_what_confirms_and_only_if_more_are_announced() {
        let mut agreed = Agreed::default();
        agreed.frame(Side::Line, &DCS_14400_ECM);
        let (line, net) = (Side::Line, Side::Network);
        assert_eq!(
            frame(&mut agreed, net, fcf::CFR, &[]),
            Some(Next::Page(SHORT))
        );
        frame(&mut agreed, line, fcf::PPS | 1, &[0, 0, 0, 255]);
        assert_eq!(
            frame(&mut agreed, net, fcf::PPR, &[0; 32]),
            Some(Next::Page(SHORT))
        );
        assert_eq!(
            frame(&mut agreed, net, fcf::MCF, &[]),
            Some(Next::Page(SHORT))
        );
        frame(&mut agreed, line, fcf::PPS | 1, &[fcf::EOP | 1, 0, 0, 9]);
        assert_eq!(frame(&mut agreed, net, fcf::MCF, &[]), Some(Next::Nothing));
        // A frame of the wrong side means nothing.
        assert_eq!(frame(&mut agreed, line, fcf::CFR, &[]), None);
    }

    #[test]
    fn a_correction_of_the_rate_trains_long_once() {
        let mut agreed = Agreed::default();
        agreed.frame(Side::Line, &DCS_14400_ECM);
        frame(&mut agreed, Side::Network, fcf::CFR, &[]);
        frame(&mut agreed, Side::Line, fcf::CTC, &[0, 0x26]);
        let next = frame(&mut agreed, Side::Network, fcf::CTR, &[]);
        assert_eq!(next, Some(Next::Page(Fast::V17Long(V17Rate::R9600))));
        agreed.carrier_ended();
        assert_eq!(agreed.fast(), Some(Fast::V17Short(V17Rate::R9600)));
    }

    #[test]
    fn a_failed_check_and_a_retrain_end_the_page() {
        for refusal in [fcf::FTT, fcf::RTN, fcf::RTP, fcf::PIN] {
            let mut agreed = Agreed::default();
            agreed.frame(Side::Line, &DCS_14400_ECM);
            frame(&mut agreed, Side::Network, fcf::CFR, &[]);
            let next = frame(&mut agreed, Side::Network, refusal, &[]);
            assert_eq!(next, Some(Next::Nothing));
            assert!(!agreed.image);
            assert_eq!(agreed.fast(), Some(LONG));
        }
    }

    #[test]
    fn short_and_strange_frames_mean_nothing() {
        let mut agreed = Agreed::default();
        for frame in [
            &[][..],
            &[0xff],
            &[0xff, 3],
            &[0xff, 3, 0x13],
            &[0xff, 3, fcf::MCF],
        ] {
            assert!(matches!(
                agreed.frame(Side::Network, frame),
                None | Some(Next::Nothing)
            ));
        }
        assert_eq!(
            agreed.frame(Side::Line, &[0xff, 3, fcf::DCS]),
            Some(Next::Nothing)
        );
        assert_eq!(agreed.rate(), 0);
    }
}
