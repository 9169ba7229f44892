//! Failures that are made on purpose, and the code that the journal has to name at each port.

use std::time::Duration;

use tipring_ctl::request::{SimAction, SimCondition, SimFault};
use tipring_spandsp::ConnectTone;
use tipring_tests::network::{Blocked, Network};
use tipring_tests::set::Set;

use crate::house::{FAX_S, House, PLAIN, PROMPT, Plan, T38, done};
use crate::machine::{self as m, Machine, Sound};

/// A failure.
pub(crate) struct Trial {
    pub(crate) made: &'static str,
    /// Codes that are right at port 1 (which calls) and at port 2; none: whatever it says.
    pub(crate) right: [&'static [&'static str]; 2],
    pub(crate) plan: Plan,
    pub(crate) run: fn(&House) -> Result<(), String>,
    /// Why a wrong code is found as yet, and is not counted as one; empty: it is.
    pub(crate) known: &'static str,
}

const LOSSY: Network = Network {
    loss_permille: 150,
    seed: 7,
    ..Network::PERFECT
};
const JITTERY: Network = Network {
    jitter: Duration::from_millis(260),
    seed: 7,
    ..Network::PERFECT
};
const CLOSED: Network = Network {
    blocked: Blocked::All,
    ..Network::PERFECT
};
const NO_UDPTL: Network = Network {
    blocked: Blocked::Relay,
    ..Network::PERFECT
};

/// Both ports are right with this one code.
macro_rules! both {
    ($code:literal) => {
        [&[$code], &[$code]]
    };
}

const fn trial(
    made: &'static str,
    right: [&'static [&'static str]; 2],
    plan: Plan,
    run: fn(&House) -> Result<(), String>,
) -> Trial {
    Trial {
        made,
        right,
        plan,
        run,
        known: "",
    }
}

