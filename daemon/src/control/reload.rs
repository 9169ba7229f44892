//! The configuration file, read again while the gateway runs (`tipring reload`, SIGHUP).
//!
//! Owns: reading it beside the work, and what is done with it. Promises: a file with problems changes nothing, and
//! every problem is reported; no call under way is touched, a port uses what is new when it is idle. Leaves to others:
//! what differs and when it can be used ([`tipring_config::change`]).

mod lanes;
mod log;
mod ports;
mod read;

mod wish;

use std::sync::Arc;

use tipring_config::change::{Changes, PortChange, When, applicable, changes};
use tipring_config::{Config, Problem, Report};
use tipring_ctl::report::{ReloadChange, ReloadReport, ReloadState};
use tipring_ctl::request::Response;
use tipring_proto::time::Time;
use tracing::{info, warn};

pub use lanes::Lanes;
pub(super) use read::{Asked, Reader};

pub(super) use wish::Next;

use super::Gateway;
use super::sound::Plan;
use crate::{observe, settings};

/// What is left of reloads.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Keys of tables that the file has otherwise than they run.
    needs_restart: Vec<ReloadChange>,
    /// The file as it was last read had this number of problems.
    errors: Option<usize>,
}

/// Reloads: the one that reads the file, and what earlier ones have left to do.
#[derive(Debug)]
pub(super) struct Reload {
    pub(super) reader: Reader,
    pub(super) left: Left,
    /// A port has something new to take when it is idle.
    pub(super) waiting: bool,
}

impl Reload {
    pub(super) fn new(reader: Reader) -> Reload {
        Reload {
            reader,
            left: Left::default(),
            waiting: false,
        }
    }
}

impl Left {
    /// How many errors the file had when it was last read, if it had any.
    pub(super) fn errors(&self) -> Option<usize> {
        self.errors
    }
}

impl Gateway {
    /// The file was read.
    pub(super) fn loaded(&mut self, asked: Asked, result: Result<Config, Report>) {
        let now = self.clock.now();
        let response = match result.and_then(playable) {
            _ if self.stopping => read::refused("the daemon is stopping"),
            Ok(new) => {
                self.reload.left.errors = None;
                let report = self.apply(now, new);
                self.machine.identity.begin(&self.config.gateway);
                log::log(&report);
                Response::Reload(report)
            }
            Err(report) => {
                self.reload.left.errors = Some(report.errors());
                log::log_problems(&report);
                Response::BadConfiguration(report)
            }
        };
        asked.answer(response);
    }

    /// Uses what can be used of a good configuration, and notes the rest.
    fn apply(&mut self, now: Time, new: Config) -> ReloadReport {
        let file = new.file.clone();
        let warnings = new.warnings.clone();
        let all = changes(&self.config, &new);
        let mut report = ReloadReport {
            file,
            warnings,
            ..ReloadReport::default()
        };
        self.reload.left.needs_restart = restarts(&all);
        let config = Arc::new(applicable(&self.config, new));
        let former = std::mem::replace(&mut self.config, config);
        self.apply_tables(&former, &all, &mut report);
        self.apply_ports(now, &all, &mut report);
        let state = self.reload_state();
        report.waiting = state.waiting;
        report.needs_restart = state.needs_restart;
        report
    }

    fn apply_tables(&mut self, former: &Config, all: &Changes, report: &mut ReloadReport) {
        let config = Arc::clone(&self.config);
        if former.log.level != config.log.level && !observe::set_level(config.log.level) {
            warn!("RUST_LOG wins over [log] level");
        }
        if former.media.rtp_ports != config.media.rtp_ports
            && let Some(ports) = settings::rtp_ports(&config)
        {
            self.lines.rtp = ports;
        }
        if former.history != config.history {
            self.history.limit(&config);
        }
        self.signalling.config = settings::links(&config);
        self.signalling.monitor = settings::monitor(&config);
        for unit in &self.ports {
            unit.set_link_options(&self.signalling.config);
        }
        self.signalling.servers.set(&config.callmanager.servers);
        let servers = &self.signalling.servers;
        for unit in &mut self.ports {
            unit.reasons.retain(|(n, _)| servers.place(*n).is_some());
        }
        self.look_names_up(self.clock.now());
        self.look_for_address();
        for change in &all.tables {
            if !matches!(change.when, When::Restart { .. }) {
                report.applied.push(ReloadChange {
                    ports: vec![],
                    keys: vec![wish::name(change)],
                    what: wish::effect(std::slice::from_ref(change), true).to_owned(),
                });
            }
        }
    }

    fn apply_ports(&mut self, now: Time, all: &Changes, report: &mut ReloadReport) {
        self.label_ports(all, report);
        self.wish_ports();
        for (id, change) in &all.ports {
            if *change == PortChange::Added && self.add_port(now, *id) {
                wish::add(&mut report.applied, id.0, &[], "added");
            }
        }
        for (port, keys, what) in self.take_up(now) {
            wish::add(&mut report.applied, port, &keys, what);
        }
        self.seat_desk();
    }

    /// What waits, for status.
    pub(super) fn reload_state(&self) -> ReloadState {
        let mut waiting = vec![];
        for unit in &self.ports {
            if unit.next.is_none() {
                continue;
            }
            let id = unit.settings.id;
            let keys = wish::wish(&unit.used, &self.config, id).map_or(vec![], |wish| wish.keys);
            let what = match unit.next {
                Some(Next::Leave { leaving: true }) => "unregistering",
                _ if keys.is_empty() => "to be removed after the call",
                _ => "to be used after the call",
            };
            wish::add(&mut waiting, unit.number, &keys, what);
        }
        let mut needs_restart = self.reload.left.needs_restart.clone();
        for unit in self.ports.iter().filter(|unit| self.is_late(unit)) {
            let what = "the line thread has no lane left for it";
            wish::add(&mut needs_restart, unit.number, &[], what);
        }
        ReloadState {
            waiting,
            needs_restart,
        }
    }
}

/// Keys of tables that need a restart, those of one reason together.
fn restarts(all: &Changes) -> Vec<ReloadChange> {
    let mut list: Vec<ReloadChange> = vec![];
    for change in &all.tables {
        let When::Restart { why } = change.when else {
            continue;
        };
        match list.iter_mut().find(|c| c.what == why) {
            Some(same) => same.keys.push(wish::name(change)),
            None => list.push(ReloadChange {
                ports: vec![],
                keys: vec![wish::name(change)],
                what: why.to_owned(),
            }),
        }
    }
    list
}

/// A configuration whose tones can all be played; what start-up would refuse is refused here.
fn playable(config: Config) -> Result<Config, Report> {
    let file = config.file.clone().unwrap_or_default();
    let mut problems: Vec<Problem> = vec![];
    for port in &config.ports {
        if let Err(error) = Plan::new(&port.country, port.caller_id) {
            let cure = "correct the country's file";
            let problem = Problem::of_file(&file, error.to_string(), cure);
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    if problems.is_empty() {
        info!("the configuration was read again and is good");
        Ok(config)
    } else {
        Err(Report::new(&file, problems))
    }
}
