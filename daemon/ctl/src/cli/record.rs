//! `trace --capture`: the SCCP messages of ports go into a file that `tipring replay` reads.
//!
//! Owns: a connection to the daemon that brings bytes, on a thread of its own, so that a slow terminal loses none; messages
//! made of the bytes (`messages.rs`); the end, by whatever it comes: the file is whole, or the command says why not.

mod messages;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tipring_ctl::request::{Request, Response};
use tipring_ctl::wire::Event;

use super::args::Trace;
use super::output::{Failure, Out};
use super::remote::{Remote, Session, unexpected};
use super::whole_file::WholeFile;
use super::{exit, replay, watch};
use messages::Messages;

/// How soon an end that is asked for is noticed.
pub(super) const ATTENTION: Duration = Duration::from_millis(100);

/// Follows ports as `trace` does, and records their messages beside.
pub(super) fn run(
    remote: &Remote,
    out: &Out,
    trace: &Trace,
    path: &Path,
) -> Result<ExitCode, Failure> {
    let file = WholeFile::begin(path)?;
    let mut session = remote.connect()?;
    let ports = trace.ports.clone();
    match session.ask(Request::Capture { ports })? {
        Response::Done => {}
        other => return Err(unexpected(&other)),
    }
    let mut messages = Messages::default();
    for (port, version) in versions(remote, &trace.ports)? {
        messages.speaks(port, version);
    }
    let stop = Arc::new(AtomicBool::new(false));
    stop_by_signal(&stop)?;
    let keep = trace.keep_identities;
    out.advice(&format!(
        "recording into {}; end it with Ctrl-C",
        path.display()
    ));
    let recorder = record(session, messages, file, keep, stop.clone());
    let shown = watch::follow(remote, out, trace, &stop);
    stop.store(true, Ordering::Relaxed);
    let recorded = recorder
        .join()
        .map_err(|_| Failure::failed("the recording failed".to_owned(), "report this as a bug"))?;
    match &recorded {
        Ok(remarks) => remarks.iter().for_each(|remark| out.advice(remark)),
        // Both are of interest, and one of them is the result.
        Err(failure) if shown.is_err() => drop(out.failure(failure)),
        Err(_) => {}
    }
    let shown = shown?;
    recorded.map(|_| shown)
}

/// The version in use at each port, for a registration is not in what is recorded after it.
fn versions(remote: &Remote, ports: &[u16]) -> Result<Vec<(u16, u8)>, Failure> {
    let mut session = remote.connect()?;
    let mut ports = ports.to_vec();
    if ports.is_empty() {
        match session.ask(Request::PortList)? {
            Response::Ports { ports: all } => ports.extend(all.iter().map(|p| p.port)),
            other => return Err(unexpected(&other)),
        }
    }
    let mut versions = vec![];
    for port in ports {
        match session.ask(Request::PortShow { port })? {
            Response::Port(detail) => {
                versions.extend(detail.registration.protocol_version.map(|v| (port, v)));
            }
            other => return Err(unexpected(&other)),
        }
    }
    Ok(versions)
}

/// The first signal ends the recording in order; a second one ends the program, which may hang at its standard output.
fn stop_by_signal(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::failed(format!("signals cannot be waited for: {e}"), ""))?;
    let stop = stop.clone();
    let ready = Arc::new(std::sync::Barrier::new(2));
    let waits = ready.clone();
    std::thread::spawn(move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let all = (
                signal(SignalKind::interrupt()),
                signal(SignalKind::terminate()),
                // The terminal is gone: the usual end of a recording over night.
                signal(SignalKind::hangup()),
            );
            waits.wait();
            let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = all else {
                return;
            };
            for first in [true, false] {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                stop.store(true, Ordering::Relaxed);
                if !first {
                    std::process::exit(exit::FAILED.into());
                }
            }
        });
    });
    ready.wait();
    Ok(())
}

/// Records until it is stopped, the daemon goes, or there is too much; then writes the file. Answers what there is to say.
fn record(
    mut session: Session,
    mut messages: Messages,
    file: WholeFile,
    keep_identities: bool,
    stop: Arc<AtomicBool>,
) -> JoinHandle<Result<Vec<String>, Failure>> {
    std::thread::spawn(move || {
        let mut broken = None;
        while !messages.is_full() {
            let stopping = stop.load(Ordering::Relaxed);
            let wait = if stopping {
                Duration::from_millis(1)
            } else {
                ATTENTION
            };
            match session.client().next_event(wait) {
                Ok(Some(Event::Sccp(bytes))) => messages.take(&bytes),
                Ok(Some(Event::Lost { count })) => messages.lost(count),
                Ok(Some(Event::Trace(_))) => {}
                // What came before the end is recorded.
                Ok(None) if stopping => break,
                Ok(None) => {}
                // What there is, is kept.
                Err(e) => {
                    broken = Some(e);
                    break;
                }
            }
        }
        if messages.is_full() || broken.is_some() {
            stop.store(true, Ordering::Relaxed);
        }
        let mut remarks = messages.remarks();
        if let Some(e) = broken {
            remarks.push(format!(
                "the recording ended with its connection to the daemon: {e}; what came after that is not in it"
            ));
        }
        let capture = messages.finish()?;
        let (count, path) = (capture.messages.len(), file.path().display().to_string());
        if !keep_identities {
            remarks.extend(replay::unread_remark(&capture));
        }
        let text = replay::to_json(&capture, keep_identities)?;
        file.write(&text)?;
        let identities = if keep_identities {
            "names, numbers and addresses are in it as they are"
        } else {
            "names, numbers and addresses are replaced; look it through before you give it away"
        };
        remarks.insert(0, format!("{path}: {count} messages; {identities}"));
        Ok(remarks)
    })
}
