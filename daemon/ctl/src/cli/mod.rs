//! From the command line to an exit code.

mod args;
mod callmanager;
mod complete;
mod config;
mod explain;
mod fax;
mod hardware;
mod history;
mod manual;
mod output;
mod record;
mod reload;
mod remote;
mod render;
mod replay;
mod setup;
mod sim;
mod status;
mod watch;
mod whole_file;

use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue};

use args::{Args, CallCommand, Command, ConfigCommand, PortCommand, ServerCommand, Trace};
use output::{Failure, Out};
use remote::Remote;
use tipring_ctl::request::{Request, Response};

/// Exit codes; also in `--help` and the manual.
pub(crate) mod exit {
    /// The command failed, or its answer is no.
    pub(crate) const FAILED: u8 = 1;
    /// Bad usage.
    pub(crate) const USAGE: u8 = 2;
    /// The daemon is not reachable.
    pub(crate) const UNREACHABLE: u8 = 3;
    /// Timed out.
    pub(crate) const TIMED_OUT: u8 = 4;
    /// Bad configuration.
    pub(crate) const BAD_CONFIG: u8 = tipring_config::EXIT_BAD_CONFIG;
}

pub(crate) fn main() -> ExitCode {
    complete::answer();
    let typed: Vec<_> = std::env::args_os().collect();
    if typed.len() == 1 {
        Out::new(false, args::When::Never).advice(args::SHORT_HELP.trim_end());
        return exit::USAGE.into();
    }
    let args = match Args::try_parse_from(args::completed(typed)) {
        Ok(args) => args,
        Err(mut e) if e.use_stderr() => {
            usage_without_socket(&mut e);
            let wants_json = |arg: std::ffi::OsString| arg == "--json";
            if std::env::args_os().skip(1).any(wants_json) {
                let out = Out::new(true, args::When::Never);
                return out.failure(&Failure::usage(&e.render().to_string()));
            }
            // Without standard error the exit code shows it.
            let _ = e.print();
            return exit::USAGE.into();
        }
        // Help and version.
        Err(e) => {
            let out = Out::new(false, args::When::Auto);
            let text = e.render();
            let written = if out.paint().colour {
                out.raw(&text.ansi().to_string())
            } else {
                out.raw(&text.to_string())
            };
            return match written {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => out.failure(&failure),
            };
        }
    };
    let out = Out::new(args.json, args.color);
    match run(&args, &out) {
        Ok(code) => code,
        Err(failure) => out.failure(&failure),
    }
}

/// An option that the environment sets counts as given for clap, which shows it in the usage as if it had to be.
fn usage_without_socket(error: &mut clap::Error) {
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        if usage.contains(SOCKET) {
            let usage = usage.replace(SOCKET, "[OPTIONS]");
            error.insert(ContextKind::Usage, ContextValue::StyledStr(usage.into()));
        }
    }
}

/// How clap shows it.
const SOCKET: &str = "--socket <PATH>";

/// What a line test may need beside the measurement, until the daemon gives it up by itself.
const LINE_TEST_MARGIN_S: u64 = 5;

