//! Channels of DAHDI cards as line ports.
//!
//! Owns: opening a channel and checking that it is fit, [`DahdiPort`] (the line thread's end), [`DahdiProbe`] (everybody
//! else's), what each driver can really do, what a machine has ([`scan`]) and how it is to be configured
//! ([`system_conf`]). Promises: [`DahdiPort`] keeps the contract of [`crate::port`] on every driver;
//! a request that a driver would sleep in is carried out beside the line thread. Leaves to others: what to do when a channel
//! cannot be opened or is gone (each [`OpenError`] names the cure), and when to look at voltages.

mod cadence;
mod driver;
mod errand;
mod error;
mod feed;
mod kernel;
mod port;
mod probe;
mod queue;
pub mod scan;
mod sysfs;
pub mod system_conf;

use std::os::fd::AsRawFd;
use std::time::Duration;

use tipring_linux::dahdi::{BufferPolicy, Buffers, Channel, ChannelLaw, Errno, Params, Signalling};
use tipring_linux::monotonic;

pub use driver::Driver;
pub use error::{Holder, OpenError};
pub use probe::{DahdiProbe, FeedHealth, ProbeError};
pub use tipring_linux::dahdi::{Alarms, LineFeed, Register, Registers, SpanInfo, Voltages};

use crate::port::{
    Capabilities, Law, LineCommand, LineEvent, LinePort, PortError, PortStats, ReadBlock, Wake,
    WriteBlock,
};
use driver::OnHookAudio;
use errand::Errands;
use feed::{DEBOUNCE_MS, OPEN_LOOP_MS, OPENING_REPORTED_AFTER};
use port::{Port, Setup};
use sysfs::Root;

/// Least samples in a block of DAHDI.
pub const MIN_BLOCK_LEN: usize = 16;

/// How a channel is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DahdiConfig {
    /// DAHDI's channel number.
    pub channel: u16,
    /// Samples in a block, [`MIN_BLOCK_LEN`] to [`crate::MAX_BLOCK_LEN`].
    pub block_len: usize,
    /// Kernel buffers of a block in each direction, 4 to 32. They bound what a late wake may cost and do not make delay.
    pub buffers: u8,
    /// Blocks that the writer keeps in flight; put back by the port when the kernel has emptied the buffers by our doing.
    pub prefill_blocks: u8,
    /// Longest opening that may be a flash: the line is fed for this time after the loop opened.
    pub longest_flash: Duration,
}

impl DahdiConfig {
    /// Blocks of 10 ms, two in flight, 32 buffers.
    pub const fn new(channel: u16) -> DahdiConfig {
        DahdiConfig {
            channel,
            block_len: 80,
            buffers: 32,
            prefill_blocks: 2,
            longest_flash: Duration::from_millis(1250),
        }
    }
}

/// An open channel.
#[derive(Debug)]
pub struct Opened {
    /// For the line thread.
    pub port: DahdiPort,
    /// For everybody else. Keeps the channel open: drop it before opening the channel again.
    pub probe: DahdiProbe,
    /// What was found.
    pub facts: ChannelFacts,
}

/// What was found when a channel was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelFacts {
    /// DAHDI's channel number.
    pub channel: u16,
    /// Its name, as `WCTDM/4/0`.
    pub name: String,
    /// Signalling as configured.
    pub signalling: Signalling,
    /// Driver of the card.
    pub driver: Driver,
    /// Kernel module by name, where sysfs names it.
    pub module: Option<String>,
    /// The span, with description, location and alarms.
    pub span: SpanInfo,
    /// Law of its bytes.
    pub law: Law,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Found off-hook.
    pub off_hook: bool,
}

