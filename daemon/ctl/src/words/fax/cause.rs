//! Text, cause and cure of a verdict: the outcome of a fax with the cause that there is evidence for.

use super::machine;
use crate::words::Words;
use tipring_types::{FaxCause, FaxOutcome, FaxRelayUse, FaxVerdict, Side};

/// Less makes no slip in an hour of fax: 1 ppm is 10 ms in 2.8 hours.
const DRIFT_PPM: u32 = 3;

/// The words of a verdict; `port` is the number of the port that the fax was at, or `N` for several.
pub fn fax_verdict(verdict: &FaxVerdict, port: &str) -> Words {
    let words = super::fax(&verdict.outcome);
    let Some(cause) = &verdict.cause else {
        return words;
    };
    let (why, cure) = row(cause, &verdict.outcome, port);
    Words {
        text: text(cause, words.text, port),
        cause: why,
        cure,
    }
}

/// Some causes say what happened better than the outcome does.
fn text(cause: &FaxCause, outcome: String, port: &str) -> String {
    match cause {
        FaxCause::PersonAnswered { seconds } => {
            format!("a person answered: no fax signal in {seconds} s")
        }
        FaxCause::NobodyAnsweredHere { seconds } => {
            format!("a fax machine called, and none answered at port {port} in {seconds} s")
        }
        FaxCause::PersonCalled => format!("a person called the fax machine of port {port}"),
        FaxCause::NotStartedHere => format!("the fax machine of port {port} was not started"),
        FaxCause::SuperG3 { side } => {
            format!("{} answered as Super G3, and no fax began", machine(*side))
        }
        _ => outcome,
    }
}

fn percent(tenths: u32) -> String {
    match tenths % 10 {
        0 => format!("{} %", tenths / 10),
        tenth => format!("{}.{tenth} %", tenths / 10),
    }
}

/// What became of T.38, for a sentence about the network; empty when nobody asked.
fn relay(relay: FaxRelayUse) -> &'static str {
    match relay {
        FaxRelayUse::Used => "; the fax went by T.38",
        FaxRelayUse::NotAsked => "",
        FaxRelayUse::Refused => "; T.38 was refused by the far gateway",
        FaxRelayUse::Unanswered => "; the far gateway did not answer the request for T.38",
        FaxRelayUse::VoiceOn => "; the far gateway agreed on T.38 and went on sending voice",
        FaxRelayUse::NotHere => "; the far gateway asked for T.38, which is off here",
    }
}

/// How to make a fax bear what the network does to it.
fn bear(relay: FaxRelayUse) -> &'static str {
    match relay {
        FaxRelayUse::Used => {
            "mend the network, or raise the redundancy of fax relay (t38-redundancy-low, t38-redundancy-high)"
        }
        FaxRelayUse::NotHere => {
            "mend the network, or let this gateway use T.38 (t38 and nse in the port's settings)"
        }
        _ => {
            "mend the network (priority for voice, no full links); T.38 at both gateways, or redundancy, bears more"
        }
    }
}

fn whose(side: Side, port: &str) -> String {
    match side {
        Side::Line => format!("the line of port {port}"),
        Side::Network => "what comes from the far end".to_owned(),
    }
}

fn row(cause: &FaxCause, outcome: &FaxOutcome, port: &str) -> (String, String) {
    match *cause {
        FaxCause::NetworkLoss { .. }
        | FaxCause::NetworkJitter { .. }
        | FaxCause::ClockSlips { .. }
        | FaxCause::NothingReceived
        | FaxCause::RelaySilent
        | FaxCause::VoiceInRelay
        | FaxCause::CarriedAsVoice
        | FaxCause::NoRelay { .. } => network(cause, port),
        FaxCause::LevelLow { .. }
        | FaxCause::LevelHigh { .. }
        | FaxCause::Echo { .. }
        | FaxCause::DamagedSignals { .. }
        | FaxCause::LineFailed => line(cause, port),
        FaxCause::CallManagerLost => (
            "the CallManager was lost in the call".to_owned(),
            "see `tipring port show` for the registration, and send again".to_owned(),
        ),
        FaxCause::FarEndGone => (
            "the CallManager was lost in the call, and then the far end sent nothing more"
                .to_owned(),
            "look at the network and the CallManager, and send again".to_owned(),
        ),
        FaxCause::Transferred => (
            "the call was transferred while the machines signalled".to_owned(),
            "transfer before the fax begins, or let the machine have a number of its own"
                .to_owned(),
        ),
        FaxCause::SuperG3 { .. } => (
            "its answer tone was that of V.8, and after it the machines did not go back to T.30"
                .to_owned(),
            format!(
                "set v8-squelch = true for port {port}, or switch 33600 bit/s (Super G3) off at the machine"
            ),
        ),
        _ => people(cause, outcome, port),
    }
}

