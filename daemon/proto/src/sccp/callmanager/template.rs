//! The soft keys of a CallManager 4.x (W): a template of labels and events, and sets that hold positions of the template.

use super::switches::Release;

/// Slots of a template, whatever its count says (W).
const SLOTS: usize = 32;
/// Sets of the answer, and positions of each (W).
const SETS: usize = 16;
const POSITIONS: usize = 16;
const LABEL: usize = 16;
/// The second array of a set holds this and the event (W).
const INFO: u16 = 300;

/// Phrase code, the text that releases below 4 have instead, and event, by position from 1 on [W, 4.x].
const KEYS: [(u8, &str, u8); 20] = [
    (0x01, "Redial", 1),
    (0x02, "NewCall", 2),
    (0x03, "Hold", 3),
    (0x04, "Transfer", 4),
    (0x05, "CFwdAll", 5),
    (0x08, "<<", 8),
    (0x09, "EndCall", 9),
    (0x0A, "Resume", 10),
    (0x0B, "Answer", 11),
    (0x0D, "Confrn", 13),
    (0x0E, "Park", 14),
    (0x0F, "Join", 15),
    (0x10, "MeetMe", 16),
    (0x11, "PickUp", 17),
    (0x12, "GPickUp", 18),
    (0x43, "Barge", 21),
    (0x4D, "DirTrfr", 28),
    (0x4E, "Select", 29),
    (0x4F, "ConfList", 30),
    (0x58, "VidMode", 33),
];

/// Positions of each set, 0 a gap [W, 4.x]: idle, connected, on hold, ring in, off hook, connected with transfer, digits
/// after first, connected with conference, ring out, off hook with feature.
const POSITIONS_OF_SETS: [&[u8]; 10] = [
    &[1, 2, 5],
    &[3, 7, 4, 11, 10, 19, 18, 12, 17, 20],
    &[8, 2, 17, 18, 12],
    &[9],
    &[1, 7, 5, 14, 15, 13],
    &[0, 7, 4],
    &[6, 7],
    &[0, 7, 10],
    &[0, 7],
    &[1, 7],
];

/// The body of SoftKeyTemplateRes.
pub(super) fn keys(release: Release) -> Vec<u8> {
    let mut body = header(KEYS.len());
    for &(phrase, text, event) in &KEYS {
        let label = match release {
            Release::Two | Release::ThreeOne => text.as_bytes(),
            Release::Four | Release::Eight => &[0x80, phrase],
        };
        let mut slot = [0; LABEL];
        for (to, from) in slot.iter_mut().take(LABEL - 1).zip(label) {
            *to = *from;
        }
        body.extend(slot);
        body.extend(u32::from(event).to_le_bytes());
    }
    body.resize(12 + SLOTS * (LABEL + 4), 0);
    body
}

/// The body of SoftKeySetRes.
pub(super) fn sets() -> Vec<u8> {
    let mut body = header(POSITIONS_OF_SETS.len());
    for set in POSITIONS_OF_SETS {
        let mut positions = [0; POSITIONS];
        positions
            .iter_mut()
            .zip(set)
            .for_each(|(to, from)| *to = *from);
        body.extend(positions);
        for position in positions {
            let event = usize::from(position)
                .checked_sub(1)
                .and_then(|at| KEYS.get(at))
                .map_or(0, |(.., event)| INFO + u16::from(*event));
            body.extend(event.to_le_bytes());
        }
    }
    body.resize(12 + SETS * POSITIONS * 3, 0);
    body
}

/// Offset, number, total.
fn header(count: usize) -> Vec<u8> {
    let count = u32::try_from(count).unwrap_or(0);
    [0, count, count]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 656 and 784 with the id (W).
    #[test]
    fn template_and_sets_are_as_long_as_a_capture_has_them() {
        for release in [Release::ThreeOne, Release::Four, Release::Eight] {
            assert_eq!(keys(release).len() + 4, 656);
        }
        assert_eq!(sets().len() + 4, 784);
    }

    #[test]
    fn a_key_is_a_phrase_code_or_a_text() {
        assert_eq!(keys(Release::Eight)[12..15], [0x80, 1, 0]);
        assert_eq!(keys(Release::ThreeOne)[12..18], *b"Redial");
        // Transfer: fourth position, event 4.
        assert_eq!(keys(Release::Eight)[12 + 60 + 16], 4);
    }

    #[test]
    fn a_set_names_positions_and_events() {
        let sets = sets();
        let connected = &sets[12 + 48..12 + 96];
        assert_eq!(connected[..3], [3, 7, 4]);
        assert_eq!(u16::from_le_bytes([connected[18], connected[19]]), 309);
    }
}
