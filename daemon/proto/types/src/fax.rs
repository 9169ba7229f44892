//! What became of a fax, as values.
//!
//! Owns: the phases and timers of T.30 by name, and every outcome that there is ([`FaxOutcome`]), and what is kept of a fax
//! ([`FaxRecord`]). Promises: a code keeps its meaning, programs may compare it. Leaves to others: which facts are which outcome (`tipring_proto::t30`), and its
//! words (the table in `tipring-ctl`).

mod cause;
mod memory;
mod record;
mod step;

use serde::{Deserialize, Serialize};

pub use cause::{FaxCause, FaxRelayUse, FaxVerdict};
pub use memory::{FarMemory, FaxAdvice, FaxAdvised, FaxTally, T38Answers, T38Choice, T38Doubt};
pub use record::{
    FaxModem, FaxPath, FaxRecord, FaxSwitch, FaxTransport, SWITCHES as FAX_SWITCHES, Sides,
};

pub use step::{FaxStep, STEPS as FAX_STEPS};

use crate::Side;

crate::words! {
    /// A phase of a fax (T.30 §3).
    #[derive(Default, PartialOrd, Ord)]
    pub enum FaxPhase {
        /// The call is set up, and the machines have not found each other.
        #[default]
        SetUp = "A",
        /// Capabilities and training.
        Negotiation = "B",
        /// A page.
        Page = "C",
        /// After a page: is it there?
        AfterPage = "D",
        /// The end.
        Release = "E",
    }
}

crate::words! {
    /// A timer of T.30 whose end made a machine give up.
    pub enum FaxTimer {
        /// 35 s: the machines do not find each other.
        T1 = "T1",
        /// 6 s: a command does not come.
        T2 = "T2",
        /// 3 s, three times: a response does not come.
        T4 = "T4",
        /// 60 s: the receiver is not ready.
        T5 = "T5",
    }
}

/// What became of a fax. In JSON: `code`, and `parameters` where there are any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "parameters", rename_all = "kebab-case")]
pub enum FaxOutcome {
    /// All pages were confirmed.
    Complete {
        /// How many.
        pages: u32,
    },
    /// All pages came through, some were confirmed as poor (RTP) or refused (RTN), which the sender may have sent again.
    CompleteWithPoorPages {
        /// How many there were.
        pages: u32,
        /// How many of them are poor.
        poor: u32,
    },

    /// No fax signal of either side.
    NoFaxSignal {
        /// In this time.
        seconds: u32,
    },
    /// The call ended before a machine could have said anything.
    EndedBeforeFax {
        /// After this time.
        seconds: u32,
    },
    /// One side called with CNG, and no machine answered: a person, or an answering machine for voice.
    NoFaxAnswered {
        /// The side with the calling machine.
        caller: Side,
        /// In this time.
        seconds: u32,
    },
    /// Both machines called with CNG.
    BothCalling,
    /// An answer tone, and then no fax signal.
    AnswerToneOnly {
        /// Which side it came from.
        from: Side,
    },
    /// An answer tone with phase reversals, and then no fax signal: a data modem.
    ModemAnswered {
        /// Which side it came from.
        from: Side,
    },
    /// Signals at 300 bit/s, and no frame that could be read.
    FramesUnreadable {
        /// From which side.
        from: Side,
        /// Frames with a wrong check sequence.
        bad: u32,
    },
    /// The answering machine named what it can, and the calling one said nothing.
    CallerSilent {
        /// How often it did.
        times: u32,
    },

    /// The answering machine cannot receive: its memory or its paper is used up.
    CannotReceive,
    /// The calling machine gave up when it knew what the other one can.
    NothingInCommon,
    /// The calling machine wanted to fetch a document, and there was none, or it may not.
    PollingRefused,
    /// The receiving machine disconnected after a password or subaddress.
    PasswordRefused,
    /// Commands came back as not understood (CRP), until one side gave up.
    CommandsNotUnderstood {
        /// How often.
        times: u32,
    },
    /// The receiving machine said that a field of a command is not valid (FNV).
    FieldNotValid,
    /// A side disconnected before the training.
    DisconnectedInNegotiation {
        /// Which.
        by: Side,
    },
    /// The training was never answered.
    TrainingUnanswered {
        /// At these rates, bit/s.
        rates: Vec<u32>,
    },
    /// The training failed at every rate that was tried.
    TrainingFailed {
        /// The rates, bit/s.
        rates: Vec<u32>,
    },
    /// The receiving machine disconnected in the training.
    DisconnectedInTraining {
        /// Which side.
        by: Side,
        /// The rates that were tried, bit/s.
        rates: Vec<u32>,
    },
    /// The training was confirmed, and no page came.
    NoPageAfterTraining {
        /// The rate, bit/s.
        rate: u32,
    },