#[rustfmt::skip] // a table
pub(crate) fn trials() -> Vec<Trial> {
    let lossy = |plan: Plan, network| Plan { network, ..plan };
    vec![
        trial("a person answers a fax machine", [&["person-answered"], &["nobody-answered-here"]], PLAIN, person_answers),
        trial("a person calls a fax machine", [&["not-started-here"], &["person-called"]], PLAIN, person_calls),
        trial("two machines call each other", both!("both-calling"), PLAIN, both_call),
        trial("the called machine is unplugged in the negotiation", [&["hung-up-there"], &["hung-up-here"]], PLAIN, called_off_early),
        trial("the called machine is unplugged in the page", [&["hung-up-there"], &["hung-up-here"]], PLAIN, called_off_in_page),
        trial("the same, T.38", [&["hung-up-there"], &["hung-up-here"]], T38, called_off_in_page),
        trial("the calling machine is unplugged in the page", [&["hung-up-here"], &["hung-up-there"]], PLAIN, caller_off_in_page),
        trial("an answer tone and nothing more", both!("answer-tone-only"), PLAIN, answer_tone),
        trial("a data modem answers, V.8 let through", both!("modem-answered"),
            Plan { defaults: "profile = \"fax\"\nv8-squelch = false", ..PLAIN }, modem),
        trial("a Super G3 machine answers, V.8 let through", both!("super-g3"),
            Plan { defaults: "profile = \"fax\"\nv8-squelch = false", ..PLAIN }, super_g3),
        trial("a machine without paper answers", both!("cannot-receive"), PLAIN, cannot_receive),
        trial("the caller disconnects after the DIS", both!("nothing-in-common"), PLAIN, nothing_in_common),
        trial("the caller polls, there is nothing to fetch", both!("polling-refused"), PLAIN, polls),
        trial("the receiver calls a field not valid", both!("field-not-valid"), PLAIN, not_valid),
        trial("the receiver answers no training", both!("training-unanswered"), PLAIN, no_answer_to_training),
        trial("the receiver refuses every training", both!("training-failed"), PLAIN, refuses_trainings),
        trial("the receiver disconnects after the training", both!("disconnected-in-training"), PLAIN, leaves_after_training),
        trial("the receiver answers no page", both!("page-unanswered"), PLAIN, no_answer_to_page),
        trial("the receiver disconnects after the page", both!("disconnected-after-page"), PLAIN, leaves_after_page),
        trial("the receiver is not ready for a minute", both!("receiver-not-ready"), PLAIN, not_ready),
        trial("the receiver refuses a page without error correction", both!("no-correction"), PLAIN, refuses_page),
        trial("the receiver asks for all frames again and again", both!("correction-gave-up"), PLAIN, corrects_for_ever),
        trial("a DIS that is damaged each time", both!("frames-unreadable"), PLAIN, damaged_dis),
        trial("three damaged frames, and no answer to the training", both!("damaged-signals"), PLAIN, damaged_frames),
        trial("the called machine sends at -37 dBm0", both!("level-low"), PLAIN, weak),
        trial("the called machine sends at -1 dBm0", both!("level-high"), PLAIN, strong),
        trial("hybrids of 2 dB, and no answer to the training", [&["echo", "training-unanswered"], &["echo"]],
            Plan { more: "hybrid-loss-db = 2.0", ..PLAIN }, no_answer_to_training),
        trial("no pass-through, and no answer to the training", both!("carried-as-voice"),
            Plan { defaults: "profile = \"fax\"\nfax-pass-through = false", ..PLAIN }, no_answer_to_training),
        trial("T.38 refused, and no answer to the training", both!("no-relay"),
            Plan { ports: ["nse = \"negotiated\"\nt38 = false", "nse = \"force\""], ..PLAIN }, no_answer_to_training),
        Trial {
            known: "packets of a port whose card fails come late before the call ends, which counts as loss",
            ..trial("the line of the caller fails in the page", [&["line-failed"], &["hung-up-there"]], PLAIN, line_fails)
        },
        trial("the CallManager dies in the negotiation, then the network", both!("far-end-gone"),
            Plan { defaults: "profile = \"fax\"\npreserved-rtp-s = 5", ..PLAIN }, server_dies),
        trial("the network is closed from the beginning", both!("nothing-received"), lossy(PLAIN, CLOSED), just_send),
        trial("T.38 agreed, UDPTL blocked", both!("relay-silent"), lossy(T38, NO_UDPTL), just_send),
        trial("15 % loss in G.711", both!("network-loss"), lossy(PLAIN, LOSSY), just_send),
        trial("15 % loss in T.38 without redundancy", both!("network-loss"),
            Plan {
                defaults: "profile = \"fax\"\nnse = \"force\"\nt38-redundancy-low = 0\nt38-redundancy-high = 0",
                network: LOSSY,
                ..PLAIN
            }, just_send),
        trial("15 % loss, T.38 refused", both!("network-loss"),
            Plan { ports: ["nse = \"negotiated\"\nt38 = false", "nse = \"force\""], network: LOSSY, ..PLAIN }, just_send),
        trial("260 ms of jitter in G.711", both!("network-jitter"), lossy(PLAIN, JITTERY), just_send),
    ]
}

fn person_answers(house: &House) -> Result<(), String> {
    let [mut caller, mut called] = house.sets()?;
    house.send(&mut caller, 1, 200, true)?;
    called.answer()?;
    done(&mut caller, 100)?;
    house.over()
}

fn person_calls(house: &House) -> Result<(), String> {
    let [mut caller, mut called] = house.sets()?;
    house.receive(&mut called, true)?;
    caller.call(&house.number(2)?)?;
    done(&mut called, 100)?;
    house.over()
}

/// The second one is a recording of CNG.
fn both_call(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        // CNG slower than the other's, so that both do not always sound together.
        let mut cng = Sound::default();
        for _ in 0..8 {
            cng = cng.tone(ConnectTone::Cng, 500).silence(3_400);
        }
        machine.say(&cng)
    })
}

fn called_off_early(house: &House) -> Result<(), String> {
    let [mut caller, mut called] = house.sets()?;
    house.receive(&mut called, true)?;
    house.send(&mut caller, 1, 400, true)?;
    house.until_fax(1, "has heard the far machine", |fax| {
        fax.far_identity.is_some()
    })?;
    called.act(SimAction::FaxCancel, PROMPT)?;
    let _ = done(&mut caller, 60);
    house.over()
}

fn called_off_in_page(house: &House) -> Result<(), String> {
    let [mut caller, mut called] = house.sets()?;
    in_page(house, &mut caller, &mut called)?;
    called.act(SimAction::FaxCancel, PROMPT)?;
    let _ = done(&mut caller, 60);
    house.over()
}

