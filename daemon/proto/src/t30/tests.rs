//! Faxes from beginning to end, and each way in which one fails.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::time::Time;
use crate::types::t38::{Carrier, Fast, FieldKind, Ifp, Indicator, V17Rate};
use crate::types::{DataTone, FaxOutcome, FaxPhase, FaxTimer, Side};

const CALLER: Side = Side::Line;
const CALLED: Side = Side::Network;
const V17: Carrier = Carrier::Fast(Fast::V17Long(V17Rate::R14400));

/// A fax that is played; the calling machine is on the line.
struct Play {
    now: Time,
    listener: Listener,
}

impl Play {
    fn new() -> Play {
        let now = Time::from_millis(5_000);
        Play {
            now,
            listener: Listener::new(now),
        }
    }

    fn wait(&mut self, seconds: f64) -> &mut Play {
        self.now = self.now + Duration::from_secs_f64(seconds);
        self
    }

    fn tone(&mut self, from: Side, tone: DataTone) -> &mut Play {
        self.listener.tone(self.now, from, tone);
        self
    }

    /// A signal at 300 bit/s with these frames.
    fn say(&mut self, from: Side, frames: &[&[u8]]) -> &mut Play {
        self.listener.carrier(self.now, from, Carrier::V21);
        self.wait(1.0);
        for frame in frames {
            let mut octets = vec![0xFF, 0x13];
            octets.extend(*frame);
            self.wait(0.1);
            self.listener.frame(self.now, from, &octets);
        }
        self.listener.carrier_ended(self.now, from);
        self.wait(0.1)
    }

    /// The calling machine's fast carrier.
    fn fast(&mut self, seconds: f64) -> &mut Play {
        self.listener.carrier(self.now, CALLER, V17);
        self.wait(seconds);
        self.listener.carrier_ended(self.now, CALLER);
        self.wait(0.1)
    }

    fn dis(&mut self) -> &mut Play {
        let mut csi = vec![0x40];
        csi.extend(b"321 94+");
        self.say(CALLED, &[&csi, &[0x80, 0, 0xEE, 0xF8, 0x04]])
    }

    fn dcs(&mut self, rate: u8, ecm: bool) -> &mut Play {
        let mut tsi = vec![0x43];
        tsi.extend(b"789 94+");
        let dcs = [0x83, 0, 0x02 | rate << 2, 0xF8, if ecm { 4 } else { 0 }];
        self.say(CALLER, &[&tsi, &dcs]).fast(1.5)
    }

    /// Up to the first page.
    fn trained(&mut self, ecm: bool) -> &mut Play {
        self.tone(CALLED, DataTone::Ced).wait(3.0).dis();
        self.dcs(8, ecm).say(CALLED, &[&[0x84]])
    }

    fn end(&mut self) -> FaxOutcome {
        self.listener.end(self.now)
    }

    fn report(&self) -> &Report {
        self.listener.report()
    }
}

