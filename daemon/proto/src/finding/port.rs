//! From the facts of one port to its findings.

use std::time::Duration;

use super::Finding;
use super::glitch::Glitch;
use super::registration::attempts;
use crate::card::FeedTrouble;
use crate::sccp::station::LostReason;
use tipring_types::{FaxVerdict, LineFault};

/// A connected call that has received no RTP for this long is one-way.
const SILENCE: Duration = Duration::from_secs(3);
/// One whose RTP has come, and then no more for this long, as well: a route that is found again takes less.
const STOPPED: Duration = Duration::from_secs(5);

/// Whether a port has a place at the line thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seat {
    /// It has.
    #[default]
    Served,
    /// It came after the start, and there is none left.
    Late,
    /// Another port has its channel.
    Held,
    /// The card does not have the channel.
    NotOnCard {
        /// Channels that it has.
        channels: u16,
    },
}

/// The card of a port.
#[derive(Clone, Copy, Debug, Default)]
pub enum CardState<'a> {
    /// It works, as far as is known.
    #[default]
    Works,
    /// It is being opened for the first time.
    Beginning,
    /// It was asked something, and does not answer.
    Silent,
    /// It cannot be opened.
    Missing(&'a Finding),
}

/// The line of a port.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineFacts<'a> {
    /// Its card.
    pub card: CardState<'a>,
    /// What the voltages say.
    pub feed: Option<FeedTrouble>,
    /// What the card reports.
    pub fault: Option<LineFault>,
    /// The device has unregistered because the line was dead.
    pub unregistered: bool,
    /// The line works, and the device registers in this time if it goes on doing so.
    pub returns_in: Option<Duration>,
}

/// The registration of a port.
#[derive(Clone, Debug, Default)]
pub struct RegistrationFacts<'a> {
    /// Calls work.
    pub registered: bool,
    /// Why each server could not be used when it was last tried.
    pub reasons: Vec<(&'a str, &'a LostReason)>,
    /// Keepalives are not acknowledged.
    pub suspect: bool,
    /// The CallManager did not respond to the last off-hook or flash.
    pub unresponsive: bool,
}

/// The audio of a connected call.
#[derive(Clone, Copy, Debug)]
pub struct AudioFacts<'a> {
    /// Since it was connected.
    pub connected: Duration,
    /// Where RTP is expected from.
    pub remote: &'a str,
    /// Packets received from there.
    pub received: u64,
    /// Since the last of them; none: there is none, or the far end may be silent (it suppresses silence, or it is a fax relay).
    pub silent: Option<Duration>,
    /// A source whose packets are refused.
    pub refused: Option<&'a str>,
    /// `rtp-source` allows other hosts.
    pub latch: bool,
}

/// All that findings of a port follow from.
#[derive(Clone, Debug, Default)]
pub struct PortFacts<'a> {
    /// Not switched off in the configuration.
    pub enabled: bool,
    /// Its place at the line thread.
    pub seat: Seat,
    /// Its line and card.
    pub line: LineFacts<'a>,
    /// Its registration.
    pub registration: RegistrationFacts<'a>,
    /// Off-hook past the error tone.
    pub lockout: bool,
    /// The call that is talked on.
    pub audio: Option<AudioFacts<'a>>,
    /// Sound that was lost in the last minute.
    pub glitch: Option<Glitch>,
    /// What became of the last fax, when it failed less than a day ago.
    pub fax: Option<FaxVerdict>,
}