    /// A side disconnected in a page.
    DisconnectedInPage {
        /// Which.
        by: Side,
        /// The page, the first is 1.
        page: u32,
    },
    /// A signal was cut off when it had lasted for some 90 s, as some gateways do.
    SignalCut {
        /// The page, the first is 1.
        page: u32,
        /// How long it had lasted.
        seconds: u32,
    },
    /// A page came, and nothing that ends it.
    PageNotEnded {
        /// The page, the first is 1.
        page: u32,
    },
    /// The end of a page was never answered.
    PageUnanswered {
        /// The page, the first is 1.
        page: u32,
        /// The command, as T.30 calls it.
        command: String,
        /// How often it was sent.
        times: u32,
    },
    /// A page was refused for too many wrong lines, and the sender gave up.
    PageRefused {
        /// The page, the first is 1.
        page: u32,
        /// How often.
        times: u32,
    },
    /// Error correction did not bring a page through.
    CorrectionGaveUp {
        /// The page, the first is 1.
        page: u32,
        /// Frames that were missing in the end.
        frames: u32,
    },
    /// The receiver said that it is not ready until the sender gave up.
    ReceiverNotReady {
        /// The page, the first is 1.
        page: u32,
        /// How long.
        seconds: u32,
    },
    /// Somebody at a machine asked for the call.
    InterruptedByOperator {
        /// At which side.
        by: Side,
        /// The page, the first is 1.
        page: u32,
    },
    /// A side disconnected after a page, before the end was confirmed.
    DisconnectedAfterPage {
        /// Which.
        by: Side,
        /// The page, the first is 1.
        page: u32,
    },
    /// A side disconnected between two pages.
    DisconnectedBetweenPages {
        /// Which.
        by: Side,
        /// Pages that were confirmed.
        pages: u32,
    },

    /// The call ended in the negotiation, without a word.
    CallEndedInNegotiation,
    /// The call ended in a page, without a word.
    CallEndedInPage {
        /// The page, the first is 1.
        page: u32,
    },
    /// The call ended after a page, before it was confirmed.
    CallEndedAfterPage {
        /// The page, the first is 1.
        page: u32,
    },
    /// The call ended between two pages.
    CallEndedBetweenPages {
        /// Pages that were confirmed.
        pages: u32,
    },
}

impl FaxOutcome {
    /// Did all pages come through?
    pub fn is_success(&self) -> bool {
        matches!(
            self,
            Self::Complete { .. } | Self::CompleteWithPoorPages { .. }
        )
    }

    /// Nothing but the answer of a machine that may be a data modem: at a port for modems that is no fax.
    pub fn may_be_modem(&self) -> bool {
        matches!(
            self,
            Self::AnswerToneOnly { .. } | Self::ModemAnswered { .. }
        )
    }

