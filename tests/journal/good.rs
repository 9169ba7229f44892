//! Faxes that are good, and calls of people: the journal must name no failure.

use std::time::Duration;

use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::network::Network;
use tipring_tests::speech;

use crate::house::{FAX_S, House, PLAIN, PROMPT, Plan, T38, done};

const PHONES: Plan = Plan {
    defaults: "profile = \"phone\"",
    ..PLAIN
};

const fn network(loss_permille: u32, jitter_ms: u64, seed: u64) -> Network {
    Network {
        loss_permille,
        jitter: Duration::from_millis(jitter_ms),
        seed,
        ..Network::PERFECT
    }
}

/// The plan of the `n`th good fax, its words, and whether it has error correction.
pub(crate) fn fax(n: u64) -> (&'static str, Plan, bool) {
    let lossy = |plan: Plan, loss, jitter| Plan {
        network: network(loss, jitter, n + 1),
        ..plan
    };
    let redundant = Plan {
        defaults: "profile = \"fax\"\nredundancy = 1",
        ..PLAIN
    };
    match n % 5 {
        0 => ("G.711", PLAIN, true),
        1 => ("G.711, no ECM", PLAIN, false),
        2 => ("T.38, 3 % loss, 20 ms of jitter", lossy(T38, 30, 20), true),
        3 => (
            "G.711 with redundancy 1, 1 % loss",
            lossy(redundant, 10, 10),
            true,
        ),
        _ => ("T.38, no ECM", T38, false),
    }
}

/// Sends it; what is wrong with the journal, if anything. None: the machines themselves failed, which is no false verdict.
pub(crate) fn send(house: &House, n: u64, ecm: bool) -> Result<Option<String>, String> {
    let [mut caller, mut called] = house.sets()?;
    house.receive(&mut called, ecm)?;
    let pages = 1 + n as usize % 2;
    house.send(&mut caller, pages, 300, ecm)?;
    let sent = done(&mut caller, FAX_S)?;
    let got = done(&mut called, 30)?;
    for port in [1, 2] {
        let found = house.verdict(port)?;
        let good = found.fax.verdict.is_success();
        if good != (sent.ok && got.ok) {
            return Ok(Some(format!(
                "port {port}: {}: {}, the machines: {} / {}",
                found.code, found.text, sent.text, got.text
            )));
        }
        let pages = found.fax.record.pages;
        if good && pages != sent.pages {
            return Ok(Some(format!(
                "port {port}: {pages} pages in the journal, {} sent",
                sent.pages
            )));
        }
    }
    match sent.ok && got.ok {
        true => Ok(None),
        false => Err(format!("not good: {} / {}", sent.text, got.text)),
    }
}

/// The plan of the `n`th call of people.
pub(crate) fn voice(n: u64) -> (&'static str, Plan) {
    match n % 4 {
        0 => ("talk and keys between phones", PHONES),
        1 => (
            "talk between phones, 2 % loss",
            Plan {
                network: network(20, 20, n + 1),
                ..PHONES
            },
        ),
        2 => ("talk on ports for faxes", PLAIN),
        _ => ("talk on ports with T.38", T38),
    }
}

/// Two people talk and press keys; what the journal makes of it, if anything.
pub(crate) fn talk(house: &House, n: u64) -> Result<Option<String>, String> {
    let words = [
        "Hello, this is the office. I have your order from last week here, and three of the items are missing, as far as I can see.",
        "Good morning. Let me look. One moment please, it is in the other book. Yes, here it is. Twelve, thirty, and one hundred and five.",
    ];
    let voices = [["en-us+m3", "en-gb+f3"], ["en-us+f2", "en-gb+m7"]][n as usize % 2];
    let [mut a, mut b] = house.sets()?;
    a.call(&house.number(2)?)?;
    b.answer()?;
    a.connected()?;
    b.connected()?;
    for (set, (name, (voice, words))) in [&mut a, &mut b].into_iter().zip(
        ["said1", "said2"]
            .into_iter()
            .zip(voices.into_iter().zip(words)),
    ) {
        let wav = speech::prepare(house.folder(), name, voice, words)?.wav;
        set.act(SimAction::Play { wav, looped: false }, PROMPT)?;
    }
    for set in [&mut a, &mut b] {
        set.wait(SimCondition::PlayDone, 60)?;
    }
    a.dial("0123456789*#")?;
    b.dial("1590")?;
    a.hang()?;
    b.hang()?;
    for set in [&mut a, &mut b] {
        set.wait(SimCondition::Idle, 15)?;
    }
    for port in [1, 2] {
        if let Some(found) = house.settled(port)?.into_iter().next() {
            return Ok(Some(format!("port {port}: {}: {}", found.code, found.text)));
        }
    }
    Ok(None)
}