#[test]
fn a_fax_of_two_pages_is_followed_to_its_end() {
    let mut play = Play::new();
    play.tone(CALLER, DataTone::Cng).trained(false);
    let chosen = play.report().chosen.unwrap();
    assert_eq!(
        (chosen.fast.map(Fast::rate), chosen.ecm),
        (Some(14_400), false)
    );
    play.listener.carrier(play.now, CALLER, V17);
    // Ten ends of lines, the first before any line.
    let line = [0x00, 0x80, 0xAC];
    play.listener
        .page_octets(play.now, CALLER, &line.repeat(10));
    play.wait(20.0);
    play.listener.carrier_ended(play.now, CALLER);
    play.say(CALLER, &[&[0x4F]]).say(CALLED, &[&[0x8C]]);
    assert_eq!(play.report().phase, FaxPhase::Page);
    play.fast(20.0).say(CALLER, &[&[0x2F]]);
    assert_eq!(play.listener.outcome(play.now), None);
    let signs: Vec<(&str, Side)> = play
        .listener
        .steps()
        .iter()
        .map(|s| (&*s.sign, s.from))
        .collect();
    let expected = [
        ("CNG", CALLER),
        ("CED", CALLED),
        ("CSI", CALLED),
        ("DIS", CALLED),
        ("TSI", CALLER),
        ("DCS", CALLER),
        ("training", CALLER),
        ("CFR", CALLED),
        ("page", CALLER),
        ("MPS", CALLER),
        ("MCF", CALLED),
        ("page", CALLER),
        ("EOP", CALLER),
    ];
    assert_eq!(signs, expected);
    let (dcs, training, page) = (5, 6, 8);
    let of = |n: usize| {
        let step = &play.listener.steps()[n];
        (step.rate, step.length_ms)
    };
    assert_eq!(of(dcs), (Some(14_400), None));
    assert_eq!(of(training), (Some(14_400), Some(1500)));
    assert_eq!(of(page), (Some(14_400), Some(20_000)));
    play.say(CALLED, &[&[0x8C]]);
    let complete = FaxOutcome::Complete { pages: 2 };
    assert_eq!(play.listener.outcome(play.now), Some(complete.clone()));
    play.say(CALLER, &[&[0xFB]]);
    assert_eq!(play.end(), complete);
    let report = play.report();
    let names = report.identities.clone().map(Option::unwrap);
    assert_eq!(names, ["+49 987", "+49 123"]);
    assert_eq!((report.called, report.sender), (Some(CALLED), Some(CALLER)));
    assert_eq!(report.trainings.len(), 1);
    assert_eq!(report.pages.len(), 2);
    assert_eq!((report.pages[0].octets, report.pages[0].lines), (30, 9));
    assert_eq!(report.pages[1].command, Some(Kind::Eop));
    assert_eq!(report.end.unwrap().by, Some(CALLER));
    assert_eq!(report.end.unwrap().timer, None);
}

#[test]
fn the_record_of_a_fax_has_what_was_agreed_and_what_went_wrong() {
    use crate::types::FaxModem;
    let mut play = Play::new();
    play.tone(CALLED, DataTone::Ced).wait(3.0).dis();
    // 14,400 refused, 9600 taken; the pages known by their energy alone.
    play.dcs(8, true).say(CALLED, &[&[0x44]]);
    play.dcs(9, true).say(CALLED, &[&[0x84]]);
    play.listener.signal(play.now, CALLER);
    play.wait(20.0);
    play.listener.carrier_ended(play.now, CALLER);
    // Three frames again, then a page that is poor and one that is refused.
    play.say(CALLER, &[&[0xBF, 0x4F, 0, 0, 30]]);
    play.say(CALLED, &[&[0xBC, 0b111]]);
    play.fast(2.0).say(CALLER, &[&[0xBF, 0x4F, 0, 0, 2]]);
    play.say(CALLED, &[&[0xCC]]);
    play.dcs(9, true).say(CALLED, &[&[0x84]]);
    play.fast(20.0).say(CALLER, &[&[0x2F]]);
    play.say(CALLED, &[&[0x4C]]).say(CALLER, &[&[0xFB]]);
    let record = play.listener.record(play.now);
    assert_eq!((record.caller, record.sender), (Some(CALLER), Some(CALLER)));
    let names = (record.identities.line, record.identities.network);
    assert_eq!(names, (Some("+49 987".into()), Some("+49 123".into())));
    assert_eq!(
        (record.rates, record.rate),
        (vec![14_400, 9600], Some(9600))
    );
    assert_eq!(
        (record.modem, record.ecm),
        (Some(FaxModem::V17), Some(true))
    );
    assert_eq!((record.pages, record.resent_frames), (1, 3));
    assert_eq!((record.poor_pages, record.refused_pages), (1, 1));
    assert_eq!(record.failed_trainings, 1);
    assert!(record.length_ms > 50_000 && record.length_ms < 90_000);
    assert!(!record.outcome.is_success(), "{:?}", record.outcome);
}

