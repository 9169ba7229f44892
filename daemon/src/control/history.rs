//! What is kept over a restart: finished calls, and findings from their begin to their end.
//!
//! The store's thread writes and reads; here is only what is handed to it, and what it reports.

mod asked;
mod call;
mod far_ends;
mod fax;
mod findings;

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use tipring_config::Config;
use tipring_ctl::report::{Counter, FindingReport, MediaLeg, StoredCall, StoredFinding};
use tipring_ctl::request::{ErrorCode, ErrorReport, Response};
use tipring_proto::call::CallRecord;
use tipring_proto::finding::Finding;
use tipring_proto::sccp::station::StationEvent;
use tipring_proto::time::Time;
use tipring_store::{Entry, Keeper, Limits, News, Place, Query, StoreError};
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::Gateway;
use super::clock::Clock;
use crate::identity::state_file;
use findings::Findings;

/// Findings are looked at this often.
const LOOK: Duration = Duration::from_secs(1);
/// Besides, a port is looked at when its line fails or works again, this often between two such looks: a line that
/// comes and goes all the time is not to fill the history.
const MOST_LOOKS: u8 = 8;
/// A thread that does nothing for this time, though something waits for it, is stalled: its disk does not answer.
const STALLED: Duration = Duration::from_secs(20);
/// The command waits for 5 s by default, and its user is to see why it waits.
const ANSWER: Duration = Duration::from_secs(4);
/// Calls whose final media figures may still come.
const CLOSING: usize = 64;

/// The store, as the control task sees it.
#[derive(Default)]
pub struct HistoryDesk {
    keeper: Option<Keeper>,
    /// Why nothing is kept at present.
    trouble: Option<StoreError>,
    /// The thread's count of turns, and since when it is that.
    turns: (u64, Time),
    stalled: bool,
    is_started: bool,
    looked: Option<Time>,
    findings: Findings,
    /// Looks at each port since the last look at all.
    looks: HashMap<u16, u8>,
    closing: VecDeque<StoredCall>,
    /// For each port the CallManager that registered it last: a call may outlive the registration.
    servers: HashMap<u16, String>,
    faxes: fax::Faxes,
    far_ends: far_ends::FarEnds,
    /// Limits that the full queue had no room for yet.
    limits: Option<Limits>,
}

impl HistoryDesk {
    /// Starts to keep the history of the daemon with this control socket.
    pub fn start(config: &Config, socket: &Path) -> HistoryDesk {
        let group = config.control.group.as_deref();
        let place = Place {
            file: state_file(socket, tipring_store::FILE),
            group: group.and_then(tipring_linux::group_id),
        };
        let wall = || u64::try_from(Clock.wall().as_millis()).unwrap_or(u64::MAX);
        let keeper = Keeper::start(place, limits(config), wall);
        if let Err(error) = &keeper {
            warn!(%error, "no thread to keep the history: calls and findings are forgotten at the end");
        }
        let keeper = keeper.ok();
        HistoryDesk {
            faxes: fax::Faxes::start(keeper.as_ref()),
            far_ends: far_ends::FarEnds::start(keeper.as_ref()),
            keeper,
            is_started: true,
            ..HistoryDesk::default()
        }
    }

    /// Other limits.
    pub(super) fn limit(&mut self, config: &Config) {
        self.limits = Some(limits(config));
        self.pass_limits();
    }

    fn pass_limits(&mut self) {
        if let (Some(limits), Some(keeper)) = (self.limits, &self.keeper)
            && keeper.limit(limits)
        {
            self.limits = None;
        }
    }

    fn run(&self) -> u64 {
        self.keeper.as_ref().map_or(0, Keeper::run)
    }

    fn keep(&self, entry: impl Into<Entry>) {
        if let Some(keeper) = &self.keeper {
            keeper.keep(entry.into());
        }
    }

    /// A call is over.
    fn call(&mut self, call: StoredCall) {
        if self.closing.len() >= CLOSING {
            self.closing.pop_front();
        }
        self.keep(call.clone());
        self.closing.push_back(call);
    }

    /// The final figures of a finished call's media.
    pub(super) fn figures(&mut self, id: u64, media: &[MediaLeg]) {
        if let Some(call) = self.closing.iter_mut().rev().find(|c| c.id == id) {
            call::figures(call, media);
            let call = call.clone();
            self.keep(call);
        }
    }

