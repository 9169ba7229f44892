//! `tipring explain`: faults made on purpose, and whether the first line names the cause.

use tipring_ctl::request::{SimAction, SimFault};
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON, number_of, until};
use crate::talk::Talk;

/// Asks until the first line holds all of `wanted` and the text all of `below`, for another port may be later, and the history
/// is written by a thread of its own; answers the whole text.
fn says(gateway: &Gateway, about: &[&str], wanted: &[&str], below: &[&str]) -> String {
    until(SOON * 2, || {
        let text = gateway.tipring(&[&["explain"], about].concat())?;
        let first = text.lines().next().unwrap_or_default();
        if let Some(lacks) = wanted.iter().find(|w| !first.contains(**w)) {
            return Err(format!("no {lacks:?} in the first line of:\n{text}"));
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = words.join(" ");
        match below.iter().find(|w| !words.contains(**w)) {
            Some(lacks) => Err(format!("no {lacks:?} in:\n{text}")),
            None => Ok(text),
        }
    })
}

pub(crate) fn a_fault_of_the_line_is_on_the_first_line_and_gone_when_it_is_mended() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(3, "");
    says(
        &gateway,
        &["2"],
        &["Port 2 is in order: registered with "],
        &[],
    );
    let mut set = gateway.set(2).unwrap();
    for (fault, what, cure) in [
        (
            SimFault::Alarm,
            "Port 2 is dead: the span is in alarm: ",
            "do: check the power connector of the card",
        ),
        (
            SimFault::Removed,
            "Port 2 is dead: the card is removed: ",
            "do: put the card back",
        ),
        (
            SimFault::PowerAlarm,
            "Port 2 is dead: no battery on the line: ",
            "do: check the card's power connector",
        ),
    ] {
        set.act(SimAction::Fault { fault }, SOON).unwrap();
        let text = says(&gateway, &["2"], &[what], &["1. error: ", cure]);
        assert!(!text.contains("+ card:"), "{text}");
        says(
            &gateway,
            &[],
            &["The gateway works, with trouble: port 2: "],
            &[cure],
        );
        let fault = SimFault::Clear;
        set.act(SimAction::Fault { fault }, SOON).unwrap();
        gateway.wait_registered(3, SOON).unwrap();
    }
    // Each of them once: no loose contact, but they are in what happened.
    says(
        &gateway,
        &["2"],
        &["Port 2 is in order"],
        &[
            "finding (for ",
            "the span is in alarm",
            "the card is removed",
        ],
    );
}

pub(crate) fn a_callmanager_that_is_not_there_rejects_or_is_back_is_on_the_first_line() {
    let place = Place::new();
    let ports = "[[port]]\nchannel = 1\nlabel = \"Lift\"\n[[port]]\nchannel = 2\n[[port]]\nchannel = 3\nenabled = false\n";
    let gateway = place.launch(&place.config(3, ports)).start().unwrap();
    let server = place.sccp().to_string();
    says(
        &gateway,
        &["1"],
        &[
            "Port 1 is dead: not registered with ",
            &server,
            ": connection refused.",
        ],
        &[
            "the same at all 2 ports",
            "could not be opened",
            "channel 1 \"Lift\"",
        ],
    );
    says(
        &gateway,
        &[],
        &[
            "The gateway serves no port: all ports: not registered with ",
            &server,
        ],
        &[],
    );
    says(
        &gateway,
        &["3"],
        &["Port 3 is off: it is switched off in the configuration."],
        &[],
    );
    // It knows one device of two.
    let device = gateway.ports().unwrap().remove(0).device;
    let known = format!("{device}=1001");
    let args = ["--dialect", "cisco", "--no-auto", "--device", &known];
    let _callmanager = CallManager::start(place.sccp(), &args).unwrap();
    gateway.wait_registered(1, SOON).unwrap();
    says(
        &gateway,
        &["2"],
        &[
            "Port 2 is dead: CallManager ",
            &server,
            " rejects the device name ",
            "does not know the name.",
        ],
        &[
            "rejected since the start",
            "1 other port is registered with",
            "do: add the device ",
        ],
    );
    says(&gateway, &["1"], &["Port 1 is in order: "], &[]);
    says(&gateway, &["1"], &["Port 1"], &["registration: registered"]);
}

pub(crate) fn a_call_is_explained_while_it_is_up_and_after_it() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let number = number_of(&gateway, 2);
    let talk = Talk::begin(&gateway, 1, 2);
    let calls = gateway.calls().unwrap();
    let id = calls
        .active
        .iter()
        .find(|c| c.port == 1)
        .unwrap()
        .id
        .to_string();
    says(
        &gateway,
        &["call", &id],
        &["is up and in order", &number],
        &["heard here: ", "heard there: ", "level from this line"],
    );
    talk.end();
    says(
        &gateway,
        &["call", &id],
        &[
            &format!("Call {id} (port 1 to {number}"),
            "was in order: talked for ",
        ],
        &[
            "What was noteworthy nothing",
            "packets received, 0.0 % lost or late",
        ],
    );
    says(
        &gateway,
        &["1"],
        &["Port 1 is in order: ", "last answered call "],
        &[
            "audio of the last call: both ways",
            "1 call, 1 of them answered; 0 failed",
        ],
    );
    for (about, what) in [
        (&["explain", "9"][..], "the gateway has no port 9"),
        (
            &["explain", "call", "99"],
            "no call 99 is up, remembered or in the history",
        ),
    ] {
        let ended = gateway.tipring_ends(about).unwrap();
        assert_eq!(ended.status.code(), Some(1));
        let says = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(says.contains(what) && says.contains("cure"), "{says}");
    }
}

pub(crate) fn a_phone_left_off_hook_is_on_the_first_line() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let more = "[defaults]\nfirst-digit-s = 3\nreorder-s = 3\n";
    let gateway = place.gateway(1, more);
    let mut set = gateway.set(1).unwrap();
    set.lift().unwrap();
    let text = says(
        &gateway,
        &["1"],
        &["Port 1 works, but badly or at risk: the phone was left off-hook"],
        &["do: hang up the phone"],
    );
    assert!(!text.contains("+ loop:"), "{text}");
    set.hang().unwrap();
    says(&gateway, &["1"], &["Port 1 is in order"], &[]);
}
