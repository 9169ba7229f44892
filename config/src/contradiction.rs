//! Settings of a port that contradict its profile or each other: accepted, with a warning where they stand.
//!
//! Only what the file says counts: a profile named in a `[[port]]` is nearer than a key in `[defaults]`.

use crate::choice::{CallerIdChoice, FlashAction, NamedEvents, Profile};
use crate::layer::{Effective, Source};
use crate::reader::{Place, Reader, Section};
use crate::report::Severity;
use crate::settings::Line;

/// The least that a hybrid is sure to lose of what it should keep apart (stability loss, ITU-T G.122).
const SURE_LOSS_TENTH_DB: i16 = 60;

/// The payload type that CallManagers name for telephone-events.
const TELEPHONE_EVENTS: u8 = 101;

/// A key that a profile does not go with.
struct Rule {
    key: &'static str,
    profiles: &'static [Profile],
    contradicts: fn(&Line) -> bool,
    message: &'static str,
    cure: &'static str,
}

const DATA: &[Profile] = &[Profile::Fax, Profile::Modem, Profile::Alarm];

const RULES: &[Rule] = &[
    Rule {
        key: "vad",
        profiles: DATA,
        contradicts: |line| line.vad,
        message: "is not used: silence is never suppressed on such a port",
        cure: "remove it",
    },
    Rule {
        key: "caller-id",
        profiles: DATA,
        contradicts: |line| line.caller_id != CallerIdChoice::None,
        message: "sends caller ID to a port that is to answer at the first ring and may take it for the caller's tones",
        cure: "remove it, unless what hangs on the line shows numbers",
    },
    Rule {
        key: "call-waiting-tone",
        profiles: DATA,
        contradicts: |line| line.call_waiting_tone,
        message: "plays a tone into the data of a call when another one comes",
        cure: "remove it",
    },
    Rule {
        key: "stutter-dial-tone",
        profiles: DATA,
        contradicts: |line| line.stutter_dial_tone,
        message: "breaks the dial tone while a message waits; what dials by itself may wait for a steady one",
        cure: "remove it",
    },
    Rule {
        key: "flash",
        profiles: DATA,
        contradicts: |line| line.flash != FlashAction::Ignore,
        message: "a short loop opening is taken as a flash and holds the call; such a port never flashes on purpose",
        cure: "remove it",
    },
    Rule {
        key: "digits-in-band",
        profiles: DATA,
        contradicts: |line| !line.digits_in_band,
        message: "mutes the tones by which such a port communicates",
        cure: "remove it",
    },
    Rule {
        key: "v8-squelch",
        profiles: &[Profile::Modem],
        contradicts: |line| line.v8_squelch,
        message: "keeps modems from agreeing on V.34 and V.90",
        cure: "remove it, or choose profile = \"fax\"",
    },
];

/// Where a port's keys may stand.
pub(crate) struct Sections<'s, 'a> {
    pub(crate) port: &'s Section<'a>,
    pub(crate) defaults: &'s Section<'a>,
    pub(crate) media: &'s Section<'a>,
    /// The one of `[media]`.
    pub(crate) redundancy_payload_type: u8,
}

/// Notes each contradiction of a port, those of `[defaults]` once for all ports.
pub(crate) fn check(
    reader: &mut Reader<'_>,
    sections: &Sections<'_, '_>,
    line: &Line,
    origins: &[Effective],
) {
    for rule in RULES {
        if !rule.profiles.contains(&line.profile) || !(rule.contradicts)(line) {
            continue;
        }
        if let Some(place) = written(reader, sections, origins, rule.key) {
            let message = format!("with profile = \"{}\": {}", line.profile, rule.message);
            note(reader, Severity::Warning, place, message, None, rule.cure);
        }
    }
    payload_types(reader, sections, line, origins);
    let sum = line.rx_gain.0 + line.tx_gain.0;
    if sum > SURE_LOSS_TENTH_DB {
        let keys = ["rx-gain-db", "tx-gain-db"];
        let mut places = keys
            .into_iter()
            .filter_map(|key| written(reader, sections, origins, key));
        if let Some(place) = places.next() {
            let message = format!(
                "both gains together are {:.1} dB; only 6 dB of trans-hybrid loss are certain on a line, so it may sing",
                f64::from(sum) / 10.0
            );
            let accepts = "rx-gain-db and tx-gain-db of up to 6 dB together".to_owned();
            let cure = "lower one of them";
            note(
                reader,
                Severity::Warning,
                place,
                message,
                Some(accepts),
                cure,
            );
        }
    }
}

/// The type of named events must be no other one's.
fn payload_types(
    reader: &mut Reader<'_>,
    sections: &Sections<'_, '_>,
    line: &Line,
    origins: &[Effective],
) {
    let kind = line.nse_payload_type;
    if line.nse == NamedEvents::Off {
        return;
    }
    let place = written(reader, sections, origins, "nse-payload-type");
    if kind == sections.redundancy_payload_type {
        let (place, accepts) = match place {
            Some(place) => (place, format!("96 to 127 but not {kind}")),
            None => (
                reader.place(sections.media, "redundancy-payload-type"),
                format!("77 to 127 but not {kind}"),
            ),
        };
        let message = format!(
            "payload type {kind} is that of named events (nse-payload-type) and that of packets with earlier ones in them \
             (redundancy-payload-type of [media])"
        );
        let cure = "give each a type of its own, as the far end has it";
        note(reader, Severity::Error, place, message, Some(accepts), cure);
    } else if let Some(place) = place.filter(|_| kind == TELEPHONE_EVENTS) {
        let message = format!(
            "payload type {kind} is mostly that of telephone-events; in a call in which the CallManager names it for them, no named \
             events are used"
        );
        let accepts = format!("96 to 127 but not {kind}");
        let cure = "choose another one, as the far end has it";
        note(
            reader,
            Severity::Warning,
            place,
            message,
            Some(accepts),
            cure,
        );
    }
}

/// The line of a key that the file has.
fn written(
    reader: &Reader<'_>,
    sections: &Sections<'_, '_>,
    origins: &[Effective],
    key: &str,
) -> Option<Place> {
    let source = &origins.iter().find(|of| of.key == key)?.source;
    match source {
        Source::Port => Some(reader.place(sections.port, key)),
        Source::Defaults => Some(reader.place(sections.defaults, key)),
        Source::Default
        | Source::Otherwise(_)
        | Source::Country(_)
        | Source::Profile(_)
        | Source::Table => None,
    }
}

fn note(
    reader: &mut Reader<'_>,
    severity: Severity,
    place: Place,
    message: String,
    accepts: Option<String>,
    cure: &str,
) {
    let line = reader.line_of(&place);
    let mut known = reader.problems.iter();
    if !known.any(|p| p.line == line && p.key == place.key && p.message == message) {
        reader.problem(severity, place, message, accepts, cure.to_owned());
    }
}
