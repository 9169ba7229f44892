//! `sim`: be the phone, fax machine or line of a simulated port.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tipring_ctl::report::{FaxRole, FaxSnapshot, SimSnapshot};
use tipring_ctl::request::{Response, SimAction, SimCondition, SimFault};

use super::args::{Fault, Sim, Until};
use super::output::{Failure, Out, clean};
use super::remote::{Remote, Session};
use super::{exit, show};

/// Longest dialing: 128 pulsed digits.
const DIAL_PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks at a fax.
const FAX_LOOK: Duration = Duration::from_millis(250);

pub(crate) fn run(
    remote: &Remote,
    out: &Out,
    port: u16,
    action: &Sim,
) -> Result<ExitCode, Failure> {
    let request = action_of(action)?;
    let mut session = remote.connect()?;
    let snapshot = session.sim(port, request)?;
    let snapshot = match action {
        Sim::Dial { no_wait: false, .. } => {
            session.sim(port, wait(SimCondition::DialDone, DIAL_PATIENCE))?
        }
        Sim::Play { wait: true, .. } => session.sim(
            port,
            wait(SimCondition::PlayDone, Duration::from_secs(3600)),
        )?,
        Sim::FaxSend {
            no_wait: false,
            patience,
            ..
        } => {
            return fax(&mut session, out, port, *patience, FaxRole::Send);
        }
        Sim::FaxReceive {
            wait: true,
            patience,
            ..
        } => {
            return fax(&mut session, out, port, *patience, FaxRole::Receive);
        }
        _ => snapshot,
    };
    show(out, &Response::Sim(snapshot))?;
    Ok(ExitCode::SUCCESS)
}

fn action_of(action: &Sim) -> Result<SimAction, Failure> {
    Ok(match action {
        Sim::Show => SimAction::Show,
        Sim::Lift => SimAction::Lift,
        Sim::HangUp => SimAction::Hang,
        Sim::Flash { ms } => SimAction::Flash { ms: *ms },
        Sim::Dial {
            digits,
            pulse,
            on_ms,
            off_ms,
            ..
        } => SimAction::Dial {
            digits: digits.clone(),
            pulse: *pulse,
            on_ms: *on_ms,
            off_ms: *off_ms,
        },
        Sim::AutoAnswer { after, never } => SimAction::AutoAnswer {
            after_bursts: (!never).then_some(*after),
        },
        Sim::Play { wav, looped, .. } => SimAction::Play {
            wav: absolute(wav)?,
            looped: *looped,
        },
        Sim::Tone { hz, dbm0, ms } => SimAction::Tone {
            hz: hz.clone(),
            dbm0: *dbm0,
            ms: *ms,
        },
        Sim::Stop => SimAction::Stop,
        Sim::Record { wav } => SimAction::Record {
            wav: absolute(wav)?,
        },
        Sim::RecordStop => SimAction::RecordStop,
        Sim::FaxSend {
            tiff,
            number,
            no_ecm,
            ..
        } => SimAction::FaxSend {
            tiff: absolute(tiff)?,
            number: number.clone(),
            ecm: !no_ecm,
        },
        Sim::FaxReceive { tiff, no_ecm, .. } => SimAction::FaxReceive {
            tiff: absolute(tiff)?,
            ecm: !no_ecm,
        },
        Sim::FaxCancel => SimAction::FaxCancel,
        Sim::Forget => SimAction::Forget,
        Sim::Wait {
            until,
            patience,
            hz,
            digits,
        } => wait(condition(*until, hz, digits.as_deref()), *patience),
        Sim::Hybrid {
            loss_db,
            delay_ms,
            noise_dbm0,
        } => SimAction::Hybrid {
            loss_db: *loss_db,
            delay_ms: *delay_ms,
            noise_dbm0: *noise_dbm0,
        },
        Sim::Fault { fault } => SimAction::Fault {
            fault: match fault {
                Fault::Clear => SimFault::Clear,
                Fault::Alarm => SimFault::Alarm,
                Fault::Removed => SimFault::Removed,
                Fault::PowerAlarm => SimFault::PowerAlarm,
            },
        },
    })
}

