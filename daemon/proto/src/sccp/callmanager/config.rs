//! The configuration of a test CallManager: whom it imitates, its devices, its numbers, its patience.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::types::DeviceName;

use super::switches::Switches;

/// Whom the CallManager imitates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Asterisk's own `chan_skinny`: no negotiation, media while dialing, flash ignored.
    #[default]
    ChanSkinny,
    /// The external `chan-sccp`: negotiates, party ≠ call reference, flash = transfer key, stray tones.
    ChanSccp,
    /// FreeSWITCH `mod_skinny`: the oldest layouts only, a short keepalive patience.
    ModSkinny,
    /// `wazo-libsccp`: version 11 at most, connected by the media ack, `#` ends dialing.
    Wazo,
    /// Cisco's own CallManager: media under parties of their own, ring-back made by the port, music on hold, states before media.
    /// Its releases and sites differ by [`Switches`].
    Cisco,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 5] = [
        Dialect::ChanSkinny,
        Dialect::ChanSccp,
        Dialect::ModSkinny,
        Dialect::Wazo,
        Dialect::Cisco,
    ];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::ChanSkinny => "chan-skinny",
            Dialect::ChanSccp => "chan-sccp",
            Dialect::ModSkinny => "mod-skinny",
            Dialect::Wazo => "wazo",
            Dialect::Cisco => "cisco",
        }
    }

    /// The dialect of a name.
    pub fn from_name(name: &str) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// One device with its one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEntry {
    /// Device name; matched without regard to case.
    pub name: DeviceName,
    /// Directory number.
    pub number: String,
    /// Display name.
    pub display_name: String,
    /// A second call waits instead of being refused.
    pub call_waiting: bool,
}

impl DeviceEntry {
    /// A device with call waiting.
    pub fn new(name: DeviceName, number: &str, display_name: &str) -> DeviceEntry {
        DeviceEntry {
            name,
            number: number.to_owned(),
            display_name: display_name.to_owned(),
            call_waiting: true,
        }
    }
}

/// What a number that is no device does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Answers and sends the port its own audio back.
    Echo,
    /// Answers and listens: the digits are in the log.
    Digits,
    /// Answers and asks the port for the 1004 Hz test tone.
    Milliwatt,
    /// Rings for ever.
    Ring,
    /// Busy.
    Busy,
    /// Congestion.
    Congestion,
    /// Rings 3 s, answers, hangs up after 3 s.
    AnswerAndHangUp,
    /// Refused at once.
    Reject,
    /// Says nothing for 5 s, then answers.
    LateAnswer,
    /// Switches the caller's message lamp on.
    MessagesOn,
    /// Switches the caller's message lamp off.
    MessagesOff,
}

/// Waits while somebody dials or rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialTiming {
    /// From dial tone to the first digit.
    pub first_digit: Duration,
    /// After a digit, when the number is not complete.
    pub incomplete: Duration,
    /// After a digit, when the number is complete but could be longer.
    pub complete: Duration,
    /// How long a called port rings.
    pub no_answer: Duration,
    /// How long busy or congestion lasts before the server ends the call, in dialects that end it.
    pub tone: Duration,
}

impl Default for DialTiming {
    fn default() -> DialTiming {
        DialTiming {
            first_digit: Duration::from_secs(16),
            incomplete: Duration::from_secs(8),
            complete: Duration::from_secs(3),
            no_answer: Duration::from_secs(60),
            tone: Duration::from_secs(20),
        }
    }
}

/// The configuration of a test CallManager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallManagerConfig {
    /// Whom to imitate.
    pub dialect: Dialect,
    /// Keepalive interval sent in RegisterAck, s.
    pub keepalive_s: u32,
    /// Devices known from the start.
    pub devices: Vec<DeviceEntry>,
    /// A name that is not known gets the next number.
    pub auto_register: bool,
    /// First of those numbers.
    pub first_auto_number: u32,
    /// Waits.
    pub timing: DialTiming,
    /// Numbers that are no devices.
    pub services: Vec<(String, Service)>,
    /// Numbers with a message waiting.
    pub mwi: Vec<String>,
    /// Ring back, busy and congestion come as audio and no StartTone is sent, as chan_skinny does by
    /// default. There is no audio here, so this leaves the caller in silence.
    pub early_rtp: bool,
    /// Pretend to have media of our own at this address until two ports can be joined, as a server
    /// without direct media would: StartMedia while ringing, StopMedia and StartMedia after the answer.
    /// `None`: StartMedia waits for the far port's address.
    pub own_media: Option<Ipv4Addr>,
    /// Two ports that are joined are each given this address for the other's media, with the other's own port number: what
    /// listens there passes the media on. For the ports of one gateway, whose port numbers differ.
    pub media_through: Option<Ipv4Addr>,
    /// RFC 2833 payload type sent in media messages; 0 = none.
    pub rfc2833_payload: u32,
    /// Payload type of named signalling events in the latent capabilities (from version 21 on); none: they are not in use.
    pub nse_payload: Option<u8>,
    /// Seconds since 1970 at [`Time::ZERO`](crate::time::Time::ZERO), for DefineTimeDate.
    pub epoch_unix: u64,
    /// The switches of the dialect `cisco`.
    pub switches: Switches,
}

impl Default for CallManagerConfig {
    fn default() -> CallManagerConfig {
        CallManagerConfig {
            dialect: Dialect::default(),
            keepalive_s: 30,
            devices: Vec::new(),
            auto_register: true,
            first_auto_number: 1001,
            timing: DialTiming::default(),
            services: default_services(),
            mwi: Vec::new(),
            early_rtp: false,
            own_media: None,
            media_through: None,
            rfc2833_payload: 0,
            nse_payload: None,
            epoch_unix: 0,
            switches: Switches::default(),
        }
    }
}

fn default_services() -> Vec<(String, Service)> {
    [
        ("600", Service::Echo),
        ("601", Service::Milliwatt),
        ("603", Service::Digits),
        ("610", Service::Ring),
        ("611", Service::Busy),
        ("612", Service::Congestion),
        ("614", Service::AnswerAndHangUp),
        ("615", Service::Reject),
        ("616", Service::Reject),
        ("617", Service::LateAnswer),
        ("*981", Service::MessagesOn),
        ("*980", Service::MessagesOff),
    ]
    .map(|(number, service)| (number.to_owned(), service))
    .to_vec()
}
