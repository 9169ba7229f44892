//! Which event a soft key has at this server.
//!
//! A server names its keys in a template, by a text or by a phrase, and gives each an event; sets hold positions of the
//! template, and SelectSoftKeys says which set, and which of its keys, a call has (CUCM trace). So a key is looked for by its label,
//! in the call's set first, then in the whole template. A server that names none has the usual events.

use std::collections::VecDeque;

use crate::sccp::message::{KEYS_OF_SET, SelectSoftKeys, SoftKey, TemplateKey};
use crate::types::CallRef;

/// Keys that a set can name: a position is a byte.
const MOST_KEYS: usize = 255;
const MOST_SETS: usize = 64;
/// Calls whose set is remembered.
const MOST_SELECTED: usize = 8;
/// The character that stands for the phrase byte.
const PHRASE: char = '\u{80}';
/// Phrases up to group pickup have the numbers of the usual events.
const LAST_PHRASE: u32 = 0x12;

/// Labels below CallManager 4, in English, as phones of the time show them.
const TEXTS: [(&str, SoftKey); 21] = [
    ("redial", SoftKey::REDIAL),
    ("newcall", SoftKey::NEW_CALL),
    ("hold", SoftKey::HOLD),
    ("trnsfer", SoftKey::TRANSFER),
    ("transfer", SoftKey::TRANSFER),
    ("cfwdall", SoftKey::FORWARD_ALL),
    ("cfwdbusy", SoftKey::FORWARD_BUSY),
    ("cfwdnoanswer", SoftKey::FORWARD_NO_ANSWER),
    ("<<", SoftKey::BACKSPACE),
    ("endcall", SoftKey::END_CALL),
    ("resume", SoftKey::RESUME),
    ("answer", SoftKey::ANSWER),
    ("info", SoftKey::INFO),
    ("confrn", SoftKey::CONFERENCE),
    ("conference", SoftKey::CONFERENCE),
    ("park", SoftKey::PARK),
    ("join", SoftKey::JOIN),
    ("meetme", SoftKey::MEET_ME),
    ("pickup", SoftKey::PICKUP),
    ("gpickup", SoftKey::GROUP_PICKUP),
    ("dnd", SoftKey::DND),
];

/// The soft keys of one server.
#[derive(Debug, Default)]
pub(super) struct SoftKeys {
    /// By position: what it does, where its label says so, and its event.
    keys: Vec<(Option<SoftKey>, SoftKey)>,
    sets: Vec<[u8; KEYS_OF_SET]>,
    selected: VecDeque<SelectSoftKeys>,
}

impl SoftKeys {
    /// SoftKeyTemplateRes, all of it or a piece that begins with this key.
    pub(super) fn template(&mut self, first: usize, keys: Vec<TemplateKey>) {
        let keys = keys.into_iter();
        let keys = keys.map(|key| (meaning(&key.label), key.event)).collect();
        lay(&mut self.keys, first, keys, MOST_KEYS, (None, SoftKey(0)));
    }

    /// SoftKeySetRes, all of it or a piece that begins with this set.
    pub(super) fn sets(&mut self, first: usize, sets: Vec<[u8; KEYS_OF_SET]>) {
        lay(&mut self.sets, first, sets, MOST_SETS, [0; KEYS_OF_SET]);
    }

    /// SelectSoftKeys: the last word for each call.
    pub(super) fn select(&mut self, select: &SelectSoftKeys) {
        self.selected.retain(|s| s.call != select.call);
        if self.selected.len() >= MOST_SELECTED {
            self.selected.pop_front();
        }
        self.selected.push_back(*select);
    }

    /// The event of a key, pressed in this call.
    pub(super) fn event(&self, key: SoftKey, call: CallRef) -> SoftKey {
        let means = |&&(meaning, _): &&(Option<SoftKey>, SoftKey)| meaning == Some(key);
        let of_set = self.of_set(call);
        let of_set = of_set.filter_map(|position| self.keys.get(position));
        let mut all = of_set.chain(&self.keys);
        all.find(means).map_or(key, |&(_, event)| event)
    }