#[test]
fn who_called_is_known_by_a_tone_of_either_side() {
    for (from, tone, caller) in [
        (CALLER, DataTone::Cng, CALLER),
        (CALLED, DataTone::Cng, CALLED),
        (CALLED, DataTone::AnsAm, CALLER),
    ] {
        let mut play = Play::new();
        play.tone(from, tone).wait(4.0).tone(from, tone).wait(30.0);
        let record = play.listener.record(play.now);
        assert_eq!(record.caller, Some(caller), "{tone}");
        assert_eq!(record.length_ms, 4_000, "to its last signal");
        assert_eq!((record.rate, record.ecm, record.pages), (None, None, 0));
    }
    // A signal without an agreement is of no modem.
    let mut play = Play::new();
    play.listener.signal(play.now, CALLER);
    assert_eq!(play.listener.record(play.now).caller, None);
}

#[test]
fn error_correction_is_counted() {
    let mut play = Play::new();
    play.trained(true);
    let frames = |play: &mut Play, count: u8| {
        play.listener.carrier(play.now, CALLER, V17);
        for n in 0..count {
            play.listener
                .frame(play.now, CALLER, &[0xFF, 0x03, 0x06, n, 1, 2, 3]);
        }
        play.listener.frame(play.now, CALLER, &[0xFF, 0x03, 0x86]);
        play.listener.carrier_ended(play.now, CALLER);
    };
    frames(&mut play, 100);
    let pps = [0xBF, 0x2F, 0, 0, 99];
    let mut ppr = vec![0xBC, 0x07];
    ppr.extend([0; 31]);
    play.say(CALLER, &[&pps]).say(CALLED, &[&ppr]);
    frames(&mut play, 3);
    play.say(CALLER, &[&pps]).say(CALLED, &[&[0x8C]]);
    assert_eq!(play.end(), FaxOutcome::Complete { pages: 1 });
    let page = play.report().pages[0];
    let counts = (page.frames, page.asked_again, page.corrections, page.ecm);
    assert_eq!(counts, (103, 3, 1, true));
}

#[test]
fn parts_of_a_long_page_are_one_page() {
    let mut play = Play::new();
    play.trained(true);
    play.fast(20.0).say(CALLER, &[&[0xBF, 0, 0, 0, 255]]);
    play.say(CALLED, &[&[0x8C]]).fast(9.0);
    play.say(CALLER, &[&[0xBF, 0x2F, 0, 1, 9]])
        .say(CALLED, &[&[0x8C]]);
    assert_eq!(play.end(), FaxOutcome::Complete { pages: 1 });
}

#[test]
fn poor_and_refused_pages_are_known() {
    let mut play = Play::new();
    play.trained(false).fast(9.0).say(CALLER, &[&[0x4F]]);
    play.say(CALLED, &[&[0xCC]])
        .dcs(9, false)
        .say(CALLED, &[&[0x84]]);
    play.fast(9.0)
        .say(CALLER, &[&[0x2F]])
        .say(CALLED, &[&[0x8C]]);
    let wanted = FaxOutcome::CompleteWithPoorPages { pages: 2, poor: 1 };
    assert_eq!(play.end(), wanted);
    let rates: Vec<u32> = play.report().pages.iter().map(|p| p.rate).collect();
    assert_eq!(rates, [14_400, 9600]);

    let mut play = Play::new();
    play.trained(false).fast(9.0).say(CALLER, &[&[0x2F]]);
    play.say(CALLED, &[&[0x4C]]).say(CALLER, &[&[0xFB]]);
    assert_eq!(play.end(), FaxOutcome::PageRefused { page: 1, times: 1 });
}

#[test]
fn without_a_fax_signal_forty_seconds_are_enough() {
    let mut play = Play::new();
    play.wait(39.0);
    assert_eq!(play.listener.outcome(play.now), None);
    play.wait(1.0);
    let none = FaxOutcome::NoFaxSignal { seconds: 40 };
    assert_eq!(play.listener.outcome(play.now), Some(none));
}

/// A failure, and how it comes about.
type Case = (FaxOutcome, fn(&mut Play));

