//! One frame of T.30 (§5.3), the bit that was first on the line lowest in each octet.

/// Declares the kinds of frames: the octet of each, and its name in T.30.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $octet:literal $name:literal,)+) => {
        /// What a frame is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
            /// One that this listener makes nothing of.
            Other(u8),
        }

        impl Kind {
            /// As T.30 calls it.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)+ Kind::Other(_) => "?" }
            }

            fn exact(octet: u8) -> Option<Kind> {
                match octet { $($octet => Some(Kind::$kind),)+ _ => None }
            }

            /// One of each, with its octet.
            #[cfg(test)]
            pub(super) const ALL: &'static [(Kind, u8)] = &[$((Kind::$kind, $octet)),+];
        }
    };
}

kinds! {
    /// What the called machine can.
    Dis = 0x80 "DIS",
    /// Who it is.
    Csi = 0x40 "CSI",
    /// What it can besides.
    Nsf = 0x20 "NSF",
    /// What the calling machine can that wants to fetch a document.
    Dtc = 0x81 "DTC",
    /// Who it is.
    Cig = 0x41 "CIG",
    /// What it can besides.
    Nsc = 0x21 "NSC",
    /// Its password.
    Pwd = 0xC1 "PWD",
    /// Which document it wants.
    Sep = 0xA1 "SEP",
    /// What the sending machine has chosen.
    Dcs = 0x82 "DCS",
    /// Who it is.
    Tsi = 0x42 "TSI",
    /// What it has chosen besides.
    Nss = 0x22 "NSS",
    /// For whom at the receiver.
    Sub = 0xC2 "SUB",
    /// Its password.
    Sid = 0xA2 "SID",
    /// Correction goes on at another rate.
    Ctc = 0x12 "CTC",
    /// The training was right.
    Cfr = 0x84 "CFR",
    /// The training failed.
    Ftt = 0x44 "FTT",
    /// Yes, correct on.
    Ctr = 0xC4 "CTR",
    /// The page ends, another one with other settings follows.
    Eom = 0x8E "EOM",
    /// The page ends, another one follows.
    Mps = 0x4E "MPS",
    /// The last page ends.
    Eop = 0x2E "EOP",
    /// As EOM, and somebody wants to talk.
    PriEom = 0x9E "PRI-EOM",
    /// As MPS, and somebody wants to talk.
    PriMps = 0x5E "PRI-MPS",
    /// As EOP, and somebody wants to talk.
    PriEop = 0x3E "PRI-EOP",
    /// A part of a page with error correction ends.
    Pps = 0xBE "PPS",
    /// No more correction of this part.
    Eor = 0xCE "EOR",
    /// Ready?
    Rr = 0x6E "RR",
    /// The page is there.
    Mcf = 0x8C "MCF",
    /// The page is there, train again.
    Rtp = 0xCC "RTP",
    /// The page is refused, train again.
    Rtn = 0x4C "RTN",
    /// The page is there, somebody wants to talk.
    Pip = 0xAC "PIP",
    /// The page is refused, somebody wants to talk.
    Pin = 0x2C "PIN",
    /// These frames again.
    Ppr = 0xBC "PPR",
    /// Not ready.
    Rnr = 0xEC "RNR",
    /// To EOR.
    Err = 0x1C "ERR",
    /// Disconnect.
    Dcn = 0xFA "DCN",
    /// The last command again.
    Crp = 0x1A "CRP",
    /// A field of the command is not valid.
    Fnv = 0xCA "FNV",
    /// A frame of a page with error correction.
    Fcd = 0x06 "FCD",
    /// The frames of a part end.
    Rcp = 0x86 "RCP",
}

/// A frame as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// No other follows in this signal.
    pub last: bool,
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub field: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a frame without flags and check sequence.
    pub fn parse(octets: &'a [u8]) -> Option<Frame<'a>> {
        let (&[0xFF, control @ (0x03 | 0x13), octet], field) = octets.split_first_chunk()? else {
            return None;
        };
        // The lowest bit says who speaks, but in those that come before it is known.
        let kind = Kind::exact(octet).or_else(|| Kind::exact(octet & 0xFE));
        Some(Frame {
            last: control == 0x13,
            kind: kind.unwrap_or(Kind::Other(octet)),
            field,
        })
    }

    /// What a PPS says.
    pub fn partial_page(&self) -> Option<PartialPage> {
        let &[command, page, block, frames] = self.field.first_chunk()?;
        let end = match command {
            0 => None,
            octet => Some(Kind::exact(octet & 0xFE)?),
        };
        (self.kind == Kind::Pps).then_some(PartialPage {
            end,
            page,
            block,
            frames: u16::from(frames) + 1,
        })
    }

    /// The command that an EOR stands for.
    pub fn given_up(&self) -> Option<Kind> {
        let octet = self.field.first().filter(|_| self.kind == Kind::Eor)?;
        Kind::exact(octet & 0xFE)
    }

    /// Frames that a PPR asks for again.
    pub fn asked_again(&self) -> u32 {
        let map = self.field.get(..self.field.len().min(32)).unwrap_or(&[]);
        map.iter().map(|octet| octet.count_ones()).sum()
    }
}

/// The end of a part of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialPage {
    /// What ends with it: EOP, MPS, EOM; none: more of the page follows (PPS-NULL).
    pub end: Option<Kind>,
    /// Pages before in this direction, modulo 256.
    pub page: u8,
    /// Parts before of this page.
    pub block: u8,
    /// Frames of this part.
    pub frames: u16,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_is_known_by_its_octet_whoever_speaks() {
        for &(kind, octet) in Kind::ALL {
            let frame = [0xFF, 0x13, octet];
            assert_eq!(Frame::parse(&frame).unwrap().kind, kind, "{}", kind.name());
            if ![0x80, 0x40, 0x20].contains(&octet) {
                let other = [0xFF, 0x03, octet | 1];
                let frame = Frame::parse(&other).unwrap();
                assert_eq!((frame.kind, frame.last), (kind, false), "{}", kind.name());
            }
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for octets in [
            &[][..],
            &[0xFF, 0x13],
            &[0xFE, 0x13, 0x80],
            &[0xFF, 0x33, 0x80],
        ] {
            assert_eq!(Frame::parse(octets), None, "{octets:02x?}");
        }
        let odd = Frame::parse(&[0xFF, 0x13, 0x77]).unwrap();
        assert_eq!(odd.kind, Kind::Other(0x77));
    }

    #[test]
    fn the_end_of_a_part_and_what_is_asked_for_again() {
        let pps = Frame::parse(&[0xFF, 0x13, 0xBF, 0x2F, 1, 2, 255]).unwrap();
        let part = PartialPage {
            end: Some(Kind::Eop),
            page: 1,
            block: 2,
            frames: 256,
        };
        assert_eq!(pps.partial_page(), Some(part));
        let null = Frame::parse(&[0xFF, 0x13, 0xBE, 0, 0, 0, 9]).unwrap();
        assert_eq!(
            null.partial_page().map(|p| (p.end, p.frames)),
            Some((None, 10))
        );
        assert_eq!(
            Frame::parse(&[0xFF, 0x13, 0xBE, 0]).unwrap().partial_page(),
            None
        );
        let mut ppr = vec![0xFF, 0x13, 0xBC];
        ppr.extend([0x03; 32]);
        assert_eq!(Frame::parse(&ppr).unwrap().asked_again(), 64);
    }

    proptest! {
        #[test]
        fn no_octets_bring_it_down(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(frame) = Frame::parse(&octets) {
                let _ = (frame.partial_page(), frame.asked_again());
            }
        }
    }
}