fn wait(until: SimCondition, patience: Duration) -> SimAction {
    let timeout_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    SimAction::Wait { until, timeout_ms }
}

fn condition(until: Until, hz: &[f32], digits: Option<&str>) -> SimCondition {
    match until {
        Until::Ringing => SimCondition::Ringing,
        Until::NotRinging => SimCondition::NotRinging,
        Until::Idle => SimCondition::Idle,
        Until::Connected => SimCondition::Connected,
        Until::Tone => SimCondition::Tone { hz: hz.to_vec() },
        Until::Silence => SimCondition::Silence,
        Until::CallerId => SimCondition::CallerId,
        Until::Digits => SimCondition::Digits {
            digits: digits.unwrap_or_default().to_owned(),
        },
        Until::LampOn => SimCondition::Lamp { on: true },
        Until::LampOff => SimCondition::Lamp { on: false },
        Until::LoopOpened => SimCondition::LoopOpened,
        Until::DialDone => SimCondition::DialDone,
        Until::PlayDone => SimCondition::PlayDone,
        Until::FaxDone => SimCondition::FaxDone,
        Until::Registered => SimCondition::Registered,
    }
}

/// The daemon has another working directory.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|e| {
        Failure::failed(
            format!("{}: {e}", path.display()),
            "name the file with its full path",
        )
    })
}

/// Follows a fax to its end; a fax that did not go through is exit 1.
fn fax(
    session: &mut Session,
    out: &Out,
    port: u16,
    patience: Duration,
    role: FaxRole,
) -> Result<ExitCode, Failure> {
    let bar = progress(out);
    let start = Instant::now();
    let snapshot = loop {
        let snapshot = session.sim(port, SimAction::Show)?;
        match &snapshot.fax {
            Some(fax) => picture(&bar, fax),
            None => break snapshot,
        }
        if start.elapsed() >= patience {
            bar.abandon();
            return Err(Failure {
                code: exit::TIMED_OUT,
                word: "timed-out",
                message: format!(
                    "port {port}: the fax is not over after {} s",
                    patience.as_secs()
                ),
                cure: Some(
                    "wait longer with --for SECONDS; `sim PORT fax-cancel` ends it".to_owned(),
                ),
            });
        }
        std::thread::sleep(FAX_LOOK);
    };
    bar.finish_and_clear();
    finish(out, port, snapshot, role)
}

fn finish(out: &Out, port: u16, snapshot: SimSnapshot, role: FaxRole) -> Result<ExitCode, Failure> {
    let Some(result) = snapshot
        .last_fax
        .clone()
        .filter(|result| result.role == role)
    else {
        return Err(Failure::failed(
            format!("port {port}: the fax machine ended without a result"),
            "see `tipring trace` and the daemon's log",
        ));
    };
    show(out, &Response::Sim(snapshot))?;
    if result.ok {
        return Ok(ExitCode::SUCCESS);
    }
    if !out.json {
        out.advice(&format!(
            "tipring: port {port}: the fax did not go through: {}",
            clean(&result.text)
        ));
    }
    Ok(exit::FAILED.into())
}

fn progress(out: &Out) -> ProgressBar {
    let target = if out.json {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    // The template is ours and has no fault; without it the bar would only look plainer.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn picture(bar: &ProgressBar, fax: &FaxSnapshot) {
    let verb = match fax.role {
        FaxRole::Send => "sending",
        FaxRole::Receive => "receiving",
    };
    let of = fax
        .pages_total
        .map_or_else(String::new, |total| format!(" of {total}"));
    let rate = if fax.bit_rate > 0 {
        format!(", {} bit/s", fax.bit_rate)
    } else {
        String::new()
    };
    bar.set_message(format!(
        "{verb}: {}, {}{of} pages over{rate}",
        clean(&fax.phase),
        fax.pages
    ));
    bar.tick();
}