/// Opens a channel and makes it ready: checks signalling and tone zone, sets timing and buffers, the kernel's echo canceller
/// off. Takes some ms; not for the line thread.
///
/// # Errors
/// [`OpenError`]; the channel is closed again then.
pub fn open(config: &DahdiConfig) -> Result<Opened, OpenError> {
    let root = Root::default();
    if !(MIN_BLOCK_LEN..=crate::MAX_BLOCK_LEN).contains(&config.block_len) {
        return Err(OpenError::BlockLength {
            block_len: config.block_len,
        });
    }
    let number = config.channel;
    let channel =
        Channel::open(number).map_err(|error| OpenError::of_opening(number, error, &root))?;
    let params = ask(number, "asking its state", channel.params())?;
    OpenError::of_signalling(number, params.signalling, params.sig_capabilities)?;
    let span = ask(number, "asking its span", channel.span())?;
    let (driver, module) = root.driver_of_span(span.number, &span.name);
    prepare(&channel, config, &params)?;
    let capabilities = capabilities(&channel, driver, params.signalling);
    let law = match params.law {
        ChannelLaw::Mu => Law::Mu,
        ChannelLaw::A => Law::A,
    };
    // Again, after the settings: what happens from here on is reported as an event.
    let now = ask(number, "asking its state", channel.params())?;
    let facts = ChannelFacts {
        channel: number,
        name: now.name,
        signalling: now.signalling,
        driver,
        module,
        law,
        capabilities,
        off_hook: now.rx_off_hook,
        span,
    };
    let clone = || ask(number, "a second handle", channel.try_clone());
    let probe = DahdiProbe {
        channel: clone()?,
        driver,
        registers: capabilities.voltages,
    };
    let row = driver.row();
    let errands = match row.feed_requests_wait.then(clone).transpose()? {
        Some(second) => {
            Some(
                Errands::start(second, number).map_err(|error| OpenError::System {
                    channel: number,
                    step: "starting its feed thread",
                    errno: Errno::from_raw(error.raw_os_error().unwrap_or(0)),
                })?,
            )
        }
        None => None,
    };
    let setup = Setup {
        wake: channel.as_raw_fd(),
        law,
        block_len: config.block_len,
        prefill_blocks: config.prefill_blocks,
        capabilities,
        audio_always: row.on_hook_audio == OnHookAudio::Always,
        longest_flash: config.longest_flash,
    };
    let alarm = !now.alarms.is_clear() || !facts.span.alarms.is_clear();
    let port = DahdiPort(Port::new(
        channel,
        setup,
        errands,
        facts.off_hook,
        alarm,
        monotonic(),
    ));
    Ok(Opened { port, probe, facts })
}

/// Timing, buffers, tone zone, echo canceller. Every open of a channel finds the kernel's own values again.
fn prepare(channel: &Channel, config: &DahdiConfig, params: &Params) -> Result<(), OpenError> {
    let number = config.channel;
    match channel.default_tone_zone() {
        Err(Errno::ENODATA) => return Err(OpenError::NoToneZone { channel: number }),
        other => ask(number, "taking the tone zone", other)?,
    }
    let mut timing = params.timing;
    timing.rx_flash_ms = i32::try_from(OPENING_REPORTED_AFTER.as_millis()).unwrap_or(i32::MAX);
    timing.debounce_ms = DEBOUNCE_MS;
    ask(number, "setting its timing", channel.set_timing(&timing))?;
    // A canceller that is not there cannot be switched off either.
    let _ = channel.echo_canceller(0);
    ask(number, "setting its audio", channel.set_linear(false))?;
    let wanted = Buffers {
        block_len: config.block_len,
        count: usize::from(config.buffers.clamp(4, 32)),
    };
    let set = channel.set_buffers(wanted, BufferPolicy::Immediate);
    ask(number, "setting its buffers", set)
}

fn capabilities(channel: &Channel, driver: Driver, signalling: Signalling) -> Capabilities {
    let row = driver.row();
    // Each of these leaves the line as it is: forward is how it is found, and 1 ms is soon over. (0 ms would be for ever on
    // the drivers that count down to 0.)
    let takes = |answer: Result<(), Errno>| !matches!(answer, Err(Errno::ENOTTY | Errno::ENOSYS));
    let kewl = signalling == Signalling::FxoKs;
    Capabilities {
        decodes_flash_and_pulse: false,
        polarity_reversal: takes(channel.polarity(false)),
        open_loop: kewl,
        fixed_open_loop_ms: kewl.then_some(OPEN_LOOP_MS),
        on_hook_transmission: row.on_hook_audio == OnHookAudio::Always
            || takes(channel.on_hook_transfer(1)),
        neon_mwi: row.lamp.neon && channel.vmwi_config(row.lamp).is_ok(),
        voltages: row.registers && channel.voltages().is_ok(),
        times_cadence: true,
    }
}

fn ask<T>(channel: u16, step: &'static str, answer: Result<T, Errno>) -> Result<T, OpenError> {
    answer.map_err(|errno| OpenError::System {
        channel,
        step,
        errno,
    })
}

/// A DAHDI channel in the line thread's hands.
#[derive(Debug)]
pub struct DahdiPort(Port<Channel>);

impl LinePort for DahdiPort {
    fn wake(&self) -> Wake {
        self.0.wake()
    }
    fn law(&self) -> Law {
        self.0.law()
    }
    fn block_len(&self) -> usize {
        self.0.block_len()
    }
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
    fn read(&mut self, buf: &mut [u8]) -> ReadBlock {
        self.0.read(buf)
    }
    fn write(&mut self, buf: &[u8]) -> WriteBlock {
        self.0.write(buf)
    }
    fn next_event(&mut self) -> Option<LineEvent> {
        self.0.next_event()
    }
    fn command(&mut self, command: LineCommand) -> Result<(), PortError> {
        self.0.command(command)
    }
    fn off_hook(&self) -> bool {
        self.0.off_hook()
    }
    fn stats(&self) -> PortStats {
        self.0.stats()
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tree;