    /// What is wrong with a port, or of the gateway, as they are now.
    fn see(&mut self, at_ms: u64, port: Option<u16>, found: &[FindingReport]) {
        let run = self.run();
        for finding in self.findings.see(run, at_ms, port, found) {
            log(&finding);
            self.keep(finding);
        }
    }

    /// The daemon ends: nothing is looked at any more.
    fn end(&mut self, at_ms: u64) {
        let run = self.run();
        for finding in self.findings.end(run, at_ms) {
            self.keep(finding);
        }
    }

    /// Answers a question as soon as the store's thread has.
    pub(super) fn ask(&self, question: Query, reply: oneshot::Sender<Response>) {
        let Some(keeper) = &self.keeper else {
            let cause = "its thread could not be started";
            return pass(reply, refused(&StoreError::Busy { cause }));
        };
        let (answers, answered) = oneshot::channel();
        keeper.ask(question, move |answer| {
            // A client that went away meanwhile needs no answer.
            let _ = answers.send(answer);
        });
        tokio::task::spawn_local(async move {
            let cause = "its disk does not answer";
            let answer = match tokio::time::timeout(ANSWER, answered).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) | Err(_) => Err(StoreError::Busy { cause }),
            };
            pass(
                reply,
                match answer {
                    Ok(history) => Response::History(Box::new(history)),
                    Err(why) => refused(&why),
                },
            );
        });
    }

    /// Takes note of what the store's thread reports.
    fn look(&mut self, now: Time) {
        self.pass_limits();
        self.faxes.look(now, self.keeper.as_ref());
        self.look_at_far_ends(now);
        let Some(keeper) = &self.keeper else { return };
        let counts = keeper.counts();
        // The first look has nothing to compare with.
        let is_first = self.turns.1 == Time::ZERO;
        if is_first || counts.queued == 0 || counts.turns != self.turns.0 {
            self.turns = (counts.turns, now);
        }
        let stalled = now - self.turns.1 >= STALLED;
        if stalled && !self.stalled {
            warn!("the history's disk does not answer: calls and findings wait, and then are lost");
        }
        self.stalled = stalled;
        let news: Vec<News> = keeper.news().collect();
        for news in news {
            self.news(now, news);
        }
    }

    fn news(&mut self, now: Time, news: News) {
        match news {
            News::Aside { now: name, why } => {
                let finding = FindingReport::gateway(Finding::HistorySetAside {
                    file: name.display().to_string(),
                    reason: why.to_string(),
                });
                warn!(
                    code = finding.code(),
                    cure = finding.cure,
                    "{}",
                    finding.what()
                );
                let run = self.run();
                let note = self.findings.note(run, Clock.unix_ms(now), &finding);
                self.keep(note);
            }
            News::Trouble(why) => {
                self.trouble = Some(why);
                if let Some(finding) = self.finding().map(FindingReport::gateway) {
                    warn!(
                        code = finding.code(),
                        cure = finding.cure,
                        "{}",
                        finding.what()
                    );
                }
            }
            News::Recovered => {
                info!("the history of calls and findings is kept again");
                self.trouble = None;
            }
        }
    }

    /// Why nothing is kept.
    pub(super) fn finding(&self) -> Option<Finding> {
        let not_writable = |file: &str, reason: &str| Finding::HistoryNotWritable {
            file: file.to_owned(),
            reason: reason.to_owned(),
        };
        if self.keeper.is_none() && self.is_started {
            return Some(not_writable(
                tipring_store::FILE,
                "its thread could not be started",
            ));
        }
        if self.stalled {
            return Some(Finding::HistoryStalled);
        }
        Some(match self.trouble.as_ref()? {
            StoreError::Full { file } => Finding::HistoryDiskFull { file: file.clone() },
            StoreError::InUse { file } => Finding::HistoryInUse { file: file.clone() },
            StoreError::NotOurs { file, what } => not_writable(file, &format!("it {what}")),
            StoreError::Refused { file, cause } | StoreError::Broken { file, cause } => {
                not_writable(file, cause)
            }
            other @ (StoreError::Newer { file, .. } | StoreError::Missing { file }) => {
                not_writable(file, &other.to_string())
            }
            StoreError::Busy { .. } => Finding::HistoryStalled,
        })
    }

    /// For status.
    pub(super) fn counters(&self) -> [Counter; 2] {
        let counts = self.keeper.as_ref().map(Keeper::counts).unwrap_or_default();
        [
            Counter::new(
                "history-kept",
                counts.kept,
                "records",
                "calls, faxes, findings and far ends written to the history",
            ),
            Counter::new(
                "history-lost",
                counts.lost,
                "records",
                "calls, faxes, findings and far ends that are lost: the disk took nothing, or too slowly; look at the findings and at the disk's free space",
            ),
        ]
    }
}