/// What is wrong with a port. What lies under something else that is wrong is not named: without a line there is no
/// registration, without a registration no audio.
pub fn port(facts: &PortFacts<'_>) -> Vec<Finding> {
    if !facts.enabled {
        return vec![];
    }
    let seat = match facts.seat {
        Seat::Served => None,
        Seat::Late => Some(Finding::PortNotServed),
        Seat::Held => Some(Finding::ChannelHeld),
        Seat::NotOnCard { channels } => Some(Finding::CardChannelMissing { channels }),
    };
    if let Some(finding) = seat.or_else(|| line(&facts.line)) {
        return vec![finding];
    }
    let registration = &facts.registration;
    if !registration.registered {
        return attempts(registration.reasons.iter().copied());
    }
    // A phone without dial tone is worse than what may come of missing keepalives.
    let finding = if registration.unresponsive {
        Some(Finding::ServerUnresponsive)
    } else if registration.suspect {
        Some(Finding::KeepalivesUnanswered)
    } else if facts.lockout {
        Some(Finding::OffHookLockout)
    } else {
        let audio = facts.audio.as_ref().and_then(one_way);
        audio.or(match facts.glitch {
            Some(Glitch::Overrun) => Some(Finding::LineOverrun),
            Some(Glitch::Underrun) => Some(Finding::LineUnderrun),
            None => facts.fax.clone().map(|fax| Finding::FaxFailed {
                outcome: fax.outcome,
                cause: fax.cause,
            }),
        })
    };
    finding.into_iter().collect()
}

/// What is wrong with a line or its card.
pub fn line(facts: &LineFacts<'_>) -> Option<Finding> {
    let unregistered = facts.unregistered;
    match facts.card {
        CardState::Silent => return Some(Finding::CardSilent),
        CardState::Missing(why) => return Some(why.clone()),
        CardState::Works | CardState::Beginning => {}
    }
    if let Some(feed) = facts.feed {
        return Some(match feed {
            FeedTrouble::SwitchedOff => Finding::FeedSwitchedOff { unregistered },
            FeedTrouble::NoBattery => Finding::CardWithoutBattery { unregistered },
            FeedTrouble::Shorted => Finding::FeedShorted { unregistered },
        });
    }
    // Until the first attempt to open it has ended, nothing is wrong yet.
    let beginning = matches!(facts.card, CardState::Beginning);
    match facts.fault.filter(|_| !beginning) {
        Some(LineFault::Alarm) => Some(Finding::SpanAlarm { unregistered }),
        Some(LineFault::Removed) => Some(Finding::CardRemoved { unregistered }),
        Some(LineFault::PowerAlarm) => Some(Finding::NoBattery { unregistered }),
        None => facts.returns_in.map(|left| Finding::LineUnstable {
            seconds: left.as_secs() + 1,
        }),
    }
}

