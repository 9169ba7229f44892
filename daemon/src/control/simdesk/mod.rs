//! What is done at the simulated phones: control-socket actions, turned into requests to the simulated card, and waiting
//! for what happens there.

mod native;
mod show;
mod wait;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tipring_ctl::report as ctl;
use tipring_ctl::request::{ErrorCode, ErrorReport, Response, SimAction};
use tipring_hal::sim::{self, SimError, SimReply, SimRequest, WorldHandle};
use tokio::sync::mpsc;

use super::socket::Query;
use show::shown;

/// Below this a phone gets silence.
const SILENCE_DBM0: f32 = -60.0;

/// The simulated card, if there is one, and which of its ports is which of ours.
pub struct SimDesk {
    world: Option<Arc<WorldHandle>>,
    /// Number of each of our ports, and its index on the card; `None`: not on the simulated card, or switched off.
    places: RefCell<Vec<(u16, Option<usize>)>>,
}

impl SimDesk {
    /// A desk over a simulated card, or over none.
    pub fn new(world: Option<Arc<WorldHandle>>, places: Vec<(u16, Option<usize>)>) -> Rc<SimDesk> {
        let places = RefCell::new(places);
        Rc::new(SimDesk { world, places })
    }

    /// The ports have other places.
    pub(super) fn seat(&self, places: Vec<(u16, Option<usize>)>) {
        self.places.replace(places);
    }

    /// Carries out an action and answers with the state after it.
    pub async fn act(
        &self,
        port: u16,
        action: SimAction,
        queries: &mpsc::Sender<Query>,
    ) -> Response {
        match self.try_act(port, action, queries).await {
            Ok(snapshot) => Response::Sim(snapshot),
            Err(report) => Response::Error(report),
        }
    }

    async fn try_act(
        &self,
        port: u16,
        action: SimAction,
        queries: &mpsc::Sender<Query>,
    ) -> Result<ctl::SimSnapshot, ErrorReport> {
        let place = self.place(port)?;
        if let SimAction::Wait { until, timeout_ms } = action {
            return self.wait(port, place, &until, timeout_ms, queries).await;
        }
        if let Some(action) = self.native(place, action).await? {
            self.request(SimRequest::port(place, action)).await?;
        }
        self.snapshot(port, place).await
    }

    fn place(&self, port: u16) -> Result<usize, ErrorReport> {
        let places = self.places.borrow();
        let at = places.iter().find(|(number, _)| *number == port);
        match (at.map(|(_, place)| *place), &self.world) {
            (None, _) => Err(report(
                ErrorCode::UnknownPort,
                format!(
                    "the gateway has no port {port}; it has {} ports",
                    places.len()
                ),
                "see `tipring port list`",
            )),
            (Some(Some(place)), Some(_)) => Ok(place),
            _ => Err(report(
                ErrorCode::NotSimulated,
                format!("port {port} is disabled or not on a simulated card"),
                "sim commands need [card] driver = \"sim\" and an enabled port",
            )),
        }
    }

    async fn snapshot(&self, port: u16, place: usize) -> Result<ctl::SimSnapshot, ErrorReport> {
        self.native_snapshot(place).await.map(|s| shown(port, s))
    }

    async fn native_snapshot(&self, place: usize) -> Result<sim::SimSnapshot, ErrorReport> {
        match self
            .request(SimRequest::Snapshot { port: Some(place) })
            .await?
        {
            SimReply::Snapshot(mut all) if !all.is_empty() => Ok(all.swap_remove(0)),
            _ => Err(report(
                ErrorCode::Internal,
                "the simulated card gave an odd answer".into(),
                "report this as a bug",
            )),
        }
    }

    /// The card answers between two of its blocks, so the question waits on a thread of its own.
    async fn request(&self, request: SimRequest) -> Result<SimReply, ErrorReport> {
        let Some(world) = self.world.clone() else {
            return Err(refused(&SimError::Stopped));
        };
        match tokio::task::spawn_blocking(move || world.request(request)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(e)) => Err(refused(&e)),
            Err(_) => Err(refused(&SimError::Stopped)),
        }
    }
}

fn report(code: ErrorCode, message: String, cure: &str) -> ErrorReport {
    ErrorReport {
        code,
        message,
        cure: Some(cure.to_owned()),
    }
}

fn refused(error: &SimError) -> ErrorReport {
    let code = match error {
        SimError::NoSuchPort { .. } => ErrorCode::UnknownPort,
        SimError::File { .. } => ErrorCode::File,
        SimError::WrongState { .. } | SimError::BadValue { .. } => ErrorCode::Refused,
        SimError::Engine { .. } | SimError::Stopped => ErrorCode::Internal,
    };
    let (message, cure) = match error {
        SimError::WrongState {
            port: _, // the card's own count; the client knows its port
            state,
            action,
            cure,
        } => (
            format!("the phone is {state}, so it cannot {action}"),
            Some((*cure).to_owned()),
        ),
        SimError::NoSuchPort { .. }
        | SimError::BadValue { .. }
        | SimError::File { .. }
        | SimError::Engine { .. }
        | SimError::Stopped => (error.to_string(), None),
    };
    ErrorReport {
        code,
        message,
        cure,
    }
}