/// Findings of a call or a phone: nothing else in the log says that they begin and end.
const LOGGED: [&str; 3] = ["one-way-audio", "off-hook-lockout", "server-unresponsive"];

fn log(finding: &StoredFinding) {
    let Some(port) = finding.port.filter(|_| LOGGED.contains(&&*finding.code)) else {
        return;
    };
    let (code, what) = (&finding.code, &finding.text);
    match finding.ended_unix_ms {
        None => warn!(port, code, "{what}"),
        Some(end) => {
            let lasted_s = end.saturating_sub(finding.begun_unix_ms) / 1000;
            info!(port, code, lasted_s, "over: {what}");
        }
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        keep_days: config.history.keep_days,
        max_bytes: u64::from(config.history.max_mb) << 20,
    }
}

fn refused(why: &StoreError) -> Response {
    Response::Error(ErrorReport {
        code: ErrorCode::File,
        message: why.to_string(),
        cure: Some(why.cure().to_owned()),
    })
}

fn pass(reply: oneshot::Sender<Response>, response: Response) {
    let _ = reply.send(response);
}

impl Gateway {
    /// With a history.
    #[must_use]
    pub fn with_history(self, history: HistoryDesk) -> Gateway {
        Gateway { history, ..self }
    }

    /// Keeps a call that is over.
    pub(super) fn keep_call(
        &mut self,
        index: usize,
        id: u64,
        record: &CallRecord,
        media: &[MediaLeg],
    ) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let mut kept = StoredCall {
            run: self.history.run(),
            id,
            server: self.history.servers.get(&unit.number).cloned(),
            ..call::stored(self.clock, unit, record)
        };
        call::figures(&mut kept, media);
        let port = unit.number;
        self.history.call(kept);
        self.fax_call_over(port, id, record);
    }

    /// The CallManager of a port is another one.
    pub(super) fn note_server(&mut self, index: usize, event: &StationEvent) {
        if let StationEvent::Registered { server, .. } = event
            && let Some(unit) = self.ports.get(index)
            && let Some(address) = self.signalling.servers.address(*server)
        {
            self.history.servers.insert(unit.number, address);
        }
    }

    /// Once a second: which findings there are, and how the store does.
    pub(super) fn history_turn(&mut self, now: Time) {
        let early = self.history.looked.is_some_and(|at| now - at < LOOK);
        if early || self.stopping {
            return;
        }
        self.history.looked = Some(now);
        self.history.looks.clear();
        self.history.look(now);
        self.keep_waiting_faxes(now, fax::WITHOUT_CALL);
        let at_ms = self.clock.unix_ms(now);
        let gateway = self.findings();
        self.history.see(at_ms, None, &gateway);
        for index in 0..self.ports.len() {
            self.keep_findings_of(now, index);
        }
    }

    /// The line of a port has failed, or works again: what was wrong for a moment only is kept as well.
    pub(super) fn line_changed(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get(index).filter(|_| !self.stopping) else {
            return;
        };
        let looks = self.history.looks.entry(unit.number).or_default();
        if *looks < MOST_LOOKS {
            *looks += 1;
            self.keep_findings_of(now, index);
        }
    }

    fn keep_findings_of(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let (number, station, logic) = (unit.number, unit.station(), unit.call_logic());
        let found = self.port_findings(now, unit, &station, &logic);
        let at_ms = self.clock.unix_ms(now);
        self.history.see(at_ms, Some(number), &found);
    }

    /// The end: a port that unregisters now has no finding because of that.
    pub(super) fn end_history(&mut self, now: Time) {
        let at_ms = self.clock.unix_ms(now);
        self.history.end(at_ms);
    }
}