#[test]
fn each_failure_is_known_by_what_was_heard() {
    use FaxOutcome as O;
    let (by, from) = (CALLED, CALLED);
    let cases: Vec<Case> = vec![
        (O::EndedBeforeFax { seconds: 12 }, |p| {
            p.wait(12.0);
        }),
        (
            O::NoFaxAnswered {
                caller: CALLER,
                seconds: 40,
            },
            |p| {
                p.tone(CALLER, DataTone::Cng).wait(40.0);
            },
        ),
        (O::BothCalling, |p| {
            p.tone(CALLER, DataTone::Cng)
                .wait(2.0)
                .tone(CALLED, DataTone::Cng)
                .wait(30.0);
        }),
        (O::AnswerToneOnly { from }, |p| {
            p.tone(CALLED, DataTone::Ced).wait(20.0);
        }),
        (O::ModemAnswered { from }, |p| {
            p.tone(CALLED, DataTone::Ced)
                .tone(CALLED, DataTone::AnsPr)
                .wait(20.0);
        }),
        (O::FramesUnreadable { from, bad: 2 }, |p| {
            p.tone(CALLED, DataTone::V21Preamble);
            p.listener.bad_frame(p.now, CALLED);
            p.listener.bad_frame(p.now, CALLED);
        }),
        (O::CallerSilent { times: 3 }, |p| {
            for _ in 0..3 {
                p.dis().wait(3.0);
            }
        }),
        (O::CannotReceive, |p| {
            p.say(CALLED, &[&[0x80, 0, 0x2C, 0xF8]])
                .say(CALLER, &[&[0xFB]]);
        }),
        (O::NothingInCommon, |p| {
            p.dis().say(CALLER, &[&[0xFB]]);
        }),
        (O::PollingRefused, |p| {
            p.dis()
                .say(CALLER, &[&[0x81, 0, 0xEE, 0xF8]])
                .say(CALLED, &[&[0xFA]]);
        }),
        (O::PasswordRefused, |p| {
            p.dis()
                .say(CALLER, &[&[0xC3, b'1']])
                .dcs(8, false)
                .say(CALLED, &[&[0xFA]]);
        }),
        (O::CommandsNotUnderstood { times: 3 }, |p| {
            for _ in 0..3 {
                p.dis().say(CALLER, &[&[0x1A]]);
            }
        }),
        (O::FieldNotValid, |p| {
            p.dis()
                .dcs(8, false)
                .say(CALLED, &[&[0xCA]])
                .say(CALLED, &[&[0xFA]]);
        }),
        (O::DisconnectedInNegotiation { by }, |p| {
            p.dis().say(CALLER, &[&[0x22, 0]]).say(CALLED, &[&[0xFA]]);
        }),
        (
            O::TrainingUnanswered {
                rates: vec![14_400, 9600],
            },
            |p| {
                p.dis();
                for rate in [8, 8, 8, 9] {
                    p.dcs(rate, false).wait(3.0);
                }
                p.say(CALLER, &[&[0xFB]]);
            },
        ),
        (
            O::TrainingFailed {
                rates: vec![14_400, 9600],
            },
            |p| {
                p.dis();
                for rate in [8, 9] {
                    p.dcs(rate, false).say(CALLED, &[&[0x44]]);
                }
                p.say(CALLER, &[&[0xFB]]);
            },
        ),
        (
            O::DisconnectedInTraining {
                by,
                rates: vec![14_400],
            },
            |p| {
                p.dis().dcs(8, false).say(CALLED, &[&[0xFA]]);
            },
        ),
        (O::NoPageAfterTraining { rate: 14_400 }, |p| {
            p.trained(false).wait(6.0).say(CALLED, &[&[0xFA]]);
        }),
        (
            O::DisconnectedInPage {
                by: CALLER,
                page: 1,
            },
            |p| {
                p.trained(false).fast(9.0).say(CALLER, &[&[0xFB]]);
            },
        ),
        (
            O::SignalCut {
                page: 1,
                seconds: 90,
            },
            |p| {
                p.trained(false)
                    .fast(90.0)
                    .wait(6.0)
                    .say(CALLED, &[&[0xFA]]);
            },
        ),
        (O::PageNotEnded { page: 1 }, |p| {
            p.trained(false)
                .fast(30.0)
                .wait(6.0)
                .say(CALLED, &[&[0xFA]]);
        }),
        (
            O::PageUnanswered {
                page: 1,
                command: "PPS-MPS".into(),
                times: 3,
            },
            |p| {
                p.trained(true).fast(9.0);
                for _ in 0..3 {
                    p.say(CALLER, &[&[0xBF, 0x4F, 0, 0, 9]]).wait(3.0);
                }
                p.say(CALLER, &[&[0xFB]]);
            },
        ),
        (O::CorrectionGaveUp { page: 1, frames: 2 }, |p| {
            p.trained(true)
                .fast(9.0)
                .say(CALLER, &[&[0xBF, 0x2F, 0, 0, 9]]);
            p.say(CALLED, &[&[0xBC, 3]]).fast(1.0);
            p.say(CALLER, &[&[0xCF, 0x2F]])
                .say(CALLED, &[&[0x1C]])
                .say(CALLER, &[&[0xFB]]);
        }),
        (
            O::ReceiverNotReady {
                page: 1,
                seconds: 60,
            },
            |p| {
                p.trained(false)
                    .fast(9.0)
                    .say(CALLER, &[&[0x2F]])
                    .say(CALLED, &[&[0xEC]]);
                p.wait(58.9).say(CALLER, &[&[0xFB]]);
            },
        ),
        (O::InterruptedByOperator { by, page: 1 }, |p| {
            p.trained(false)
                .fast(9.0)
                .say(CALLER, &[&[0x4F]])
                .say(CALLED, &[&[0xAC]]);
        }),
        (O::DisconnectedAfterPage { by, page: 1 }, |p| {
            p.trained(false)
                .fast(9.0)
                .say(CALLER, &[&[0x2F]])
                .say(CALLED, &[&[0xFA]]);
        }),
        (O::DisconnectedBetweenPages { by, pages: 1 }, |p| {
            p.trained(false)
                .fast(9.0)
                .say(CALLER, &[&[0x4F]])
                .say(CALLED, &[&[0x8C]]);
            p.wait(6.0).say(CALLED, &[&[0xFA]]);
        }),
        (O::CallEndedInNegotiation, |p| {
            p.dis().dcs(8, false).wait(1.0);
        }),
        (O::CallEndedInPage { page: 1 }, |p| {
            p.trained(false).fast(9.0);
        }),
        (O::CallEndedAfterPage { page: 1 }, |p| {
            p.trained(false).fast(9.0).say(CALLER, &[&[0x2F]]);
        }),
        (O::CallEndedBetweenPages { pages: 1 }, |p| {
            p.trained(false)
                .fast(9.0)
                .say(CALLER, &[&[0x4F]])
                .say(CALLED, &[&[0x8C]]);
        }),
    ];
    let mut codes = std::collections::BTreeSet::new();
    for (wanted, play) in cases {
        let mut bench = Play::new();
        play(&mut bench);
        assert_eq!(bench.end(), wanted);
        assert!(!wanted.is_success());
        codes.insert(format!("{wanted:?}"));
    }
    assert_eq!(codes.len(), 31);
}