/// A call that receives nothing from the far end.
fn one_way(audio: &AudioFacts<'_>) -> Option<Finding> {
    if audio.connected < SILENCE {
        return None;
    }
    if audio.received > 0 {
        let silent = audio.silent?.min(audio.connected);
        return (silent >= STOPPED).then(|| Finding::OneWayAudio {
            address: audio.remote.to_owned(),
            refused: None,
            by_policy: false,
            silent_s: Some(silent.as_secs()),
        });
    }
    Some(Finding::OneWayAudio {
        silent_s: None,
        address: audio.remote.to_owned(),
        refused: audio.refused.map(str::to_owned),
        by_policy: audio.refused.is_some() && !audio.latch,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_types::FaxOutcome;

    fn registered() -> PortFacts<'static> {
        PortFacts {
            enabled: true,
            registration: RegistrationFacts {
                registered: true,
                ..RegistrationFacts::default()
            },
            ..PortFacts::default()
        }
    }

    fn codes(facts: &PortFacts<'_>) -> Vec<&'static str> {
        port(facts).iter().map(Finding::code).collect()
    }

    #[test]
    fn a_port_that_works_has_no_finding_and_a_disabled_one_has_none_whatever_its_line_does() {
        assert_eq!(codes(&registered()), [""; 0]);
        let mut off = registered();
        off.enabled = false;
        off.line.fault = Some(LineFault::Removed);
        assert_eq!(codes(&off), [""; 0]);
    }

    #[test]
    fn what_lies_under_another_trouble_is_not_named() {
        // From the least to the most fundamental one: each hides those before it.
        let mut facts = registered();
        facts.fax = Some(FaxVerdict {
            outcome: FaxOutcome::CallEndedInPage { page: 1 },
            cause: None,
        });
        assert_eq!(codes(&facts), ["fax-failed"]);
        facts.glitch = Some(Glitch::Underrun);
        assert_eq!(codes(&facts), ["line-underrun"]);
        facts.audio = Some(AudioFacts {
            connected: SILENCE,
            remote: "10.0.0.9:4000",
            received: 0,
            silent: None,
            refused: None,
            latch: true,
        });
        assert_eq!(codes(&facts), ["one-way-audio"]);
        facts.lockout = true;
        assert_eq!(codes(&facts), ["off-hook-lockout"]);
        facts.registration.suspect = true;
        assert_eq!(codes(&facts), ["keepalives-unanswered"]);
        facts.registration.unresponsive = true;
        assert_eq!(codes(&facts), ["server-unresponsive"]);
        facts.registration.registered = false;
        facts.registration.reasons = vec![("a:2000", &LostReason::RegisterTimeout)];
        assert_eq!(codes(&facts), ["register-unanswered"]);
        facts.line.returns_in = Some(Duration::from_secs(7));
        assert_eq!(codes(&facts), ["line-unstable"]);
        facts.line.fault = Some(LineFault::Alarm);
        assert_eq!(codes(&facts), ["span-alarm"]);
        facts.line.feed = Some(FeedTrouble::Shorted);
        assert_eq!(codes(&facts), ["feed-shorted"]);
        facts.line.card = CardState::Silent;
        assert_eq!(codes(&facts), ["card-silent"]);
        facts.seat = Seat::Held;
        assert_eq!(codes(&facts), ["channel-held"]);
    }

    #[test]
    fn a_call_whose_rtp_has_stopped_is_one_way_unless_the_far_end_may_be_silent() {
        let found = |connected: u64, silent: Option<u64>| {
            let found = one_way(&AudioFacts {
                connected: Duration::from_secs(connected),
                remote: "10.0.0.9:4000",
                received: 150,
                silent: silent.map(Duration::from_secs),
                refused: None,
                latch: true,
            });
            match found {
                Some(Finding::OneWayAudio { silent_s, .. }) => silent_s,
                _ => None,
            }
        };
        assert_eq!(found(60, Some(4)), None);
        assert_eq!(found(60, Some(5)), Some(5));
        assert_eq!(found(60, Some(8)), Some(8));
        assert_eq!(found(60, None), None);
        // What came before it was connected does not count.
        assert_eq!(found(4, Some(40)), None);
        assert_eq!(found(6, Some(40)), Some(6));
    }

    #[test]
    fn a_card_that_is_opened_for_the_first_time_is_no_removed_one() {
        let mut facts = registered();
        facts.line.fault = Some(LineFault::Removed);
        facts.line.card = CardState::Beginning;
        assert_eq!(codes(&facts), [""; 0]);
        let missing = Finding::ChannelNoModule;
        facts.line.card = CardState::Missing(&missing);
        assert_eq!(codes(&facts), ["channel-no-module"]);
    }

    #[test]
    fn a_call_is_one_way_after_three_seconds_without_a_packet_and_a_refused_source_is_named() {
        let mut facts = registered();
        let audio = AudioFacts {
            connected: SILENCE,
            remote: "10.0.0.9:4000",
            received: 0,
            silent: None,
            refused: Some("10.0.0.8:4000"),
            latch: false,
        };
        for (connected, received, found) in [
            (SILENCE - Duration::from_millis(1), 0, 0),
            (SILENCE, 1, 0),
            (SILENCE, 0, 1),
        ] {
            facts.audio = Some(AudioFacts {
                connected,
                received,
                ..audio
            });
            assert_eq!(port(&facts).len(), found);
        }
        let by_policy = |latch| {
            one_way(&AudioFacts { latch, ..audio }).map(|finding| match finding {
                Finding::OneWayAudio { by_policy, .. } => by_policy,
                _ => false,
            })
        };
        assert_eq!(
            (by_policy(false), by_policy(true)),
            (Some(true), Some(false))
        );
    }
}