fn network(cause: &FaxCause, port: &str) -> (String, String) {
    match *cause {
        FaxCause::NetworkLoss {
            tenth_percent,
            packets,
            page,
            relay: by,
        } => {
            let when = page.map_or(String::new(), |page| format!(" by page {page}"));
            let lost = match (tenth_percent, packets) {
                (0, 1) => format!("the network lost a packet{when}"),
                (0, packets) => format!("the network lost {packets} packets{when}"),
                (share, _) => format!("the network lost {}{when}", percent(share)),
            };
            (lost + relay(by), bear(by).to_owned())
        }
        FaxCause::NetworkJitter {
            jitter_ms,
            limit_ms,
            relay: by,
        } => (
            format!(
                "packets came with {jitter_ms} ms of jitter, more than the {limit_ms} ms that pass-through bears{}",
                relay(by)
            ),
            "mend the network, raise jitter-fixed-ms in [media] (all ports), or use T.38 at both gateways".to_owned(),
        ),
        FaxCause::ClockSlips { slips, drift_ppm } => {
            let slipped = format!("sound slipped {slips} times in the jitter buffer");
            match drift_ppm.filter(|ppm| ppm.unsigned_abs() >= DRIFT_PPM) {
                Some(ppm) => {
                    let how = if ppm < 0 { "slower" } else { "faster" };
                    let ppm = ppm.unsigned_abs();
                    (
                        format!("{slipped}: the clocks of the gateways drift apart, the far one is {ppm} ppm {how}"),
                        "give the card and the far gateway a common clock, or use T.38 at both gateways".to_owned(),
                    )
                }
                None => (
                    format!("{slipped}; the clocks of the gateways do not drift apart, so the delay of the network changed"),
                    "mend the network, raise jitter-fixed-ms in [media] (all ports), or use T.38 at both gateways".to_owned(),
                ),
            }
        }
        FaxCause::NothingReceived => (
            "no packet came from the far end".to_owned(),
            "look at firewalls and routes between the gateways, and at rtp-source; `tipring call show` names refused sources"
                .to_owned(),
        ),
        FaxCause::RelaySilent => (
            "the gateways agreed on T.38, and no T.38 came from the far one".to_owned(),
            "look whether a firewall or session border controller between them lets UDPTL pass on the port of RTP; \
             or set t38 = false for this port"
                .to_owned(),
        ),
        FaxCause::VoiceInRelay => (
            "the far gateway agreed on T.38 and went on sending voice".to_owned(),
            "switch T.38 on at the far gateway (fax protocol t38 nse), or off at this port".to_owned(),
        ),
        FaxCause::CarriedAsVoice => (
            "the gateways treated it as voice: cancellers and a changing delay damage fax signals".to_owned(),
            format!("set the profile fax for port {port}, or fax-pass-through = true"),
        ),
        FaxCause::NoRelay { relay: by } => {
            let text = relay(by).trim_start_matches("; ");
            (
                format!("{text}: it went in G.711"),
                match by {
                    FaxRelayUse::NotHere => {
                        format!("let port {port} use T.38 (t38 and nse), if the network loses packets")
                    }
                    _ => "set the far gateway to T.38 by named events (fax protocol t38 nse force)".to_owned(),
                },
            )
        }
        _ => unnamed(),
    }
}

fn line(cause: &FaxCause, port: &str) -> (String, String) {
    match *cause {
        FaxCause::LevelLow { side, level, usual } => {
            let level_is = format!("{:.0} dBm0", level.dbm0());
            let below = usual.map_or(String::new(), |usual| {
                format!(", {:.0} dB below the usual", usual.dbm0() - level.dbm0())
            });
            match side {
                Side::Line => (
                    format!("line level is {level_is}{below}"),
                    format!(
                        "check the wiring of port {port} and the gains (rx-gain-db), and test it with `tipring port test {port}`"
                    ),
                ),
                Side::Network => (
                    format!("the far machine comes at {level_is}, too weak to be read"),
                    "have the line of the far machine checked, and the gains of its gateway"
                        .to_owned(),
                ),
            }
        }
        FaxCause::LevelHigh { side, level } => (
            format!(
                "{} is at {:.0} dBm0: its peaks are cut off",
                whose(side, port),
                level.dbm0()
            ),
            match side {
                Side::Line => {
                    format!("lower rx-gain-db of port {port}, or the send level of the machine")
                }
                Side::Network => {
                    "lower the gain of the far gateway, or the send level of the machine".to_owned()
                }
            },
        ),
        FaxCause::Echo { erl } => (
            format!(
                "echo: what goes to the line of port {port} comes back only {:.0} dB weaker",
                erl.db()
            ),
            format!(
                "check the wiring of port {port} for open or doubled pairs and extra phones, and that the card's driver is loaded for this country (its opermode)"
            ),
        ),
        FaxCause::DamagedSignals { side, frames } => (
            format!("{frames} frames of {} came damaged", machine(side)),
            match side {
                Side::Line => {
                    format!(
                        "test the line with `tipring port test {port}`: noise, hum or a bad contact"
                    )
                }
                Side::Network => {
                    "have the line of the far machine tested, and look at its gateway".to_owned()
                }
            },
        ),
        FaxCause::LineFailed => (
            format!("the line or card of port {port} failed in the call"),
            format!("see `tipring port show {port}` and `tipring history {port} --findings`"),
        ),
        _ => unnamed(),
    }
}

