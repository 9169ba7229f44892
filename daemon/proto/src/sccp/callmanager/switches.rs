//! What Cisco's CallManager does differently from release to release and from site to site: the switches of the dialect
//! `cisco`. The marks say what a habit rests on: (W) a capture, (T) a printed trace, (R) documents or source code, (inf) our
//! conclusion, (bg) remembered.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::sccp::message::RingMode;

/// Which CallManager it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Release {
    /// CallManager 2: no call states, no soft keys, no KeepAliveAck, the shortest bodies (W).
    Two,
    /// 3.1: text instead of phrase codes, no line in tones and ringers, conference 0 (R)(T).
    ThreeOne,
    /// 4.x: phrase codes, narrow layouts that end early (W).
    Four,
    /// Unified CallManager 8 and later: versions up to 20 (W).
    #[default]
    Eight,
}

/// What a held party hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Music {
    /// OpenReceiveChannel without StartMediaTransmission: the music server is the only one that sends (bg)(inf).
    #[default]
    Unicast,
    /// StartMulticastMediaReception (R).
    Multicast(SocketAddrV4),
    /// No music server: StartTone 0x35 (bg).
    Tone,
}

/// Versions in the headers after RegisterAck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Headers {
    /// The agreed one; 0 in RegisterAck, CapabilitiesReq and Version (W).
    #[default]
    Agreed,
    /// 0 and the agreed one in turn: worse than any capture, as layouts must not follow the header (inf).
    Mixed,
}

/// The switches of the dialect `cisco`; nothing else looks at them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Which CallManager it is.
    pub release: Release,
    /// Its number in the cluster: the top byte of call references and parties (W).
    pub node: u8,
    /// Messages in one segment at most [W: 10].
    pub batch: u8,
    /// What lies behind the end of a text and in spare words is what the stack held before [W in releases 2 to 3.3].
    pub garbage: bool,
    /// Versions in the headers.
    pub headers: Headers,
    /// Calls are recorded by the port's built-in bridge, which sends there: two StartMediaTransmissions more a call (W).
    pub recorder: Option<SocketAddrV4>,
    /// Calls leave by a gateway: media opened before RingOut, no ring-back tone (R)(T).
    pub trunk: bool,
    /// What a held party hears.
    pub music: Music,
    /// KeepAlive before Register gets a TCP acknowledgement alone, as from a standby (R).
    pub standby_silent: bool,
    /// Unregister with a call is refused, status 2 (R).
    pub unregister_nak: bool,
    /// How a called port rings: 2 inside (W), 3 outside (T), 6 precedence (T).
    pub ring: RingMode,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            release: Release::Eight,
            node: 1,
            batch: 10,
            garbage: false,
            headers: Headers::Agreed,
            recorder: None,
            trunk: false,
            music: Music::Unicast,
            standby_silent: true,
            unregister_nak: true,
            ring: RingMode::INSIDE,
        }
    }
}

/// Where the music comes from when nothing else is said: a group of an organisation's own, not 224.x, which phones refuse (R).
const MUSIC_GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 1, 1, 1), 16_384);
/// Where a recorder listens when nothing else is said; addresses for documentation, so that nobody is sent anything.
const RECORDER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 20), 9_394);

/// Every switch as it is written, with a word about it.
pub const SWITCHES: [(&str, &str); 11] = [
    ("release=2|3.1|4|8", "whose layouts, texts and gaps (8)"),
    ("node=0..255", "top byte of references and parties (1)"),
    ("batch=1..10", "messages in one segment (10)"),
    (
        "garbage=on|off",
        "rubbish behind texts and in spare words (on for 2 and 3.1)",
    ),
    ("headers=agreed|mixed", "versions in headers (agreed)"),
    (
        "recorder=off|on|ADDRESS:PORT",
        "calls are recorded by the port (off)",
    ),
    ("media=answer|trunk", "before RingOut with trunk (answer)"),
    (
        "music=unicast|multicast|GROUP:PORT|tone",
        "what a held party hears (unicast)",
    ),
    (
        "standby=silent|acks",
        "KeepAlive of a device that is not registered (silent)",
    ),
    ("unregister=nak|ack", "with a call (nak)"),
    ("ring=inside|outside|precedence", "ring mode (inside)"),
];

