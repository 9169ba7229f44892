use super::*;
use crate::types::trace::LegMode;
use crate::types::{FaxOutcome, FaxPath, FaxRelayUse};

const DAY: u64 = AGAIN_MS;
const NOW: u64 = 1_780_000_000_000;

fn record(transport: FaxTransport) -> FaxRecord {
    FaxRecord {
        transport,
        switches: vec![],
        length_ms: 60_000,
        path: FaxPath::default(),
        advised: vec![],
        ..FaxRecord::sample()
    }
}

fn asked(answer: SwitchAnswer) -> FaxRecord {
    let relay = matches!(answer, SwitchAnswer::Agreed);
    let switch = FaxSwitch {
        after_ms: 3000,
        event: Some(200),
        by: Side::Line,
        answer,
        mode: if relay {
            LegMode::FaxRelay
        } else {
            LegMode::PassThrough
        },
    };
    FaxRecord {
        switches: vec![switch],
        ..record(if relay {
            FaxTransport::T38
        } else {
            FaxTransport::G711
        })
    }
}

fn good() -> FaxVerdict {
    FaxVerdict {
        outcome: FaxOutcome::Complete { pages: 2 },
        cause: None,
    }
}

fn failed(cause: Option<FaxCause>) -> FaxVerdict {
    FaxVerdict {
        outcome: FaxOutcome::TrainingUnanswered {
            rates: vec![14_400],
        },
        cause,
    }
}

fn by_loss() -> FaxVerdict {
    failed(Some(FaxCause::NetworkLoss {
        tenth_percent: 31,
        packets: 90,
        page: None,
        relay: FaxRelayUse::NotAsked,
    }))
}

/// A far end, and the time of its last fax.
#[derive(Default)]
struct Far {
    memory: FarMemory,
    at: u64,
}

impl Far {
    fn fax(&mut self, record: &FaxRecord, verdict: &FaxVerdict) -> &mut Far {
        let call = FaxCall {
            ptime_ms: 20,
            ..FaxCall::default()
        };
        self.at = self.at.max(NOW) + 1000;
        assert!(learn(&mut self.memory, record, &call, verdict, self.at));
        self
    }

    /// After the last fax by this time.
    fn next(&self, after_ms: u64, allowed: Allowed) -> Strategy {
        strategy(&self.memory, allowed, self.at + after_ms)
    }

    fn asks(&self, after_ms: u64) -> Option<bool> {
        self.next(after_ms, Allowed::ALL).asks()
    }
}

#[test]
fn three_refusals_in_a_row_end_the_asking_for_a_day_and_each_further_one_for_another() {
    for (answer, why) in [
        (SwitchAnswer::Refused, T38Doubt::Refused),
        (SwitchAnswer::Nothing, T38Doubt::Silent),
        (SwitchAnswer::VoiceOn, T38Doubt::VoiceOn),
    ] {
        let mut far = Far::default();
        far.fax(&asked(answer), &good())
            .fax(&asked(answer), &good());
        assert_eq!(far.asks(0), None, "{answer:?}");
        far.fax(&asked(answer), &good());
        let last_unix_ms = far.at;
        let advice = FaxAdvice::T38NotAsked {
            why,
            times: 3,
            last_unix_ms,
        };
        assert_eq!(far.next(0, Allowed::ALL).t38, Some(advice));
        // Not asked: nothing is learned of it, and the day does not begin again.
        far.fax(&record(FaxTransport::G711), &good());
        assert_eq!(far.asks(0), Some(false));
        assert_eq!(far.asks(DAY - 1001), Some(false));
        assert_eq!(far.asks(DAY), None);
        far.at += DAY;
        far.fax(&asked(answer), &good());
        assert_eq!((far.asks(DAY - 1), far.asks(DAY)), (Some(false), None));
        assert_eq!(far.memory.answers.in_vain, 4);
    }
}

#[test]
fn a_far_gateway_that_agrees_once_is_asked_as_usual_again() {
    let mut far = Far::default();
    for _ in 0..3 {
        far.fax(&asked(SwitchAnswer::Refused), &good());
    }
    assert_eq!(far.asks(0), Some(false));
    far.fax(&asked(SwitchAnswer::Agreed), &good());
    assert_eq!(far.asks(0), None);
    far.fax(&asked(SwitchAnswer::Refused), &good());
    far.fax(&asked(SwitchAnswer::Refused), &good());
    assert_eq!(far.asks(0), None);
    assert_eq!(far.memory.answers.agreed, 1);
    assert_eq!(far.memory.answers.refused, 5);
}

#[test]
fn a_late_agreement_counts_and_a_refusal_of_ours_is_not_the_far_ends() {
    let mut late = asked(SwitchAnswer::Agreed);
    let nothing = asked(SwitchAnswer::Nothing).switches[0];
    late.switches.insert(0, nothing);
    let mut far = Far::default();
    far.fax(&late, &good());
    assert_eq!(far.memory.answers.agreed, 1);
    let mut ours = asked(SwitchAnswer::Refused);
    ours.switches[0].by = Side::Network;
    for _ in 0..4 {
        far.fax(&ours, &good());
    }
    assert_eq!((far.memory.answers.refused, far.asks(0)), (0, None));
}

