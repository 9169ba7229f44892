//! Profiles: presets of the port settings by what is at the end of the line.

use crate::choice::{AfterFarHangUp, CallerIdChoice, FlashAction, Profile};
use crate::settings::Layer;

/// The settings that a profile presets.
pub(crate) fn preset(profile: Profile) -> Layer {
    // A fax or modem mistakes caller ID for ringing, and tolerates no flash and no tone in the middle of its data.
    let data = Layer {
        caller_id: Some(CallerIdChoice::None),
        flash: Some(FlashAction::Ignore),
        transfer_on_hang_up: Some(false),
        call_waiting_tone: Some(false),
        stutter_dial_tone: Some(false),
        after_far_hang_up: Some(AfterFarHangUp::Silence),
        ..Layer::default()
    };
    match profile {
        Profile::Phone => Layer::default(),
        Profile::Fax | Profile::Modem => Layer {
            // They hang up on the loop opening; a long howler into a waiting fax or modem helps nobody.
            howler_s: Some(15),
            // V.34 over packets loses the call with the first one lost; G3 with error correction does not.
            v8_squelch: Some(profile == Profile::Fax),
            vad: Some(false),
            digits_in_band: Some(true),
            ..data
        },
        Profile::Alarm => Layer {
            // Panels dial slowly, and some mistake the howler for an answer.
            first_digit_s: Some(60),
            reorder_s: Some(60),
            howler_s: Some(0),
            vad: Some(false),
            // The panel and its receiver talk in tones.
            digits_in_band: Some(true),
            ..data
        },
        Profile::Door => Layer {
            // Door stations know the end of a call by its busy tone.
            after_far_hang_up: Some(AfterFarHangUp::Busy),
            howler_s: Some(0),
            ..data
        },
    }
}
