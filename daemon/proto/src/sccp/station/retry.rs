//! Which server is tried next, and when.

use std::time::Duration;

use super::backoff::Backoff;
use super::connection::STABLE;
use super::{CloseReason, LostReason, RejectCause, RetryPolicy, StationConfig};
use crate::sccp::message::ResetKind;

/// How the last connection to a CallManager ended.
#[derive(Debug)]
pub(super) struct Ended<'a> {
    pub(super) server: usize,
    pub(super) reason: &'a LostReason,
    /// How long the device was registered; none: it was not.
    pub(super) lived: Option<Duration>,
    /// The better server for which this one was left.
    pub(super) returning_to: Option<usize>,
}

impl Ended<'_> {
    fn was_stable(&self) -> bool {
        self.lived.is_some_and(|lived| lived >= STABLE)
    }

    /// The server did not answer, or not any more. Not one that answers and drops the device soon: it gets the growing
    /// wait.
    fn without_an_answer(&self) -> bool {
        let silent = match self.reason {
            // Whatever it did before, this is not its doing.
            LostReason::Closed(CloseReason::TimedOut | CloseReason::AddressGone(_))
            | LostReason::KeepaliveLost { .. } => return true,
            LostReason::Connect(_)
            | LostReason::Closed(_)
            | LostReason::RegisterTimeout
            | LostReason::Rejected {
                cause: RejectCause::ReloadInProgress,
                ..
            } => true,
            LostReason::Rejected { .. }
            | LostReason::TokenRefused { .. }
            | LostReason::BadFrame { .. }
            | LostReason::Reset(_)
            | LostReason::ReturnToPreferred
            | LostReason::Reconfigured
            | LostReason::Restarted
            | LostReason::Stopped => false,
        };
        silent && (self.lived.is_none() || self.was_stable())
    }
}

/// The choice of the next server.
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) backoff: Backoff,
    /// Servers that failed since the last wait.
    tried: usize,
    /// The wait for the next try is because servers did not answer, and not because one wished it.
    unanswered: bool,
}

impl Retry {
    pub(super) fn new(policy: RetryPolicy) -> Retry {
        Retry {
            backoff: Backoff::new(policy),
            tried: 0,
            unanswered: false,
        }
    }

    /// Other waits; the growing one begins again.
    pub(super) fn set_policy(&mut self, policy: RetryPolicy) {
        self.backoff = Backoff::new(policy);
    }

    /// The list of servers is gone through from its beginning.
    pub(super) fn restart(&mut self) {
        self.tried = 0;
    }

    /// All the others of the list have been tried.
    pub(super) fn is_last_choice(&self, config: &StationConfig) -> bool {
        self.tried + 1 >= config.count()
    }

    /// Nothing has failed yet: the wait that follows is our own wish.
    pub(super) fn forget(&mut self) {
        self.tried = 0;
        self.unanswered = false;
    }

    /// Whether good news of the network or of a server end the wait.
    pub(super) fn waits_for_an_answer(&self) -> bool {
        self.unanswered
    }

    /// Which server next, and after how long.
    pub(super) fn next(&mut self, config: &StationConfig, ended: &Ended<'_>) -> (usize, Duration) {
        self.unanswered = ended.without_an_answer();
        if let Some(better) = ended.returning_to {
            self.tried = 0;
            return (config.this_or_best(better), Duration::ZERO);
        }
        let (servers, best, stable) = (config.count(), config.best(), ended.was_stable());
        if stable {
            self.tried = 0;
            self.backoff.reset();
        }
        match ended.reason {
            LostReason::Reset(kind) => {
                let to = if *kind == ResetKind::RESTART || *kind == ResetKind::APPLY_CONFIG {
                    config.this_or_best(ended.server)
                } else {
                    best
                };
                // All ports are reset in the same moment; and a server that resets us again and again is
                // given the growing wait.
                let wait = if stable {
                    self.backoff.spread()
                } else {
                    self.backoff.next()
                };
                (to, wait)
            }
            // All ports are reconfigured in the same moment.
            LostReason::Reconfigured | LostReason::Restarted => (best, config.start_delay),
            LostReason::Rejected {
                cause: RejectCause::NameHeldByOldConnection,
                ..
            } if servers == 1 => (best, self.backoff.around(config.timing.name_held)),
            // Not its doing; with another address all is well.
            LostReason::Closed(CloseReason::AddressGone(_)) => (best, self.backoff.spread()),
            // The server behaved for long enough: begin with the best again, but not all ports at once.
            LostReason::Closed(
                CloseReason::ByServer | CloseReason::Reset | CloseReason::Other(_),
            ) if stable => (best, self.backoff.spread()),
            // A silent server is not worth a connect timeout: the next one first.
            _ if stable && servers > 1 => {
                self.tried = 1;
                (config.after(ended.server), self.backoff.spread())
            }
            _ if stable => (best, self.backoff.spread()),
            _ => self.after_a_failure(config, ended),
        }
    }

    /// The rest of the list at once (with all the others that lost their server), then a wait that grows.
    fn after_a_failure(&mut self, config: &StationConfig, ended: &Ended<'_>) -> (usize, Duration) {
        self.tried += 1;
        if self.tried < config.count() {
            let wait = match ended.lived {
                Some(_) => self.backoff.spread(),
                None => Duration::ZERO,
            };
            return (config.after(ended.server), wait);
        }
        self.tried = 0;
        let most = match ended.lived {
            None if self.unanswered => config.retry.max_unanswered,
            _ => config.retry.max,
        };
        (config.best(), self.backoff.next_up_to(most))
    }
}
