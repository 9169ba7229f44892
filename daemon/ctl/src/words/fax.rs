//! Text, cause and cure of every outcome of a fax, and of every cause that there is evidence for.

mod cause;
mod memory;

use super::Words;
pub use cause::fax_verdict;
pub use memory::fax_advice;
use tipring_types::{FaxOutcome, Side};

const REDUNDANCY: &str = "if packets were lost in this call, mend the network or raise the redundancy of fax relay (t38-redundancy-low, t38-redundancy-high)";
const LINE: &str = "look at the line with `tipring port test`, at the levels of `tipring port show` and the loss of this call in `tipring call show`";

/// The machine of this side.
fn machine(side: Side) -> &'static str {
    match side {
        Side::Line => "the fax machine on this line",
        Side::Network => "the far fax machine",
    }
}

fn pages(count: u32) -> String {
    match count {
        1 => "1 page".to_owned(),
        count => format!("{count} pages"),
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// Rates as one says them: `14400 and 9600 bit/s`.
fn rates(rates: &[u32]) -> String {
    let known: Vec<String> = rates.iter().map(u32::to_string).collect();
    match &*known {
        [] => "an unknown rate".to_owned(),
        [one] => format!("{one} bit/s"),
        [before @ .., last] => format!("{} and {last} bit/s", before.join(", ")),
    }
}

/// The words of an outcome.
pub fn fax(outcome: &FaxOutcome) -> Words {
    let (text, cause, cure) = match outcome {
        FaxOutcome::Complete { .. } | FaxOutcome::CompleteWithPoorPages { .. } => success(outcome),
        FaxOutcome::NoFaxSignal { .. }
        | FaxOutcome::EndedBeforeFax { .. }
        | FaxOutcome::NoFaxAnswered { .. }
        | FaxOutcome::BothCalling
        | FaxOutcome::AnswerToneOnly { .. }
        | FaxOutcome::ModemAnswered { .. }
        | FaxOutcome::FramesUnreadable { .. }
        | FaxOutcome::CallerSilent { .. } => set_up(outcome),
        FaxOutcome::CannotReceive
        | FaxOutcome::NothingInCommon
        | FaxOutcome::PollingRefused
        | FaxOutcome::PasswordRefused
        | FaxOutcome::CommandsNotUnderstood { .. }
        | FaxOutcome::FieldNotValid
        | FaxOutcome::DisconnectedInNegotiation { .. }
        | FaxOutcome::TrainingUnanswered { .. }
        | FaxOutcome::TrainingFailed { .. }
        | FaxOutcome::DisconnectedInTraining { .. }
        | FaxOutcome::NoPageAfterTraining { .. }
        | FaxOutcome::CallEndedInNegotiation => negotiation(outcome),
        _ => page(outcome),
    };
    Words {
        text,
        cause: cause.to_owned(),
        cure: cure.to_owned(),
    }
}

type Row = (String, &'static str, &'static str);

fn success(outcome: &FaxOutcome) -> Row {
    match outcome {
        FaxOutcome::CompleteWithPoorPages { pages: all, poor } => (
            format!("{} came through, {poor} of them poor", pages(*all)),
            "the receiver confirmed them with RTP or refused them with RTN: too many wrong lines",
            REDUNDANCY,
        ),
        FaxOutcome::Complete { pages: all } => (
            format!("{} came through", pages(*all)),
            "the receiver confirmed each page",
            "nothing to do",
        ),
        _ => unnamed(),
    }
}

fn set_up(outcome: &FaxOutcome) -> Row {
    match outcome {
        FaxOutcome::NoFaxSignal { seconds } => (
            format!("no fax signal of either side in {seconds} s"),
            "two people talked, or neither machine was started",
            "start the machine while the call is up, or let it dial and answer by itself",
        ),
        FaxOutcome::EndedBeforeFax { seconds } => (
            format!("the call ended after {seconds} s, before a fax signal"),
            "somebody hung up, or a machine was stopped",
            "send again and let the machine finish",
        ),
        FaxOutcome::NoFaxAnswered { caller, seconds } => (
            format!(
                "{} called, and no fax machine answered in {seconds} s",
                machine(*caller)
            ),
            "a person or a voice mailbox answered: the number is wrong, or the other machine is off or set to answer by hand",
            "dial the number with a phone and listen for the answer tone of a fax machine",
        ),
        FaxOutcome::BothCalling => (
            "both machines are callers, and neither answers".to_owned(),
            "both were started to send or to dial; no machine was set to receive",
            "have one side receive: start it without a document",
        ),
        FaxOutcome::AnswerToneOnly { from } => (
            format!(
                "{} sent its answer tone and nothing after it",
                machine(*from)
            ),
            "the call ended before its first command, its signals at 300 bit/s did not get through, or it is a modem",
            LINE,
        ),
        FaxOutcome::ModemAnswered { from } => (
            match from {
                Side::Line => "a data modem answered on this line".to_owned(),
                Side::Network => "a data modem answered at the far end".to_owned(),
            },
            "its answer tone has phase reversals, and no fax command came after it",
            "check the number; a Super G3 fax machine needs v8-squelch, or 33600 bit/s switched off at the machine",
        ),
        FaxOutcome::FramesUnreadable { from, bad } => (
            format!(
                "nothing that {} signalled could be read ({bad} damaged frames)",
                machine(*from)
            ),
            "its signals at 300 bit/s are too weak, too noisy or have gaps",
            LINE,
        ),
        FaxOutcome::CallerSilent { times: count } => (
            format!(
                "the answering machine named its capabilities {}, and the calling one said nothing",
                times(*count)
            ),
            "a person called, the calling machine was not started, or it does not hear the other one",
            "start the calling machine while the answer tone can be heard; if it was, look at the level of this call in \
             `tipring call show`",
        ),
        _ => unnamed(),
    }
}

fn negotiation(outcome: &FaxOutcome) -> Row {
    match outcome {
        FaxOutcome::CannotReceive => (
            "the answering fax machine cannot receive".to_owned(),
            "it said so in its capabilities: no paper, no toner, or its memory is full",
            "have somebody look at the machine that was called",
        ),
        FaxOutcome::NothingInCommon => (
            "the calling machine gave up when it knew what the other one can".to_owned(),
            "they have no modem, page size or mode in common, or the called one refuses unknown senders",
            "send a plain page in standard mode; compare the settings of both machines",
        ),
        FaxOutcome::PollingRefused => (
            "the document that was to be fetched was refused".to_owned(),
            "polling: there is no document, or a password is missing",
            "have the other side lay out the document for polling; check the password",
        ),
        FaxOutcome::PasswordRefused => (
            "the receiving machine disconnected after a password or subaddress".to_owned(),
            "it does not know the password, mailbox or extension that was sent",
            "check password and subaddress in the number entry of the sending machine",
        ),
        FaxOutcome::CommandsNotUnderstood { times: count } => (
            format!("commands came back as not understood {}", times(*count)),
            "the signals at 300 bit/s are damaged on their way",
            LINE,
        ),
        FaxOutcome::FieldNotValid => (
            "the receiving machine said that a field of a command is not valid".to_owned(),
            "a password, subaddress or mode is one that it does not take",
            "send without password, subaddress and colour",
        ),
        FaxOutcome::DisconnectedInNegotiation { by } => (
            format!("{} disconnected before the training", machine(*by)),
            "it was stopped, did not get an answer in time, or wants something that the other one does not have",
            "send a plain page in standard mode; look at the display or journal of that machine",
        ),
        FaxOutcome::TrainingUnanswered { rates: tried } => (
            format!("the training at {} was never answered", rates(tried)),
            "the receiving machine did not hear it, or its answer did not get through",
            LINE,
        ),
        FaxOutcome::TrainingFailed { rates: tried } => (
            format!("the training failed at {}", rates(tried)),
            "the page signals arrive damaged: noise, echo, a wrong level, lost packets or clocks that drift apart",
            LINE,
        ),
        FaxOutcome::DisconnectedInTraining { by, rates: tried } => (
            format!(
                "{} disconnected in the training at {}",
                machine(*by),
                rates(tried)
            ),
            "it was stopped, or does not take this sender",
            "look at the display or journal of that machine",
        ),
        FaxOutcome::NoPageAfterTraining { rate } => (
            format!("the training at {rate} bit/s was confirmed, and no page came"),
            "the confirmation did not reach the sender, or the sender has a paper jam",
            REDUNDANCY,
        ),
        FaxOutcome::CallEndedInNegotiation => (
            "the call ended while the machines were agreeing".to_owned(),
            "a machine was stopped, or the connection was cut",
            "look at how the call ended in `tipring history`, and send again",
        ),
        _ => unnamed(),
    }
}

fn page(outcome: &FaxOutcome) -> Row {
    match outcome {
        FaxOutcome::DisconnectedInPage { by, page } => (
            format!("{} disconnected in page {page}", machine(*by)),
            "it was stopped, has no paper or memory left, or lost the signal",
            "look at the display or journal of that machine",
        ),
        FaxOutcome::SignalCut { page, seconds } => (
            format!("page {page} was cut off after {seconds} s"),
            "a gateway on the way ends every signal after 90 s or so",
            "send in standard mode or with error correction, so that no signal is that long; replace that gateway",
        ),
        FaxOutcome::PageNotEnded { page } => (
            format!("page {page} came, and nothing that ends it"),
            "the end of the page was lost, or came too late for the receiver",
            REDUNDANCY,
        ),
        FaxOutcome::PageUnanswered {
            page,
            command,
            times: count,
        } => (
            format!(
                "page {page} is lost: no answer to {command}, which was sent {}",
                times(*count)
            ),
            "the receiver did not hear it, or its answer did not get through",
            REDUNDANCY,
        ),
        FaxOutcome::PageRefused { page, times: count } => (
            format!("page {page} was refused {}", times(*count)),
            "it had too many wrong lines",
            "switch on error correction (ECM) at both machines; if packets were lost, mend the network",
        ),
        FaxOutcome::CorrectionGaveUp { page, frames } => (
            format!(
                "error correction did not bring page {page} through ({frames} frames were asked for again)"
            ),
            "parts of it arrived damaged again and again",
            LINE,
        ),
        FaxOutcome::ReceiverNotReady { page, seconds } => (
            format!("after page {page} the receiver was not ready for {seconds} s"),
            "its memory is full, or it prints too slowly",
            "have somebody look at the receiving machine; send fewer pages at a time",
        ),
        FaxOutcome::InterruptedByOperator { by, page } => (
            format!(
                "somebody at {} asked for the call at page {page}",
                machine(*by)
            ),
            "the button for talking was pressed",
            "send the rest again",
        ),
        FaxOutcome::DisconnectedAfterPage { by, page } => (
            format!(
                "{} disconnected after page {page} instead of confirming it",
                machine(*by)
            ),
            "it was stopped, or has no paper or memory left",
            "look at the display or journal of that machine; page and all before it may have been printed",
        ),
        FaxOutcome::DisconnectedBetweenPages { by, pages: all } => (
            format!(
                "{} disconnected after {} of more",
                machine(*by),
                pages(*all)
            ),
            "it was stopped, has a paper jam, or waited in vain for the next page",
            "look at the display or journal of both machines, and send the rest again",
        ),
        FaxOutcome::CallEndedInPage { page } => (
            format!("the call ended in page {page}"),
            "a machine was switched off or its phone hung up, or the connection was cut",
            "look at how the call ended in `tipring history`, and send again",
        ),
        FaxOutcome::CallEndedAfterPage { page } => (
            format!("the call ended before page {page} was confirmed"),
            "a machine was switched off or its phone hung up, or the connection was cut",
            "look at how the call ended in `tipring history`; the page may have been printed",
        ),
        FaxOutcome::CallEndedBetweenPages { pages: all } => (
            format!("the call ended after {} of more", pages(*all)),
            "a machine was switched off or its phone hung up, or the connection was cut",
            "look at how the call ended in `tipring history`, and send the rest again",
        ),
        _ => unnamed(),
    }
}

/// An outcome that another table has; a test sees to it that none gets here.
fn unnamed() -> Row {
    (String::new(), "", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_outcome_has_its_own_text_and_a_cause_and_a_cure() {
        let mut texts = BTreeSet::new();
        for sample in FaxOutcome::samples() {
            let words = fax(&sample);
            for part in [&words.text, &words.cause, &words.cure] {
                assert!(!part.is_empty(), "{sample:?}: {words:?}");
                assert!(!part.contains("  ") && !part.ends_with('.'), "{words:?}");
            }
            assert!(texts.insert(words.text.clone()), "{words:?} twice");
        }
    }

    #[test]
    fn words_are_those_of_a_technician() {
        let text = |outcome: FaxOutcome| fax(&outcome).text;
        assert_eq!(
            text(FaxOutcome::TrainingUnanswered {
                rates: vec![14_400, 12_000, 9600],
            }),
            "the training at 14400, 12000 and 9600 bit/s was never answered"
        );
        assert_eq!(
            text(FaxOutcome::PageUnanswered {
                page: 2,
                command: "PPS-EOP".into(),
                times: 3,
            }),
            "page 2 is lost: no answer to PPS-EOP, which was sent 3 times"
        );
        assert_eq!(
            text(FaxOutcome::NoFaxAnswered {
                caller: Side::Line,
                seconds: 40,
            }),
            "the fax machine on this line called, and no fax machine answered in 40 s"
        );
        assert_eq!(
            text(FaxOutcome::Complete { pages: 1 }),
            "1 page came through"
        );
    }
}
