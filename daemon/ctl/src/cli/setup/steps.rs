//! What is done to the machine: drivers, channel numbers, `dahdi_cfg`, the daemon's service.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::process::Command;

use tipring_hal::dahdi::scan::{CardState, Hardware};

use super::files;
use crate::cli::output::{Failure, Out};

/// Debian's DAHDI gives out channel numbers at boot only by this file.
const ASSIGNED_SPANS: &str = "/etc/dahdi/assigned-spans.conf";

/// Drivers to be loaded.
pub(super) fn modules(hardware: &Hardware) -> Vec<String> {
    let modules: BTreeSet<&String> = hardware
        .cards
        .iter()
        .filter(|card| card.state == CardState::NoDriver { installed: true })
        .filter_map(|card| card.driver.as_ref())
        .collect();
    modules.into_iter().cloned().collect()
}

/// Loads drivers. At the next boot udev does it.
pub(super) fn load(out: &Out, modules: &[String]) -> Result<(), Failure> {
    for module in modules {
        run(
            "modprobe",
            &[module],
            "look for the driver's message in \"dmesg\"",
        )?;
        out.advice(&format!("driver {module} loaded"));
    }
    settle();
    Ok(())
}

/// Gives channel numbers to all cards, and keeps them for every boot to come.
pub(super) fn assign(out: &Out) -> Result<(), Failure> {
    let tool = "dahdi_span_assignments";
    run(tool, &["auto"], "look for DAHDI's message in \"dmesg\"")?;
    settle();
    let text = run(tool, &["dumpconfig"], "run it by hand to see what is wrong")?;
    let path = Path::new(ASSIGNED_SPANS);
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let facts = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    if facts(&before) != facts(&text) {
        files::replace(path, &text)?;
        out.advice(&format!(
            "{ASSIGNED_SPANS} written: the channel numbers stay as they are now"
        ));
    }
    Ok(())
}

/// `dahdi_cfg` would cut off whoever talks.
pub(super) fn nobody_talks(hardware: &Hardware) -> Result<(), Failure> {
    let in_use = hardware.channels().filter(|channel| channel.in_use).count();
    if in_use == 0 {
        return Ok(());
    }
    let who: Vec<String> = hardware
        .holders
        .iter()
        .map(|holder| format!("{} (pid {})", holder.name, holder.pid))
        .collect();
    let by = if who.is_empty() {
        String::new()
    } else {
        format!(" by {}", who.join(", "))
    };
    let cure = match hardware.holders.as_slice() {
        [one] if one.name == "tipringd" => {
            "run \"systemctl stop tipring\", then this again, then \"systemctl start tipring\""
        }
        _ => "stop what uses them, then run this again",
    };
    Err(Failure::failed(
        format!("{in_use} DAHDI channels are in use{by}: dahdi_cfg would disturb their calls"),
        cure,
    ))
}

/// Configures the kernel as `/etc/dahdi/system.conf` has it.
pub(super) fn configure(out: &Out) -> Result<(), Failure> {
    run(
        "dahdi_cfg",
        &[],
        "the files are written; mend what it says in /etc/dahdi/system.conf and run dahdi_cfg again",
    )?;
    settle();
    out.advice("dahdi_cfg: done");
    Ok(())
}

/// The package's own way to restart the daemon: at once when no call is up, and reports which.
const RESTART: &str = "/usr/libexec/tipring/restart-when-idle";

/// How the daemon comes to serve what was written.
pub(super) enum Start {
    /// It does not run.
    Now,
    /// It runs, and may have phones off-hook.
    WhenIdle,
}

impl Start {
    /// `None` on a machine whose systemd does not know the daemon.
    pub(super) fn possible() -> Option<Start> {
        let systemctl = |verb: &str| {
            let ran = Command::new("systemctl")
                .args([verb, "tipring.service"])
                .output();
            ran.is_ok_and(|output| output.status.success())
        };
        if !Path::new("/run/systemd/system").is_dir() || !systemctl("cat") {
            return None;
        }
        Some(if systemctl("is-active") {
            Start::WhenIdle
        } else {
            Start::Now
        })
    }

    pub(super) fn question(&self) -> &'static str {
        match self {
            Start::Now => "Start the daemon?",
            Start::WhenIdle => "Restart the daemon as soon as no phone is off-hook?",
        }
    }

    pub(super) fn go(&self, out: &Out) -> Result<(), Failure> {
        let cure = "look at \"journalctl -u tipring\"; the files are written, and \"systemctl restart tipring\" takes them into use";
        let said = match self {
            Start::Now => {
                // The unit is started when the daemon has said that it is ready.
                run("systemctl", &["restart", "tipring.service"], cure)?;
                "the daemon is started".to_owned()
            }
            Start::WhenIdle => run(RESTART, &["--or-later"], cure)?,
        };
        out.advice(said.trim());
        Ok(())
    }
}

/// Waits until udev has made the devices.
fn settle() {
    // A machine without udev has its devices at once.
    let _ = Command::new("udevadm")
        .args(["settle", "--timeout=20"])
        .output();
}

fn run(program: &str, args: &[&str], cure: &str) -> Result<String, Failure> {
    let line = format!("{program} {}", args.join(" "));
    let line = line.trim();
    let path = std::env::var("PATH").unwrap_or_default();
    let ran = Command::new(program)
        .args(args)
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .output();
    match ran {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => {
            // Some report their trouble on standard output.
            let words = [&output.stderr, &output.stdout].map(|w| String::from_utf8_lossy(w));
            let mut lines = words.iter().flat_map(|words| words.lines().rev());
            let last = lines.find(|line| !line.trim().is_empty());
            let why = last.map_or_else(|| output.status.to_string(), str::to_owned);
            Err(Failure::failed(format!("{line} failed: {why}"), cure))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Failure::failed(
            format!("{program} is not installed"),
            if program == RESTART {
                "run \"systemctl restart tipring\"; the files are written"
            } else {
                "install the package dahdi, then run this again"
            },
        )),
        Err(e) => Err(Failure::failed(format!("{line}: {e}"), cure)),
    }
}
