//! An alarm panel on one port, its receiver on another: what the profile is for.

use std::path::Path;

use tipring_ctl::request::{SimAction, SimCondition};
use tipring_dsp::measure;
use tipring_tests::wav;

use crate::place::{Place, SOON, number_of, until};

/// Account 1234: a burglary (1 130) in partition 01, zone 001, and its restoral; checks 9 and 7.
const MESSAGES: [&str; 2] = ["1234181130010019", "1234183130010017"];
/// Contact-ID: each key and each pause.
const KEY_MS: u16 = 55;

/// 1400 Hz, a pause and 2300 Hz, each 0.1 s.
fn handshake(file: &Path) {
    let mut samples = vec![];
    for hz in [0.0, 1400.0, 0.0, 2300.0, 0.0] {
        for n in 0..800 {
            let sine = (std::f64::consts::TAU * hz * f64::from(n) / 8000.0).sin();
            samples.push((4000.0 * sine) as i16);
        }
    }
    wav::write(file, &samples).unwrap();
}

/// The level of a tone where it is loudest, in windows of 50 ms.
fn loudest(file: &Path, hz: f64) -> Result<f64, String> {
    let samples = wav::read(file)?;
    let levels = samples.chunks(400).map(|w| measure::tone_level(w, hz));
    Ok(levels.fold(f64::MIN, f64::max))
}

pub(crate) fn a_panel_s_messages_reach_its_receiver_whole_and_are_in_the_trace_without_the_account()
{
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "[defaults]\nprofile = \"alarm\"\n");
    let wav = place.folder().join("handshake.wav");
    handshake(&wav);
    let number = number_of(&gateway, 2);
    let [mut panel, mut receiver] = [1, 2].map(|port| gateway.set(port).unwrap());
    panel.call(&number).unwrap();
    receiver.answer().unwrap();
    panel.connected().unwrap();
    receiver.connected().unwrap();
    let heard = place.folder().join("heard.wav");
    let record = SimAction::Record { wav: heard.clone() };
    panel.act(record, SOON).unwrap();
    receiver
        .act(SimAction::Play { wav, looped: false }, SOON)
        .unwrap();
    let traced = |port: &str, line: &str, times: usize| {
        until(SOON, || {
            let text = gateway.tipring(&["trace", "--last", port]).unwrap();
            let found = text.matches(line).count();
            (found == times)
                .then_some(text.clone())
                .ok_or(format!("{line}: {text}"))
        })
    };
    traced(
        "1",
        "handshake of an alarm receiver (Contact-ID) from the network",
        1,
    );
    traced(
        "2",
        "handshake of an alarm receiver (Contact-ID) from the line",
        1,
    );
    panel.act(SimAction::RecordStop, SOON).unwrap();
    until(SOON, || match loudest(&heard, 2300.0)? {
        level if level > -20.0 => Ok(()),
        level => Err(format!("2300 Hz at {level} dBm0 at the panel")),
    });
    let mut all = String::new();
    for (n, message) in MESSAGES.into_iter().enumerate() {
        let dial = SimAction::Dial {
            digits: message.to_owned(),
            pulse: false,
            on_ms: Some(KEY_MS),
            off_ms: Some(KEY_MS),
        };
        panel.act(dial, SOON).unwrap();
        all += message;
        let digits = all.clone();
        receiver.wait(SimCondition::Digits { digits }, 20).unwrap();
        let tone = SimAction::Tone {
            hz: vec![1400.0],
            dbm0: -12.0,
            ms: 800,
        };
        receiver.act(tone, SOON).unwrap();
        traced(
            "1",
            "the alarm receiver acknowledges (Contact-ID), from the network",
            n + 1,
        );
        panel.wait(SimCondition::Silence, 20).unwrap();
    }
    let whole = "alarm message (Contact-ID, account not shown):";
    traced(
        "1",
        &format!("{whole} event or opening 130, partition 01, zone or user 001"),
        1,
    );
    let text = traced(
        "1",
        &format!("{whole} restoral or closing 130, partition 01, zone or user 001"),
        1,
    );
    // The keys of the panel are nowhere in it: those of the number came before the handshake.
    let (_, after) = text.split_once("handshake of an alarm receiver").unwrap();
    assert!(!after.contains("DTMF"), "{after}");
    let media = panel.detail().unwrap().media;
    let alarm = media[0].alarm.expect("what the panel said");
    assert_eq!(
        (alarm.messages, alarm.spoilt, alarm.acknowledged),
        (2, 0, 2)
    );
}