fn run(args: &Args, out: &Out) -> Result<ExitCode, Failure> {
    let remote = Remote::new(&args.socket, args.timeout);
    match &args.command {
        Command::Status(args) if args.check => status::check(&remote, out),
        Command::Status(args) if args.nagios => status::nagios(&remote, out),
        Command::Status(_) => ask(&remote, out, Request::Status),
        Command::Reload => reload::run(&remote, out),
        Command::Port(PortCommand::List) => ask(&remote, out, Request::PortList),
        Command::Port(PortCommand::Show { port }) => {
            ask(&remote, out, Request::PortShow { port: *port })
        }
        Command::Port(PortCommand::Test { port, seconds }) => test(&remote, out, *port, *seconds),
        Command::Port(PortCommand::Restart { port, force }) => restart(&remote, out, *port, *force),
        Command::Port(PortCommand::Watch(watch)) => watch::port(&remote, out, watch),
        Command::Server(ServerCommand::List) => ask(&remote, out, Request::ServerList),
        Command::Server(ServerCommand::Retry { server }) => {
            let server = server.clone();
            ask(&remote, out, Request::ServerRetry { server })
        }
        Command::Server(ServerCommand::Prefer { server, .. }) => {
            let server = server.clone();
            ask(&remote, out, Request::ServerPrefer { server })
        }
        Command::Call(CallCommand::List) => ask(&remote, out, Request::CallList),
        Command::Call(CallCommand::Show { id }) => ask(&remote, out, Request::CallShow { id: *id }),
        Command::Explain(args) => explain::run(&remote, out, args),
        Command::History(args) => history::run(&remote, out, args),
        Command::Fax(command) => fax::run(&remote, out, command),
        Command::Trace(Trace {
            last: Some(port), ..
        }) => ask(&remote, out, Request::TraceLast { port: *port }),
        Command::Trace(trace) => watch::trace(&remote, out, trace),
        Command::Sim { port, action } => sim::run(&remote, out, *port, action),
        Command::Config(ConfigCommand::Check { file, countries }) => {
            config::check(out, file.as_deref(), countries.as_deref())
        }
        Command::Config(ConfigCommand::Show {
            port,
            config,
            countries,
        }) => config::show(out, *port, config.as_deref(), countries.as_deref()),
        Command::Config(ConfigCommand::Sample) => {
            out.raw(&tipring_config::schema::sample())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Hardware(args) => hardware::run(out, args),
        Command::Setup(args) => setup::run(out, args),
        Command::Callmanager(args) => callmanager::run(out, args),
        Command::Replay(args) => replay::run(&remote, out, args),
        Command::Completions { shell } => {
            complete::script(out, *shell)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Man { dir } => manual::write(out, dir),
    }
}

/// One question, one answer.
fn ask(remote: &Remote, out: &Out, request: Request) -> Result<ExitCode, Failure> {
    let answer = remote.ask(request)?;
    show(out, &answer)?;
    Ok(ExitCode::SUCCESS)
}

/// A line test: the answer is no when the line is not good, or not measured.
fn test(remote: &Remote, out: &Out, port: u16, seconds: u8) -> Result<ExitCode, Failure> {
    let takes = std::time::Duration::from_secs(u64::from(seconds) + LINE_TEST_MARGIN_S);
    let request = Request::PortTest { port, seconds };
    let answer = remote.connect()?.ask_for(request, takes)?;
    show(out, &answer)?;
    Ok(match answer {
        Response::LineTest(report) if !report.is_good() => exit::FAILED.into(),
        _ => ExitCode::SUCCESS,
    })
}

/// Ports register again: the answer is no when one was left alone because it is in a call.
fn restart(
    remote: &Remote,
    out: &Out,
    args::PortChoice(port): args::PortChoice,
    force: bool,
) -> Result<ExitCode, Failure> {
    let answer = remote.ask(Request::PortRestart { port, force })?;
    show(out, &answer)?;
    Ok(match answer {
        Response::Restart(report) if !report.left_alone.is_empty() => exit::FAILED.into(),
        _ => ExitCode::SUCCESS,
    })
}

/// Shows an answer as text or JSON.
pub(crate) fn show(out: &Out, answer: &Response) -> Result<(), Failure> {
    match answer {
        Response::Done => Ok(()),
        Response::Status(report) => out.report(report, |paint| render::status(paint, report)),
        Response::Ports { ports } => out.report(ports, |paint| render::port_list(paint, ports)),
        Response::Port(report) => out.report(report, |paint| render::port(paint, report)),
        Response::LineTest(report) => out.report(report, |paint| render::line_test(paint, report)),
        Response::Restart(report) => out.report(report, |paint| render::restart(paint, report)),
        Response::Servers { servers } => {
            out.report(servers, |paint| render::server_list(paint, servers))
        }
        Response::Calls(report) => out.report(report, |paint| render::call_list(paint, report)),
        Response::Call(report) => out.report(report, |paint| render::call(paint, report)),
        Response::History(report) => out.report(report, |paint| {
            render::history(paint, tipring_store::What::All, report)
        }),
        Response::FaxMemory(report) => {
            out.report(report, |paint| render::fax_memory(paint, report))
        }
        Response::Trace { events } => out.report(events, |paint| {
            events.iter().map(|e| render::trace(paint, e)).collect()
        }),
        Response::Reload(report) => out.report(report, |paint| render::reload(paint, report)),
        Response::Sim(report) => out.report(report, |paint| render::sim(paint, report)),
        Response::BadConfiguration(_) => Err(remote::unexpected(answer)),
        Response::Error(report) => Err(Failure::refused(report.clone())),
    }
}
