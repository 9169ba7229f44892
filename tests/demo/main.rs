//! `tipring-demo OUTDIR [DIALECT]`: a phone call and fax pages through the gateway, shown live.
//!
//! Starts the built-in CallManager and the daemon with a simulated four-port card on loopback, on ports that nobody
//! else uses, lets the simulated phones and fax machines do what people do, checks every step by measurement, and
//! leaves recordings, pages and packets in OUTDIR. Exit 0 when every check held, 1 when one failed, 2 on wrong use,
//! 130 when interrupted. Nothing it started keeps running, however it ends.
#![forbid(unsafe_code)]

mod fax;
mod house;
mod lossy;
mod story;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

/// The whole story takes about two minutes; after this something hangs.
const LONGEST: Duration = Duration::from_secs(300);

enum End {
    Finished(Result<bool, String>),
    Interrupted,
}

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let out = args.next().map(PathBuf::from);
    let dialect = args
        .next()
        .map(|dialect| dialect.to_string_lossy().into_owned());
    let (Some(out), None) = (out, args.next()) else {
        eprintln!("usage: tipring-demo OUTDIR [DIALECT]");
        return ExitCode::from(2);
    };
    let private = match tempfile::Builder::new().prefix("tipring-demo-").tempdir() {
        Ok(dir) => dir,
        Err(e) => {
            eprintln!("tipring-demo: no temporary folder: {e}");
            return ExitCode::FAILURE;
        }
    };
    let (sender, ends) = mpsc::channel();
    let interrupts = sender.clone();
    std::thread::spawn(move || {
        if interrupted() {
            let _ = interrupts.send(End::Interrupted);
        }
    });
    let folder = private.path().to_owned();
    // The processes of the story end with this thread.
    std::thread::spawn(move || {
        let held = run(&folder, &out, dialect.as_deref());
        let _ = sender.send(End::Finished(held));
    });
    let end = ends.recv_timeout(LONGEST);
    let code = match end {
        Ok(End::Finished(Ok(true))) => 0,
        Ok(End::Finished(Ok(false))) => 1,
        Ok(End::Finished(Err(e))) => {
            eprintln!("tipring-demo: {e}");
            1
        }
        Ok(End::Interrupted) => {
            eprintln!("\ntipring-demo: interrupted");
            130
        }
        Err(_) => {
            let limit = LONGEST.as_secs();
            eprintln!("tipring-demo: not done after {limit} s, given up");
            1
        }
    };
    drop(private);
    // The story's thread may still be in the middle of something: its processes end with it.
    std::process::exit(code)
}

fn run(folder: &Path, out: &Path, dialect: Option<&str>) -> Result<bool, String> {
    std::fs::create_dir_all(out).map_err(|e| format!("{}: {e}", out.display()))?;
    let out = out
        .canonicalize()
        .map_err(|e| format!("{}: {e}", out.display()))?;
    story::run(folder, &out, dialect)
}

/// Waits for a signal to stop; false when signals cannot be waited for.
fn interrupted() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return false;
    };
    runtime.block_on(async {
        let of = |kind| signal(kind).ok();
        let (Some(mut int), Some(mut term), Some(mut hup)) = (
            of(SignalKind::interrupt()),
            of(SignalKind::terminate()),
            of(SignalKind::hangup()),
        ) else {
            return false;
        };
        tokio::select! {
            _ = int.recv() => true,
            _ = term.recv() => true,
            _ = hup.recv() => true,
        }
    })
}