fn people(cause: &FaxCause, outcome: &FaxOutcome, port: &str) -> (String, String) {
    let pair = |cause: &str, cure: &str| (cause.to_owned(), cure.to_owned());
    match *cause {
        FaxCause::PersonAnswered { .. } => pair(
            "the number is that of a phone or voice mailbox, or the far machine is off or set to answer by hand",
            "dial the number with a phone and listen for the answer tone of a fax machine",
        ),
        FaxCause::NobodyAnsweredHere { .. } => (
            format!(
                "the machine of port {port} is off, out of paper or set to answer by hand, or a person took the call"
            ),
            "look at the machine, and set it to answer by itself".to_owned(),
        ),
        FaxCause::PersonCalled => pair(
            "nothing but voice came, no calling tone of a machine",
            "none needed; if it was to be a fax, the caller has to start the machine when the answer tone is heard",
        ),
        FaxCause::NotStartedHere => (
            "somebody dialed by hand, and no calling tone came from the line".to_owned(),
            format!("press start at the machine of port {port} while the answer tone can be heard"),
        ),
        FaxCause::HungUpHere => (
            match outcome {
                FaxOutcome::EndedBeforeFax { .. } => format!("port {port} hung up"),
                _ => format!("port {port} hung up, and its machine had not disconnected"),
            },
            "look whether the machine was switched off or its handset lifted and hung up; test the line for breaks"
                .to_owned(),
        ),
        FaxCause::HungUpThere => pair(
            match outcome {
                FaxOutcome::EndedBeforeFax { .. } => "the far end hung up",
                _ => "the far end hung up, and its machine had not disconnected",
            },
            "ask the far end whether its machine was stopped, and send again",
        ),
        FaxCause::NoCorrection { rate } => {
            let at = rate.map_or(String::new(), |rate| format!(" at {rate} bit/s"));
            (
                format!("wrong lines{at}, and no error correction (ECM) was agreed on"),
                "switch ECM on at both machines, or send more slowly".to_owned(),
            )
        }
        _ => unnamed(),
    }
}

/// A cause that another table has; a test sees to it that none gets here.
fn unnamed() -> (String, String) {
    (String::new(), String::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tipring_types::TenthDbm0;

    fn words(outcome: FaxOutcome, cause: FaxCause) -> Words {
        let cause = Some(cause);
        fax_verdict(&FaxVerdict { outcome, cause }, "7")
    }

    #[test]
    fn every_cause_has_words_of_its_own_with_every_outcome() {
        for outcome in FaxOutcome::samples() {
            let mut seen = BTreeSet::new();
            for cause in FaxCause::samples() {
                let words = words(outcome.clone(), cause);
                for part in [&words.text, &words.cause, &words.cure] {
                    assert!(!part.is_empty(), "{cause:?}: {words:?}");
                    assert!(!part.contains("  ") && !part.ends_with('.'), "{words:?}");
                }
                assert!(seen.insert(words.what()), "{words:?} twice");
            }
        }
    }

    #[test]
    fn a_verdict_without_a_cause_has_the_words_of_its_outcome() {
        for outcome in FaxOutcome::samples() {
            let plain = super::super::fax(&outcome);
            let cause = None;
            assert_eq!(fax_verdict(&FaxVerdict { outcome, cause }, "7"), plain);
        }
    }

    #[test]
    fn words_name_the_thing_the_figures_and_the_cure() {
        let low = FaxCause::LevelLow {
            side: Side::Line,
            level: TenthDbm0(-380),
            usual: Some(TenthDbm0(-180)),
        };
        let rates = vec![14_400, 9600];
        let said = words(FaxOutcome::TrainingUnanswered { rates }, low);
        assert_eq!(
            said.what(),
            "the training at 14400 and 9600 bit/s was never answered: line level is -38 dBm0, 20 dB below the usual"
        );
        assert!(
            said.cure.starts_with("check the wiring of port 7"),
            "{said:?}"
        );
        let loss = |tenth_percent, packets| FaxCause::NetworkLoss {
            tenth_percent,
            packets,
            page: Some(3),
            relay: FaxRelayUse::Refused,
        };
        let in_page = || FaxOutcome::CallEndedInPage { page: 3 };
        let said = words(in_page(), loss(40, 151));
        assert_eq!(
            said.cause,
            "the network lost 4 % by page 3; T.38 was refused by the far gateway"
        );
        assert!(words(in_page(), loss(4, 15)).cause.contains(" 0.4 % "));
        assert!(words(in_page(), loss(0, 1)).cause.contains(" a packet "));
        let said = words(
            FaxOutcome::NoFaxAnswered {
                caller: Side::Line,
                seconds: 40,
            },
            FaxCause::PersonAnswered { seconds: 40 },
        );
        assert_eq!(said.text, "a person answered: no fax signal in 40 s");
    }
}
