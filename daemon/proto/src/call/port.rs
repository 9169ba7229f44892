//! One analog port.

use std::collections::VecDeque;

use crate::call::config::PortConfig;
use crate::call::contract::{Input, Output};
use crate::call::record::PortSnapshot;
use crate::time::Time;

/// The call logic of one analog port.
#[derive(Debug)]
pub struct Port {
    out: VecDeque<Output>,
}

impl Port {
    /// A port on-hook, not registered.
    pub fn new(cfg: PortConfig, now: Time) -> Port {
        let _ = (cfg, now);
        Port {
            out: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        let _ = (now, input);
    }

    /// The next thing to do, oldest first; to be asked until `None` after each input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Port::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }

    /// Does what is due; too early is harmless.
    pub fn handle_timeout(&mut self, now: Time) {
        let _ = now;
    }

    /// A call or a lifted set that a restart would harm.
    pub fn is_busy(&self) -> bool {
        false
    }

    /// For status.
    pub fn snapshot(&self) -> PortSnapshot {
        unreachable!("not filled in yet")
    }
}