#[test]
fn t38_that_fails_three_times_where_g711_works_is_not_asked_for_and_where_it_does_not_it_is() {
    let relayed = asked(SwitchAnswer::Agreed);
    let mut far = Far::default();
    for _ in 0..3 {
        far.fax(&relayed, &failed(None));
    }
    assert_eq!(far.asks(0), None);
    far.fax(&record(FaxTransport::G711), &good());
    let advice = far.next(0, Allowed::ALL).t38;
    let is_failed = |why| why == T38Doubt::Failed;
    assert!(
        matches!(advice, Some(FaxAdvice::T38NotAsked { why, times: 3, .. }) if is_failed(why)),
        "{advice:?}"
    );
    assert_eq!(far.asks(DAY), None);
    far.at += DAY;
    far.fax(&relayed, &good());
    assert_eq!(far.asks(0), None);
}

#[test]
fn t38_is_asked_for_first_where_the_network_spoiled_two_faxes_and_it_has_worked() {
    let sound = record(FaxTransport::G711);
    let mut far = Far::default();
    far.fax(&sound, &by_loss()).fax(&sound, &by_loss());
    assert_eq!(far.asks(0), None, "it has not worked yet");
    far.fax(&asked(SwitchAnswer::Agreed), &good());
    let first = Some(FaxAdvice::T38First { spoiled: 2 });
    assert_eq!(far.next(0, Allowed::ALL).t38, first);
    // With force it is asked for in any case.
    let force = Allowed {
        negotiated: false,
        ..Allowed::ALL
    };
    assert_eq!(far.next(0, force).t38, None);
    far.fax(&sound, &good());
    assert_eq!(far.asks(0), None);
    far.fax(&sound, &by_loss());
    assert_eq!(far.asks(0), None, "one bad fax is none");
    far.fax(&sound, &failed(None));
    assert_eq!(far.asks(0), None, "no fault of the network");
}

fn lossy(packets: u64) -> FaxRecord {
    FaxRecord {
        path: FaxPath {
            recovered: packets,
            ..FaxPath::default()
        },
        ..record(FaxTransport::G711Redundant { copies: 1 })
    }
}

#[test]
fn two_faxes_with_loss_make_the_next_begin_with_two_copies_and_two_clear_ones_end_it() {
    // 3000 packets.
    let mut far = Far::default();
    far.fax(&lossy(90), &good());
    assert_eq!(far.next(0, Allowed::ALL).depth(), None);
    far.fax(&lossy(0), &good()).fax(&lossy(90), &good());
    assert_eq!(far.next(0, Allowed::ALL).depth(), None, "not in a row");
    far.fax(&lossy(60), &good());
    let next = far.next(0, Allowed::ALL);
    let advice = FaxAdvice::Redundancy {
        depth: 2,
        loss_hundredths: 200,
    };
    assert_eq!((next.redundancy, next.depth()), (Some(advice), Some(2)));
    far.fax(&lossy(0), &good());
    assert_eq!(far.next(0, Allowed::ALL).depth(), Some(2));
    // Neither much nor little.
    far.fax(&lossy(30), &good());
    assert_eq!(far.next(0, Allowed::ALL).depth(), Some(2));
    far.fax(&lossy(2), &good());
    assert_eq!(far.next(0, Allowed::ALL).depth(), None);
    far.fax(&lossy(90), &by_loss());
    assert_eq!(
        far.next(0, Allowed::ALL).depth(),
        Some(2),
        "it failed by it"
    );
}

#[test]
fn a_setting_comes_before_the_memory() {
    let mut far = Far::default();
    for _ in 0..3 {
        far.fax(&asked(SwitchAnswer::Refused), &by_loss());
    }
    assert!(far.asks(0).is_some() && far.next(0, Allowed::ALL).depth().is_some());
    let nothing = Allowed {
        t38: false,
        redundancy: false,
        ..Allowed::ALL
    };
    assert_eq!(far.next(0, nothing), Strategy::default());
    far.memory.pinned = Some(T38Choice::Ask);
    assert_eq!(far.next(0, nothing), Strategy::default());
}

#[test]
fn what_was_pinned_comes_before_what_was_learned() {
    let mut far = Far::default();
    far.memory.pinned = Some(T38Choice::Never);
    far.fax(&asked(SwitchAnswer::Agreed), &good());
    assert_eq!(far.next(0, Allowed::ALL).t38, Some(FaxAdvice::T38Never));
    assert_eq!(far.asks(9 * DAY), Some(false));
    far.memory.pinned = Some(T38Choice::Ask);
    for _ in 0..3 {
        far.fax(&asked(SwitchAnswer::Refused), &good());
    }
    assert_eq!(far.next(0, Allowed::ALL).t38, Some(FaxAdvice::T38Always));
    assert_eq!(far.memory.pinned, Some(T38Choice::Ask));
}

#[test]
fn a_call_that_was_no_fax_is_not_remembered() {
    let nobody = FaxRecord {
        rate: None,
        ..record(FaxTransport::G711)
    };
    let mut memory = FarMemory::default();
    let call = FaxCall::default();
    assert!(!learn(&mut memory, &nobody, &call, &failed(None), NOW));
    assert_eq!(memory, FarMemory::default());
    assert!(learn(&mut memory, &nobody, &call, &by_loss(), NOW));
}

#[test]
fn a_clock_that_was_set_back_does_not_end_the_asking_for_years() {
    let mut far = Far::default();
    for _ in 0..3 {
        far.fax(&asked(SwitchAnswer::Refused), &good());
    }
    let earlier = far.at - 400 * DAY;
    assert_eq!(strategy(&far.memory, Allowed::ALL, earlier).asks(), None);
}