    /// The code in JSON and in the documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Complete { .. } => "complete",
            Self::CompleteWithPoorPages { .. } => "complete-with-poor-pages",
            Self::NoFaxSignal { .. } => "no-fax-signal",
            Self::EndedBeforeFax { .. } => "ended-before-fax",
            Self::NoFaxAnswered { .. } => "no-fax-answered",
            Self::BothCalling => "both-calling",
            Self::AnswerToneOnly { .. } => "answer-tone-only",
            Self::ModemAnswered { .. } => "modem-answered",
            Self::FramesUnreadable { .. } => "frames-unreadable",
            Self::CallerSilent { .. } => "caller-silent",
            Self::CannotReceive => "cannot-receive",
            Self::NothingInCommon => "nothing-in-common",
            Self::PollingRefused => "polling-refused",
            Self::PasswordRefused => "password-refused",
            Self::CommandsNotUnderstood { .. } => "commands-not-understood",
            Self::FieldNotValid => "field-not-valid",
            Self::DisconnectedInNegotiation { .. } => "disconnected-in-negotiation",
            Self::TrainingUnanswered { .. } => "training-unanswered",
            Self::TrainingFailed { .. } => "training-failed",
            Self::DisconnectedInTraining { .. } => "disconnected-in-training",
            Self::NoPageAfterTraining { .. } => "no-page-after-training",
            Self::DisconnectedInPage { .. } => "disconnected-in-page",
            Self::SignalCut { .. } => "signal-cut",
            Self::PageNotEnded { .. } => "page-not-ended",
            Self::PageUnanswered { .. } => "page-unanswered",
            Self::PageRefused { .. } => "page-refused",
            Self::CorrectionGaveUp { .. } => "correction-gave-up",
            Self::ReceiverNotReady { .. } => "receiver-not-ready",
            Self::InterruptedByOperator { .. } => "interrupted-by-operator",
            Self::DisconnectedAfterPage { .. } => "disconnected-after-page",
            Self::DisconnectedBetweenPages { .. } => "disconnected-between-pages",
            Self::CallEndedInNegotiation => "call-ended-in-negotiation",
            Self::CallEndedInPage { .. } => "call-ended-in-page",
            Self::CallEndedAfterPage { .. } => "call-ended-after-page",
            Self::CallEndedBetweenPages { .. } => "call-ended-between-pages",
        }
    }

    /// One of each, for tests and documentation.
    pub fn samples() -> Vec<FaxOutcome> {
        let rates = || vec![14_400, 9600];
        let (by, from, caller) = (Side::Network, Side::Network, Side::Line);
        vec![
            Self::Complete { pages: 3 },
            Self::CompleteWithPoorPages { pages: 3, poor: 1 },
            Self::NoFaxSignal { seconds: 40 },
            Self::EndedBeforeFax { seconds: 12 },
            Self::NoFaxAnswered {
                caller,
                seconds: 40,
            },
            Self::BothCalling,
            Self::AnswerToneOnly { from },
            Self::ModemAnswered { from },
            Self::FramesUnreadable { from, bad: 7 },
            Self::CallerSilent { times: 9 },
            Self::CannotReceive,
            Self::NothingInCommon,
            Self::PollingRefused,
            Self::PasswordRefused,
            Self::CommandsNotUnderstood { times: 3 },
            Self::FieldNotValid,
            Self::DisconnectedInNegotiation { by },
            Self::TrainingUnanswered { rates: rates() },
            Self::TrainingFailed { rates: rates() },
            Self::DisconnectedInTraining { by, rates: rates() },
            Self::NoPageAfterTraining { rate: 14_400 },
            Self::DisconnectedInPage { by, page: 2 },
            Self::SignalCut {
                page: 2,
                seconds: 90,
            },
            Self::PageNotEnded { page: 2 },
            Self::PageUnanswered {
                page: 2,
                command: "PPS-EOP".into(),
                times: 3,
            },
            Self::PageRefused { page: 2, times: 1 },
            Self::CorrectionGaveUp {
                page: 2,
                frames: 17,
            },
            Self::ReceiverNotReady {
                page: 2,
                seconds: 60,
            },
            Self::InterruptedByOperator { by, page: 2 },
            Self::DisconnectedAfterPage { by, page: 2 },
            Self::DisconnectedBetweenPages { by, pages: 2 },
            Self::CallEndedInNegotiation,
            Self::CallEndedInPage { page: 2 },
            Self::CallEndedAfterPage { page: 2 },
            Self::CallEndedBetweenPages { pages: 2 },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_code_and_comes_back() {
        let mut codes = std::collections::BTreeSet::new();
        for outcome in FaxOutcome::samples() {
            let json = serde_json::to_value(&outcome).unwrap();
            assert_eq!(json["code"], outcome.code());
            assert!(codes.insert(json["code"].to_string()), "{json}");
            assert_eq!(serde_json::from_value::<FaxOutcome>(json).unwrap(), outcome);
        }
        let failures = FaxOutcome::samples()
            .iter()
            .filter(|o| !o.is_success())
            .count();
        assert_eq!((codes.len(), failures), (35, 33));
    }
}
