//! A question to the store whose answer is needed once: asked, looked for, and asked again, ever less often, until it is there.

use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use tipring_proto::time::Time;
use tipring_store::{History, Keeper, Query, StoreError};

/// From a question that failed to the next try: twice as long after each, and at most.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(300);

/// Takes the answer of the store, on its thread.
type Reply = Box<dyn FnOnce(Result<History, StoreError>) + Send>;

/// The question, and how far it is.
#[derive(Debug, Default)]
pub(super) struct Asked {
    question: Query,
    state: State,
    pause: Duration,
}

#[derive(Debug, Default)]
enum State {
    /// The answer was given, or there is nothing to ask.
    #[default]
    Answered,
    Waiting(Receiver<History>),
    /// To be asked at this time.
    Wanted(Time),
}

impl Asked {
    /// To be asked with the first look.
    pub(super) fn new(question: Query) -> Asked {
        Asked {
            question,
            state: State::Wanted(Time::ZERO),
            pause: AGAIN,
        }
    }

    /// Was the answer given?
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.state, State::Answered)
    }

    /// Asks when it is time for it. The answer, once.
    pub(super) fn look(&mut self, now: Time, keeper: Option<&Keeper>) -> Option<History> {
        self.look_with(now, |question, reply| {
            if let Some(keeper) = keeper {
                keeper.ask(question, reply);
            }
        })
    }

    fn look_with(&mut self, now: Time, ask: impl FnOnce(Query, Reply)) -> Option<History> {
        if let State::Waiting(answer) = &self.state {
            match answer.try_recv() {
                Ok(history) => {
                    self.state = State::Answered;
                    return Some(history);
                }
                Err(TryRecvError::Empty) => return None,
                // It was refused, or the store's thread has ended.
                Err(TryRecvError::Disconnected) => {
                    self.state = State::Wanted(now + self.pause);
                    self.pause = (self.pause * 2).min(AGAIN_MAX);
                }
            }
        }
        if let State::Wanted(at) = self.state
            && now >= at
        {
            let (found, answer) = channel();
            self.state = State::Waiting(answer);
            let reply = move |answer| {
                if let Ok(history) = answer {
                    // A daemon that has ended meanwhile needs none.
                    let _ = found.send(history);
                }
            };
            ask(self.question.clone(), Box::new(reply));
        }
        None
    }

    /// Asked already: the answer comes here.
    #[cfg(test)]
    pub(super) fn waiting(answer: Receiver<History>) -> Asked {
        Asked {
            state: State::Waiting(answer),
            ..Asked::new(Query::default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Result<History, StoreError> {
        Err(StoreError::Busy { cause: "a trial" })
    }

    /// Looks at each second up to this one, and lets every question be refused; when it was asked.
    fn asked_at(asked: &mut Asked, seconds: std::ops::Range<u64>) -> Vec<u64> {
        let mut times = vec![];
        for s in seconds {
            let now = Time::from_millis(s * 1000);
            let found = asked.look_with(now, |_, reply| {
                times.push(s);
                reply(refused());
            });
            assert_eq!(found, None);
        }
        times
    }

    #[test]
    fn a_question_that_fails_is_asked_again_ever_less_often_and_answered_once() {
        let mut asked = Asked::new(Query::default());
        assert!(!asked.is_answered());
        // The refusal is noticed a second later: the pauses are 1, 2, 4 s from there.
        assert_eq!(asked_at(&mut asked, 1..20), [1, 3, 6, 11]);
        let long = asked_at(&mut asked, 20..5000);
        let last = long.len() - 1;
        assert_eq!(long[last] - long[last - 1], AGAIN_MAX.as_secs() + 1);
        let mut given = None;
        let later = Time::from_millis(9_000_000);
        asked.look_with(later, |_, _| ());
        asked.look_with(later + AGAIN_MAX, |_, reply| given = Some(reply));
        asked.look_with(later + AGAIN_MAX * 2, |_, reply| given = Some(reply));
        given.expect("asked")(Ok(History::default()));
        let last = later + AGAIN_MAX * 3;
        assert!(asked.look_with(last, |_, _| ()).is_some());
        assert!(asked.is_answered());
        assert_eq!(asked.look_with(last, |_, _| panic!("asked again")), None);
    }

    #[test]
    fn one_that_waits_for_its_answer_is_not_asked_twice() {
        let mut asked = Asked::new(Query::default());
        let mut replies = vec![];
        for s in 1..100 {
            asked.look_with(Time::from_millis(s * 1000), |_, reply| replies.push(reply));
        }
        assert_eq!(replies.len(), 1);
    }
}