    /// Places in the template of the keys that a call has now.
    fn of_set(&self, call: CallRef) -> impl Iterator<Item = usize> {
        let selected = self.selected.iter().find(|s| s.call == call);
        let shown = selected.and_then(|selected| {
            let set = self.sets.get(usize::try_from(selected.set).ok()?)?;
            Some((selected.mask, set))
        });
        let positions = shown.into_iter().flat_map(|(mask, set)| {
            let shown = move |n: usize| mask >> n & 1 == 1;
            let keys = set.iter().enumerate().filter(move |(n, _)| shown(*n));
            keys.map(|(_, position)| usize::from(*position))
        });
        positions.filter_map(|position| position.checked_sub(1))
    }
}

/// Puts a piece in its place; the first piece replaces all that was there. What is beyond `most` is left out.
fn lay<T: Clone>(all: &mut Vec<T>, first: usize, piece: Vec<T>, most: usize, gap: T) {
    if first == 0 {
        all.clear();
    }
    for (at, one) in (first..most).zip(piece) {
        if at >= all.len() {
            all.resize(at + 1, gap.clone());
        }
        if let Some(place) = all.get_mut(at) {
            *place = one;
        }
    }
}

/// What a key with this label does.
fn meaning(label: &str) -> Option<SoftKey> {
    // Not trimmed before: the indices of EndCall, Resume, Answer and Confrn are white space as characters.
    if let Some(phrase) = label.strip_prefix(PHRASE) {
        let number = u32::from(phrase.chars().next()?);
        return (1..=LAST_PHRASE)
            .contains(&number)
            .then_some(SoftKey(number));
    }
    let label = label.trim();
    let texts = TEXTS.iter();
    let mut named = texts.filter(|(text, _)| label.eq_ignore_ascii_case(text));
    named.next().map(|&(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sccp::message::{KeptWhole, first_of_piece, key_sets, template_keys};
    use crate::types::LineInstance;

    /// A template as servers send it: 32 slots, garbage behind each NUL and past the count.
    fn template_of(keys: &[(&[u8], u32)]) -> KeptWhole {
        let mut body = vec![0; 12];
        body[4..8].copy_from_slice(&u32::try_from(keys.len()).unwrap().to_le_bytes());
        body[8..12].copy_from_slice(&32_u32.to_le_bytes());
        for n in 0..32 {
            let mut slot = [0xCC; 20];
            if let Some((label, event)) = keys.get(n) {
                slot[..label.len()].copy_from_slice(label);
                slot[label.len()] = 0;
                slot[16..].copy_from_slice(&event.to_le_bytes());
            }
            body.extend_from_slice(&slot);
        }
        KeptWhole { body }
    }

    fn sets(sets: &[[u8; KEYS_OF_SET]]) -> KeptWhole {
        let mut body = vec![0; 12];
        body[4..8].copy_from_slice(&u32::try_from(sets.len()).unwrap().to_le_bytes());
        for set in sets {
            body.extend_from_slice(set);
            let same = set.iter().flat_map(|&p| (300 + u16::from(p)).to_le_bytes());
            body.extend(same);
        }
        KeptWhole { body }
    }

    fn select(call: u32, set: u32, mask: u32) -> SelectSoftKeys {
        SelectSoftKeys {
            line: LineInstance(1),
            call: CallRef(call),
            set,
            mask,
        }
    }

    #[test]
    fn a_key_is_found_by_its_phrase_or_its_text_and_has_the_servers_event() {
        for labels in [
            [b"\x80\x03".as_slice(), b"\x80\x04", b"\x80\x0D"],
            [b"Hold", b"Trnsfer", b"Confrn"],
        ] {
            let keys = [(labels[0], 33), (labels[1], 41), (labels[2], 7)];
            let mut soft_keys = SoftKeys::default();
            assert_eq!(soft_keys.event(SoftKey::HOLD, CallRef(1)), SoftKey::HOLD);
            soft_keys.template(0, template_keys(&template_of(&keys)));
            let event = |key| soft_keys.event(key, CallRef(1));
            assert_eq!(event(SoftKey::HOLD), SoftKey(33));
            assert_eq!(event(SoftKey::TRANSFER), SoftKey(41));
            assert_eq!(event(SoftKey::CONFERENCE), SoftKey(7));
            assert_eq!(event(SoftKey::ANSWER), SoftKey::ANSWER, "not named");
        }
    }

    #[test]
    fn of_two_keys_with_one_label_the_call_has_the_one_of_its_set() {
        let keys: [(&[u8], u32); 3] = [(b"\x80\x04", 4), (b"\x80\x03", 3), (b"\x80\x04", 44)];
        let mut first = [0; KEYS_OF_SET];
        first[..3].copy_from_slice(&[2, 0, 3]);
        let mut soft_keys = SoftKeys::default();
        soft_keys.template(0, template_keys(&template_of(&keys)));
        soft_keys.sets(0, key_sets(&sets(&[[0; KEYS_OF_SET], first])));
        soft_keys.select(&select(1, 1, u32::MAX));
        // The mask switches the third key of the set off.
        soft_keys.select(&select(2, 1, 0xFFFF_FFFB));
        soft_keys.select(&select(3, 900, u32::MAX));
        let event = |call| soft_keys.event(SoftKey::TRANSFER, CallRef(call)).0;
        assert_eq!([event(1), event(2), event(3), event(4)], [44, 4, 4, 4]);
    }

    #[test]
    fn a_template_and_sets_that_come_in_pieces_are_put_together() {
        let second_piece = |mut piece: KeptWhole, first: u32| {
            piece.body[..4].copy_from_slice(&first.to_le_bytes());
            piece
        };
        let mut soft_keys = SoftKeys::default();
        let mut template = |piece: &KeptWhole| {
            soft_keys.template(first_of_piece(piece), template_keys(piece));
        };
        template(&template_of(&[(b"\x80\x03", 3), (b"\x80\x04", 4)]));
        template(&second_piece(
            template_of(&[(b"\x80\x0D", 13), (b"\x80\x04", 44)]),
            2,
        ));
        let mut last = [0; KEYS_OF_SET];
        last[0] = 4;
        for piece in [sets(&[[0; KEYS_OF_SET]; 2]), second_piece(sets(&[last]), 2)] {
            soft_keys.sets(first_of_piece(&piece), key_sets(&piece));
        }
        soft_keys.select(&select(1, 2, u32::MAX));
        let event = |key, call| soft_keys.event(key, CallRef(call)).0;
        assert_eq!(event(SoftKey::HOLD, 1), 3, "of the first piece");
        assert_eq!(event(SoftKey::CONFERENCE, 1), 13, "of the second");
        assert_eq!(event(SoftKey::TRANSFER, 1), 44, "by a set of the second");
        assert_eq!(event(SoftKey::TRANSFER, 2), 4);
        // A whole one again takes the place of all.
        let whole = template_of(&[(b"\x80\x03", 33)]);
        soft_keys.template(first_of_piece(&whole), template_keys(&whole));
        assert_eq!(soft_keys.keys.len(), 1);
        // A piece far away takes no memory.
        for first in [254, 255, 256, u32::MAX] {
            let far = second_piece(template_of(&[(b"\x80\x03".as_slice(), 3); 20]), first);
            soft_keys.template(first_of_piece(&far), template_keys(&far));
            soft_keys.sets(first_of_piece(&far), key_sets(&far));
        }
        assert!(soft_keys.keys.len() <= MOST_KEYS && soft_keys.sets.len() <= MOST_SETS);
    }

    #[test]
    fn a_template_or_a_set_cut_anywhere_harms_nothing() {
        let whole = template_of(&[(b"\x80\x03".as_slice(), 3); 20]);
        let whole_sets = sets(&[[200; KEYS_OF_SET]; 16]);
        assert_eq!(template_keys(&whole).len(), 20);
        assert_eq!(key_sets(&whole_sets).len(), 16);
        for cut in 0..whole_sets.body.len() {
            let cut_of = |body: &KeptWhole| KeptWhole {
                body: body.body.iter().take(cut).copied().collect(),
            };
            let mut soft_keys = SoftKeys::default();
            soft_keys.template(0, template_keys(&cut_of(&whole)));
            soft_keys.sets(0, key_sets(&cut_of(&whole_sets)));
            soft_keys.select(&select(1, 15, u32::MAX));
            assert_eq!(soft_keys.event(SoftKey::HOLD, CallRef(1)), SoftKey::HOLD);
        }
        for n in 0..100 {
            let mut soft_keys = SoftKeys::default();
            soft_keys.select(&select(n, 0, u32::MAX));
            assert!(soft_keys.selected.len() <= MOST_SELECTED);
        }
    }
}