#[test]
fn a_call_that_is_cut_after_the_first_dis_is_no_silent_machine() {
    let after = |calls: bool, times: u32| {
        let mut bench = Play::new();
        if calls {
            bench.tone(CALLER, DataTone::Cng).wait(3.0);
        }
        for _ in 0..times {
            bench.dis().wait(2.0);
        }
        bench.end()
    };
    assert_eq!(after(true, 1), FaxOutcome::CallEndedInNegotiation);
    assert_eq!(after(true, 2), FaxOutcome::CallerSilent { times: 2 });
    // Without CNG it is a person that hangs up.
    assert_eq!(after(false, 1), FaxOutcome::CallerSilent { times: 1 });
}

#[test]
fn the_timer_that_ran_out_shows_by_the_silence() {
    let timer = |play: &mut Play| {
        play.end();
        play.report().end.unwrap().timer
    };
    let mut play = Play::new();
    for _ in 0..8 {
        play.dis().wait(3.0);
    }
    assert_eq!(timer(play.say(CALLED, &[&[0xFA]])), Some(FaxTimer::T1));
    let mut play = Play::new();
    play.trained(false)
        .fast(9.0)
        .wait(6.0)
        .say(CALLED, &[&[0xFA]]);
    assert_eq!(timer(&mut play), Some(FaxTimer::T2));
    assert_eq!(play.report().end.unwrap().phase, FaxPhase::Page);
    let mut play = Play::new();
    play.trained(false).fast(9.0);
    for _ in 0..3 {
        play.say(CALLER, &[&[0x2F]]).wait(3.0);
    }
    assert_eq!(timer(play.say(CALLER, &[&[0xFB]])), Some(FaxTimer::T4));
}