impl Switches {
    /// Sets a switch as it is written, `name=value`; the error says what would be understood.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let form = SWITCHES
            .iter()
            .map(|(form, _)| *form)
            .find(|form| form.split_once('=').is_some_and(|(n, _)| n == name))
            .ok_or_else(|| {
                let names: Vec<&str> = SWITCHES
                    .iter()
                    .filter_map(|(form, _)| form.split_once('='))
                    .map(|(name, _)| name)
                    .collect();
                format!("{text}: no such switch; there are {}", names.join(", "))
            })?;
        let bad = || format!("{text}: write {form}");
        let on = || match value {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(bad()),
        };
        match (name, value) {
            ("release", _) => {
                self.release = match value {
                    "2" => Release::Two,
                    "3.1" => Release::ThreeOne,
                    "4" => Release::Four,
                    "8" => Release::Eight,
                    _ => return Err(bad()),
                };
                self.garbage = self.release < Release::Four;
            }
            ("node", _) => self.node = value.parse().map_err(|_| bad())?,
            ("batch", _) => {
                self.batch = value
                    .parse()
                    .ok()
                    .filter(|batch| (1..=10).contains(batch))
                    .ok_or_else(bad)?;
            }
            ("garbage", _) => self.garbage = on()?,
            ("headers", "agreed") => self.headers = Headers::Agreed,
            ("headers", "mixed") => self.headers = Headers::Mixed,
            ("recorder", "off") => self.recorder = None,
            ("recorder", "on") => self.recorder = Some(RECORDER),
            ("recorder", _) => self.recorder = Some(value.parse().map_err(|_| bad())?),
            ("media", "answer") => self.trunk = false,
            ("media", "trunk") => self.trunk = true,
            ("music", "unicast") => self.music = Music::Unicast,
            ("music", "multicast") => self.music = Music::Multicast(MUSIC_GROUP),
            ("music", "tone") => self.music = Music::Tone,
            ("music", _) => {
                let group = value.parse::<SocketAddrV4>().ok();
                let group = group.filter(|group| group.ip().is_multicast());
                self.music = Music::Multicast(group.ok_or_else(bad)?);
            }
            ("standby", "silent") => self.standby_silent = true,
            ("standby", "acks") => self.standby_silent = false,
            ("unregister", "nak") => self.unregister_nak = true,
            ("unregister", "ack") => self.unregister_nak = false,
            ("ring", "inside") => self.ring = RingMode::INSIDE,
            ("ring", "outside") => self.ring = RingMode::OUTSIDE,
            ("ring", "precedence") => self.ring = RingMode::PRECEDENCE,
            _ => return Err(bad()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_takes_every_word_that_its_form_names() {
        for (form, _) in SWITCHES {
            let (name, values) = form.split_once('=').unwrap();
            for value in values.split('|') {
                let value = match value {
                    "0..255" => "255",
                    "1..10" => "10",
                    "ADDRESS:PORT" => "10.0.0.1:4000",
                    "GROUP:PORT" => "239.2.2.2:4000",
                    value => value,
                };
                let mut switches = Switches::default();
                assert_eq!(switches.set(&format!("{name}={value}")), Ok(()), "{form}");
            }
            let mut switches = Switches::default();
            let error = switches.set(&format!("{name}=nonsense")).unwrap_err();
            assert_eq!(error, format!("{name}=nonsense: write {form}"));
            assert_eq!(switches, Switches::default());
        }
        assert!(Switches::default().set("recorder").is_err());
        assert!(Switches::default().set("music=10.0.0.1:4000").is_err());
        assert!(Switches::default().set("colour=red").is_err());
    }

    #[test]
    fn an_old_release_leaves_rubbish_unless_that_is_switched_off_after() {
        let mut switches = Switches::default();
        switches.set("release=3.1").unwrap();
        assert!(switches.garbage);
        switches.set("garbage=off").unwrap();
        assert!(!switches.garbage);
    }
}
