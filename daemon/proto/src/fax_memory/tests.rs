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
    let mut switches = vec![switch];
    if answer == SwitchAnswer::VoiceOn {
        // As the switch notes it: agreed to, and then the far end sends voice.
        switches[0].answer = SwitchAnswer::Agreed;
        switches.push(FaxSwitch {
            by: Side::Network,
            ..switch
        });
    }
    FaxRecord {
        switches,
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
    assert_eq!(far.next(0, Allowed::ALL).depth(), Some(2), "not in a row");
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

#[test]
fn a_relay_through_which_nothing_came_is_t38_in_vain_and_no_failure_of_g711() {
    let mut swallowed = asked(SwitchAnswer::Agreed);
    swallowed.transport = FaxTransport::G711;
    swallowed.rate = None;
    let silent = failed(Some(FaxCause::RelaySilent));
    let mut far = Far::default();
    far.fax(&swallowed, &silent).fax(&swallowed, &silent);
    assert_eq!(far.asks(0), None);
    far.fax(&swallowed, &silent);
    let advice = FaxAdvice::T38NotAsked {
        why: T38Doubt::Silent,
        times: 3,
        last_unix_ms: far.at,
    };
    assert_eq!(far.next(0, Allowed::ALL).t38, Some(advice));
    let memory = &far.memory;
    assert_eq!((memory.g711.failed, memory.t38.failed), (0, 3));
    assert_eq!((memory.answers.agreed, memory.answers.silent), (0, 3));
    assert_eq!((memory.clear, memory.lossy), (0, 0));
    far.fax(&asked(SwitchAnswer::Agreed), &good());
    assert_eq!(far.asks(0), None);
}

#[test]
fn what_machines_and_people_did_is_no_failure_of_t38() {
    let relayed = asked(SwitchAnswer::Agreed);
    let mut far = Far::default();
    far.fax(&record(FaxTransport::G711), &good());
    let of = |outcome, cause| FaxVerdict { outcome, cause };
    let page = FaxOutcome::PageNotEnded { page: 1 };
    for verdict in [
        of(
            FaxOutcome::ReceiverNotReady {
                page: 1,
                seconds: 9,
            },
            None,
        ),
        of(FaxOutcome::CannotReceive, None),
        of(FaxOutcome::NothingInCommon, None),
        of(FaxOutcome::PasswordRefused, None),
        of(FaxOutcome::PollingRefused, None),
        of(
            FaxOutcome::InterruptedByOperator {
                by: Side::Line,
                page: 1,
            },
            None,
        ),
        of(page.clone(), Some(FaxCause::HungUpHere)),
        of(page.clone(), Some(FaxCause::HungUpThere)),
        of(page.clone(), Some(FaxCause::LineFailed)),
        of(page.clone(), Some(FaxCause::CallManagerLost)),
        of(page.clone(), Some(FaxCause::Transferred)),
    ] {
        far.fax(&relayed, &verdict);
        assert_eq!(far.memory.t38_failed, 0, "{verdict:?}");
    }
    assert_eq!((far.memory.t38.failed, far.asks(0)), (11, None));
    far.fax(&relayed, &of(page, None))
        .fax(&relayed, &failed(None))
        .fax(&relayed, &by_loss());
    assert_eq!((far.memory.t38_failed, far.asks(0)), (3, Some(false)));
}

#[test]
fn silence_in_a_call_without_machines_says_nothing_and_a_refusal_does() {
    let call = FaxCall::default();
    let mut memory = FarMemory::default();
    let mut nobody = asked(SwitchAnswer::Nothing);
    nobody.rate = None;
    assert!(!learn(&mut memory, &nobody, &call, &failed(None), NOW));
    assert_eq!(memory, FarMemory::default());
    let mut refused = asked(SwitchAnswer::Refused);
    refused.rate = None;
    for _ in 0..3 {
        assert!(learn(&mut memory, &refused, &call, &failed(None), NOW));
    }
    assert_eq!((memory.answers.refused, memory.g711.failed), (3, 0));
    assert_eq!((memory.last, memory.clear), (None, 0));
    let next = strategy(&memory, Allowed::ALL, NOW);
    assert_eq!(next.asks(), Some(false));
}

#[test]
fn loss_that_the_far_end_reports_counts_as_that_of_this_side() {
    let mut far = Far::default();
    for _ in 0..2 {
        let mut fax = lossy(0);
        fax.path.far_lost = Some(90);
        far.fax(&fax, &good());
    }
    assert!(far.memory.deep);
}

#[test]
fn a_lost_packet_or_two_are_no_failure_by_loss() {
    let lost = |tenth_percent, packets| {
        failed(Some(FaxCause::NetworkLoss {
            tenth_percent,
            packets,
            page: None,
            relay: FaxRelayUse::NotAsked,
        }))
    };
    for (tenth_percent, packets, deep) in [(30, 2, false), (6, 90, false), (7, 3, true)] {
        let mut far = Far::default();
        far.fax(&lossy(packets), &lost(tenth_percent, packets));
        assert_eq!(far.memory.deep, deep, "{tenth_percent} {packets}");
        assert_eq!(far.memory.g711_spoiled, u32::from(deep));
    }
    // A failure by loss is not the first of two clear faxes, whatever its share.
    let mut far = Far::default();
    far.fax(&lossy(3), &lost(7, 3)).fax(&lossy(0), &good());
    assert!(far.memory.deep && far.memory.clear == 1);
}

#[test]
fn loss_counts_in_a_row_and_a_call_without_machines_and_packets_changes_nothing() {
    let mut far = Far::default();
    far.fax(&lossy(90), &good()).fax(&lossy(30), &good());
    far.fax(&lossy(90), &good());
    assert!(!far.memory.deep, "not in a row");
    let mut none = asked(SwitchAnswer::Refused);
    none.rate = None;
    far.fax(&none, &failed(None));
    far.fax(&none, &failed(Some(FaxCause::RelaySilent)));
    assert_eq!((far.memory.lossy, far.memory.loss_hundredths), (1, 300));
    far.fax(&lossy(90), &good());
    assert!(far.memory.deep);
}

#[test]
fn what_the_far_end_asked_for_is_no_answer_of_it() {
    let mut theirs = asked(SwitchAnswer::Agreed);
    theirs.switches[0].by = Side::Network;
    let mut far = Far::default();
    for _ in 0..3 {
        far.fax(&asked(SwitchAnswer::Refused), &good());
    }
    far.fax(&theirs, &good());
    assert_eq!((far.memory.answers.agreed, far.asks(0)), (0, Some(false)));
    // It asked, and sent voice on.
    let voice = FaxSwitch {
        answer: SwitchAnswer::VoiceOn,
        ..theirs.switches[0]
    };
    theirs.switches.push(voice);
    theirs.transport = FaxTransport::G711;
    far.fax(&theirs, &good());
    assert_eq!(far.memory.answers.silent, 0);
}