#[test]
fn packets_of_t38_are_listened_to() {
    let mut play = Play::new();
    let mut feed = Feed::new(CALLED);
    let mut packet = |fields: &[(FieldKind, &[u8])]| {
        let mut ifp = Ifp::data(Carrier::V21);
        for (kind, octets) in fields {
            ifp.push(*kind, octets).unwrap();
        }
        feed.packet(play.now, &ifp, &mut play.listener);
    };
    for octet in [0xFF, 0x13, 0x80, 0, 0xEE, 0xF8, 4] {
        packet(&[(FieldKind::HdlcData, &[octet])]);
    }
    packet(&[(FieldKind::HdlcFcsOk, &[])]);
    packet(&[
        (FieldKind::HdlcData, &[0xFF, 0x13, 0x80]),
        (FieldKind::HdlcFcsBadSigEnd, &[]),
    ]);
    assert_eq!(play.report().called, Some(CALLED));
    assert_eq!(play.report().capabilities.unwrap().modem, Modem::V17);
    assert_eq!(play.report().frames, [0, 1]);
    assert_eq!(play.report().bad_frames, [0, 1]);
    // A part is missing: the frame does not count.
    let mut feed = Feed::new(CALLER);
    let mut ifp = Ifp::data(Carrier::V21);
    ifp.push(FieldKind::HdlcData, &[0xFF, 0x13]).unwrap();
    feed.packet(play.now, &ifp, &mut play.listener);
    feed.missing();
    let mut ifp = Ifp::data(Carrier::V21);
    ifp.push(FieldKind::HdlcData, &[0xFB]).unwrap();
    ifp.push(FieldKind::HdlcFcsOk, &[]).unwrap();
    feed.packet(play.now, &ifp, &mut play.listener);
    assert_eq!(play.report().bad_frames, [1, 1]);
    assert_eq!(play.report().end, None);
    let ced = Ifp::indicator(Indicator::Ced);
    feed.packet(play.now, &ced, &mut play.listener);
}

proptest! {
    /// Frames of any kind in any order from either side: there is an outcome, and what is kept has a bound.
    #[test]
    fn whatever_comes_has_an_outcome(
        steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..8), 0u32..8), 0..120),
    ) {
        let mut play = Play::new();
        for (line, kind, field, what) in steps {
            let from = if line { Side::Line } else { Side::Network };
            match what {
                0 => play.listener.carrier(play.now, from, V17),
                1 => play.listener.page_octets(play.now, from, &field),
                2 => play.listener.bad_frame(play.now, from),
                _ => {
                    let mut frame = vec![kind.get(Kind::ALL).1];
                    frame.extend(field);
                    play.say(from, &[&frame]);
                }
            }
        }
        let outcome = play.end();
        prop_assert_eq!(play.listener.outcome(play.now), Some(outcome));
        prop_assert!(play.report().end.is_some());
        prop_assert!(play.report().trainings.len() <= 32);
    }
}
