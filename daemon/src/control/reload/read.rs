//! Reading the file beside the work: one reading at a time, each after the one before.

use std::path::PathBuf;

use tipring_config::{Config, Machine, Problem, Report};
use tipring_ctl::request::{ErrorCode, ErrorReport, Response};
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

/// Who may wait for a reading.
const WAITING: usize = 16;

/// Who wants the file read again.
#[derive(Debug)]
pub(in crate::control) enum Asked {
    /// SIGHUP: the log is the answer.
    Signal,
    /// The machine has a MAC now that it had not before.
    Machine,
    /// A client.
    Client(oneshot::Sender<Response>),
}

impl Asked {
    /// Logs or sends the outcome.
    pub(super) fn answer(self, response: Response) {
        if let Asked::Client(reply) = self {
            // A client that went away meanwhile needs no answer.
            let _ = reply.send(response);
        }
    }
}

/// What reads.
#[derive(Debug)]
pub(in crate::control) struct Reader {
    asks: mpsc::Sender<(Asked, Machine)>,
    loaded: mpsc::Receiver<(Asked, Result<Config, Report>)>,
}

impl Reader {
    /// Reads `file` (none: as at start without one) when asked.
    pub(in crate::control) fn start(file: Option<PathBuf>) -> Reader {
        let (asks, mut asked) = mpsc::channel(WAITING);
        let (outcomes, loaded) = mpsc::channel(1);
        tokio::task::spawn_local(async move {
            while let Some((asked, machine)) = asked.recv().await {
                let path = file.clone();
                let load = move || tipring_config::load(path.as_deref(), &machine);
                let result = tokio::task::spawn_blocking(load).await;
                let result = result.unwrap_or_else(|error| {
                    let name = file.as_deref().map(|f| f.display().to_string());
                    let name = name.unwrap_or_default();
                    let message = format!("cannot be read: {error}");
                    let problem = Problem::of_file(&name, message, "report this as a bug");
                    Err(Report::new(&name, vec![problem]))
                });
                if outcomes.send((asked, result)).await.is_err() {
                    return;
                }
            }
        });
        Reader { asks, loaded }
    }

    /// Wants the file read, for this machine.
    pub(in crate::control) fn ask(&self, asked: Asked, machine: Machine) {
        if let Err(error) = self.asks.try_send((asked, machine)) {
            warn!("too many reloads at once; one is left out");
            let (asked, _) = error.into_inner();
            asked.answer(refused("too many reloads at once"));
        }
    }

    /// The next reading.
    pub(in crate::control) async fn loaded(&mut self) -> Option<(Asked, Result<Config, Report>)> {
        self.loaded.recv().await
    }
}

/// A reload that does not take place.
pub(super) fn refused(why: &str) -> Response {
    Response::Error(ErrorReport {
        code: ErrorCode::Refused,
        message: format!("the configuration is not read again: {why}"),
        cure: Some("try again later".to_owned()),
    })
}