fn caller_off_in_page(house: &House) -> Result<(), String> {
    let [mut caller, mut called] = house.sets()?;
    in_page(house, &mut caller, &mut called)?;
    caller.act(SimAction::FaxCancel, PROMPT)?;
    let _ = done(&mut called, 60);
    house.over()
}

/// A fax is sent, and is in the middle of its page, which takes half a minute.
fn in_page(house: &House, caller: &mut Set, called: &mut Set) -> Result<(), String> {
    house.receive(called, true)?;
    house.send(caller, 1, 1_000, true)?;
    house.until_fax(1, "has a rate", |fax| fax.rate > 0)?;
    match called.wait(SimCondition::FaxDone, 8) {
        Err(_) => Ok(()),
        Ok(_) => Err("the page is over already".into()),
    }
}

/// The library's machine calls a machine that follows a script; then everybody hangs up.
fn with_machine(
    house: &House,
    ecm: bool,
    says: impl FnOnce(&mut Machine) -> Result<(), String>,
) -> Result<(), String> {
    let [mut caller, _] = house.sets()?;
    let mut machine = house.machine(2)?;
    house.send(&mut caller, 1, 200, ecm)?;
    machine.set.answer()?;
    machine.set.connected()?;
    says(&mut machine)?;
    house.over()
}

/// A machine that follows a script calls the library's machine.
fn with_caller(
    house: &House,
    says: impl FnOnce(&mut Machine) -> Result<(), String>,
) -> Result<(), String> {
    let [_, mut called] = house.sets()?;
    let mut machine = house.machine(1)?;
    house.receive(&mut called, true)?;
    machine.set.call(&house.number(2)?)?;
    machine.set.connected()?;
    // CED, then CSI and DIS.
    machine.listen(20)?;
    machine.listen(20)?;
    says(&mut machine)?;
    done(&mut called, 60)?;
    house.over()
}

/// The called machine's answer tone and what it can.
fn greeting(ecm: bool) -> Sound {
    let dis = m::dis(ecm);
    Sound::default()
        .tone(ConnectTone::Ans, 2_900)
        .frames(&[&dis])
}

/// Until the machine that calls gives up.
fn until_done(house: &House) -> Result<(), String> {
    let [mut caller, _] = house.sets()?;
    done(&mut caller, FAX_S).map(drop)
}

fn answer_tone(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        machine.say(
            &Sound::default()
                .tone(ConnectTone::Ans, 2_900)
                .silence(12_000),
        )
    })
}

fn modem(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        machine.say(
            &Sound::default()
                .tone(ConnectTone::AnsPr, 3_600)
                .silence(12_000),
        )
    })
}

fn super_g3(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        machine.say(
            &Sound::default()
                .tone(ConnectTone::AnsamPr, 5_300)
                .silence(12_000),
        )
    })
}

fn cannot_receive(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        let greeting = Sound::default()
            .tone(ConnectTone::Ans, 2_900)
            .frames(&[m::CANNOT_RECEIVE]);
        machine.say(&greeting)?;
        until_done(house)
    })
}

fn nothing_in_common(house: &House) -> Result<(), String> {
    with_caller(house, |machine| {
        machine.say(&Sound::default().frames(&[m::CALLERS_DCN]))
    })
}

fn polls(house: &House) -> Result<(), String> {
    with_caller(house, |machine| {
        machine.say(&Sound::default().frames(&[m::DTC]))
    })
}

fn not_valid(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        machine.say(&greeting(true))?;
        machine.reply(m::FNV)?;
        until_done(house)
    })
}

fn no_answer_to_training(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        machine.say(&greeting(true))?;
        until_done(house)
    })
}

fn refuses_trainings(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        machine.say(&greeting(true))?;
        for _ in 0..12 {
            if machine.listen(20).is_err() || !calls(house)? {
                break;
            }
            machine.say(&Sound::default().frames(&[m::FTT]))?;
        }
        until_done(house)
    })
}

/// Does the machine of port 1 still go on?
fn calls(house: &House) -> Result<bool, String> {
    let [mut caller, _] = house.sets()?;
    Ok(caller.show()?.fax.is_some())
}

fn leaves_after_training(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        machine.say(&greeting(true))?;
        machine.reply(m::DCN)?;
        until_done(house)
    })
}

