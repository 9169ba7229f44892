//! What the person at a captured phone did, by what the phone said.

use tipring_proto::sccp::catalog;
use tipring_proto::sccp::message::{ClientMessage, SoftKey, Stimulus};
use tipring_proto::types::Digit;

/// Something done at a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Lift,
    HangUp,
    Flash,
    Press(Digit),
}

/// What was done to say this; none where an analog phone has nothing for it.
pub(super) fn act(said: &ClientMessage) -> Option<Act> {
    match said {
        ClientMessage::OffHook(_) | ClientMessage::EnblocCall(_) => Some(Act::Lift),
        ClientMessage::OnHook(_) => Some(Act::HangUp),
        ClientMessage::SoftKeyEvent(key) => match key.event {
            SoftKey::REDIAL | SoftKey::NEW_CALL | SoftKey::ANSWER => Some(Act::Lift),
            SoftKey::END_CALL => Some(Act::HangUp),
            SoftKey::HOLD | SoftKey::RESUME | SoftKey::TRANSFER | SoftKey::CONFERENCE => {
                Some(Act::Flash)
            }
            _ => None,
        },
        ClientMessage::HookFlash(_) => Some(Act::Flash),
        ClientMessage::Stimulus(key)
            if matches!(key.stimulus, Stimulus::HOLD | Stimulus::TRANSFER) =>
        {
            Some(Act::Flash)
        }
        ClientMessage::KeypadButton(key) => catalog::keypad_char(key.button)
            .and_then(Digit::from_char)
            .map(Act::Press),
        _ => None,
    }
}
