//! What the control socket asks.

use tipring_ctl::request::{ErrorCode, ErrorReport, Request, Response};
use tokio::sync::oneshot;

use super::Gateway;
use super::reload::Asked;
use super::socket::Query;

impl Gateway {
    pub(super) fn query(&mut self, query: Query) {
        match query {
            Query::Ask(Request::Reload, reply) => {
                self.reload
                    .reader
                    .ask(Asked::Client(reply), self.machine.identity.machine());
            }
            Query::Ask(Request::History(question), reply) => self.history.ask(question, reply),
            Query::Ask(Request::PortTest { port, seconds }, reply) => {
                self.test_line(port, seconds, reply);
            }
            Query::Ask(Request::PortRestart { port, force }, reply) => {
                answer_to(reply, self.restart_ports(port, force));
            }
            Query::Ask(Request::FaxMemory(action), reply) => {
                answer_to(reply, self.fax_memory(action));
            }
            Query::Ask(Request::ServerRetry { server }, reply) => {
                answer_to(reply, self.retry_servers(server.as_deref()));
            }
            Query::Ask(Request::ServerPrefer { server }, reply) => {
                answer_to(reply, self.prefer_server(server.as_deref()));
            }
            Query::Ask(request, reply) => answer_to(reply, self.answer(request)),
            Query::Subscribe(wish, events, reply) => {
                let unknown = wish
                    .ports
                    .iter()
                    .find(|p| !self.ports.iter().any(|u| u.number == **p));
                let response = match unknown {
                    Some(port) => self.no_port(*port),
                    None => self.tracers.add(wish, events).map_or_else(
                        || Response::Done,
                        |most| Response::Error(too_many_captures(most)),
                    ),
                };
                answer_to(reply, response);
            }
        }
    }

    fn answer(&self, request: Request) -> Response {
        let now = self.clock.now();
        match request {
            Request::Status => Response::Status(self.status(now)),
            Request::PortList => Response::Ports {
                ports: self.port_list(now),
            },
            Request::PortShow { port } => match self.ports.iter().find(|u| u.number == port) {
                Some(unit) => Response::Port(Box::new(self.port_detail(now, unit))),
                None => self.no_port(port),
            },
            Request::TraceLast { port } if !self.ports.iter().any(|u| u.number == port) => {
                self.no_port(port)
            }
            Request::TraceLast { port } => Response::Trace {
                events: self.tracers.last(port),
            },
            Request::ServerList => self.server_list(),
            Request::CallList => Response::Calls(self.call_list(now)),
            Request::CallShow { id } => self.call_detail(now, id).map_or_else(
                || {
                    Response::Error(ErrorReport {
                        code: ErrorCode::UnknownCall,
                        message: format!("no call {id} is up or remembered"),
                        cure: Some("see `tipring call list`".to_owned()),
                    })
                },
                Response::Call,
            ),
            Request::Reload
            | Request::History(_)
            | Request::FaxMemory(_)
            | Request::Trace { .. }
            | Request::Capture { .. }
            | Request::PortTest { .. }
            | Request::PortRestart { .. }
            | Request::ServerRetry { .. }
            | Request::ServerPrefer { .. }
            | Request::Sim { .. } => Response::Error(ErrorReport {
                code: ErrorCode::Internal,
                message: "this request went to the wrong desk".to_owned(),
                cure: Some("report this as a bug".to_owned()),
            }),
        }
    }

    pub(super) fn no_port(&self, port: u16) -> Response {
        Response::Error(ErrorReport {
            code: ErrorCode::UnknownPort,
            message: format!(
                "the gateway has no port {port}; it has {} ports",
                self.ports.len()
            ),
            cure: Some("see `tipring port list`".to_owned()),
        })
    }
}

fn too_many_captures(most: usize) -> ErrorReport {
    ErrorReport {
        code: ErrorCode::Refused,
        message: format!("{most} captures run already, and the gateway makes no more at a time"),
        cure: Some("end one of them (`tipring trace --capture`)".to_owned()),
    }
}

fn answer_to(reply: oneshot::Sender<Response>, response: Response) {
    // A client that went away meanwhile needs no answer.
    let _ = reply.send(response);
}