/// As far as the page, which is over.
fn to_page_end(machine: &mut Machine, ecm: bool) -> Result<(), String> {
    machine.say(&greeting(ecm))?;
    machine.reply(m::CFR)?;
    machine.listen(90)
}

fn no_answer_to_page(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        to_page_end(machine, true)?;
        until_done(house)
    })
}

fn leaves_after_page(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        to_page_end(machine, true)?;
        machine.say(&Sound::default().frames(&[m::DCN]))?;
        until_done(house)
    })
}

fn not_ready(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        to_page_end(machine, true)?;
        let end = std::time::Instant::now() + Duration::from_secs(60);
        while std::time::Instant::now() < end && calls(house)? {
            machine.say(&Sound::default().frames(&[m::RNR]))?;
            // The caller asks whether it is ready by now.
            let _ = machine.listen(10);
        }
        Ok(())
    })
}

fn refuses_page(house: &House) -> Result<(), String> {
    with_machine(house, false, |machine| {
        to_page_end(machine, false)?;
        machine.say(&Sound::default().frames(&[m::RTN]))?;
        // It may train and send again: then it is refused again.
        for _ in 0..3 {
            if machine.listen(20).is_err() || !calls(house)? {
                break;
            }
            machine.say(&Sound::default().frames(&[m::CFR]))?;
            machine.listen(90)?;
            machine.say(&Sound::default().frames(&[m::RTN]))?;
        }
        Ok(())
    })
}

fn corrects_for_ever(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        to_page_end(machine, true)?;
        for _ in 0..4 {
            machine.say(&Sound::default().frames(&[m::PPR]))?;
            if machine.listen(90).is_err() || !calls(house)? {
                break;
            }
        }
        Ok(())
    })
}

fn damaged_dis(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        let dis = m::dis(true);
        let mut sound = Sound::default().tone(ConnectTone::Ans, 2_900);
        for _ in 0..4 {
            sound = sound.damaged(&[&dis]).silence(3_000);
        }
        machine.say(&sound)
    })
}

fn damaged_frames(house: &House) -> Result<(), String> {
    with_machine(house, true, |machine| {
        let dis = m::dis(true);
        let mut sound = Sound::default().tone(ConnectTone::Ans, 2_900);
        for _ in 0..3 {
            sound = sound.damaged(&[&dis]).silence(3_000);
        }
        machine.say(&sound.frames(&[&dis]))?;
        until_done(house)
    })
}

fn at_level(house: &House, dbm0: f32) -> Result<(), String> {
    with_machine(house, true, |machine| {
        let dis = m::dis(true);
        let greeting = Sound::default()
            .tone(ConnectTone::Ans, 2_900)
            .frames_at(dbm0, &[&dis]);
        machine.say(&greeting)?;
        until_done(house)
    })
}

fn weak(house: &House) -> Result<(), String> {
    at_level(house, -37.0)
}

fn strong(house: &House) -> Result<(), String> {
    at_level(house, -1.0)
}

fn line_fails(house: &House) -> Result<(), String> {
    let [mut caller, mut called] = house.sets()?;
    in_page(house, &mut caller, &mut called)?;
    let fault = SimFault::Removed;
    caller.act(SimAction::Fault { fault }, PROMPT)?;
    let _ = done(&mut called, 60);
    let fault = SimFault::Clear;
    caller.act(SimAction::Fault { fault }, PROMPT)?;
    house.over()
}

fn server_dies(house: &House) -> Result<(), String> {
    let [mut caller, mut called] = house.sets()?;
    house.receive(&mut called, true)?;
    house.send(&mut caller, 1, 1_000, true)?;
    house.until_fax(1, "has heard the far machine", |fax| {
        fax.far_identity.is_some()
    })?;
    house.kill_callmanager();
    house.detour.change(CLOSED);
    for set in [&mut caller, &mut called] {
        set.wait(SimCondition::FaxDone, FAX_S)?;
    }
    house.over()
}

fn just_send(house: &House) -> Result<(), String> {
    let [mut caller, mut called] = house.sets()?;
    house.receive(&mut called, true)?;
    house.send(&mut caller, 1, 600, true)?;
    let result = done(&mut caller, FAX_S);
    // What got through against all odds is no failure: the journal must say so, too.
    if result.as_ref().is_ok_and(|result| result.ok) {
        return Err("the page came through all the same".into());
    }
    house.over()
}
