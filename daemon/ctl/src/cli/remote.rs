//! The daemon at the other end of the socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tipring_ctl::client::Client;
use tipring_ctl::report::SimSnapshot;
use tipring_ctl::request::{Request, Response, SimAction};

use super::output::Failure;

/// How to reach the daemon.
pub(crate) struct Remote {
    socket: PathBuf,
    timeout: Duration,
}

/// A connection.
pub(crate) struct Session {
    client: Client,
    timeout: Duration,
}

impl Remote {
    pub(crate) fn new(socket: &Path, timeout: Duration) -> Remote {
        Remote {
            socket: socket.to_owned(),
            timeout,
        }
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(crate) fn connect(&self) -> Result<Session, Failure> {
        let client = Client::connect(&self.socket, self.timeout)?;
        Ok(Session {
            client,
            timeout: self.timeout,
        })
    }

    /// One question on a connection of its own.
    pub(crate) fn ask(&self, request: Request) -> Result<Response, Failure> {
        self.connect()?.ask(request)
    }
}

impl Session {
    pub(crate) fn ask(&mut self, request: Request) -> Result<Response, Failure> {
        self.ask_for(request, Duration::ZERO)
    }

    /// Asks something that takes the daemon this time by itself.
    pub(crate) fn ask_for(
        &mut self,
        request: Request,
        takes: Duration,
    ) -> Result<Response, Failure> {
        Ok(self
            .client
            .request(request, self.timeout.saturating_add(takes))?)
    }

    /// Acts on a simulated phone.
    pub(crate) fn sim(&mut self, port: u16, action: SimAction) -> Result<SimSnapshot, Failure> {
        let takes = match &action {
            SimAction::Wait { timeout_ms, .. } => Duration::from_millis(*timeout_ms),
            _ => Duration::ZERO,
        };
        match self.ask_for(Request::Sim { port, action }, takes)? {
            Response::Sim(snapshot) => Ok(snapshot),
            other => Err(unexpected(&other)),
        }
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// An answer that does not fit the question.
pub(crate) fn unexpected(_answer: &Response) -> Failure {
    Failure::failed(
        "the daemon answered something that was not asked".to_owned(),
        "use the tipring command of the daemon's version",
    )
}
