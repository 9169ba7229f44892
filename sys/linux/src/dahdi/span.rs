//! Spans and channels as the control device reports them, without opening any channel.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::abi;
use super::channel::{Params, params_of};
use super::values::Alarms;

/// The control device.
pub const CONTROL_DEVICE: &str = "/dev/dahdi/ctl";

/// DAHDI's limit of spans.
const MAX_SPANS: u16 = 128;

/// A span: one card, or one port group of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanInfo {
    /// Its number.
    pub number: i32,
    /// Name, as `WCTDM/4`.
    pub name: String,
    /// Description.
    pub description: String,
    /// Alarms.
    pub alarms: Alarms,
    /// Interrupts the card missed.
    pub irq_misses: i32,
    /// Span that gives the clock; 0 is this one, or free run.
    pub sync_source: i32,
    /// Channels that `dahdi_cfg` configured.
    pub configured_channels: i32,
    /// Channels in all.
    pub total_channels: i32,
    /// Spans in the system.
    pub total_spans: i32,
    /// Where the card is.
    pub location: String,
    /// Who made it.
    pub manufacturer: String,
    /// What it is.
    pub device_type: String,
    /// `FXS`, `FXO`, `ANALOG`, …: cut to five characters by the kernel.
    pub span_type: String,
}

impl SpanInfo {
    pub(super) fn ask(fd: BorrowedFd<'_>, number: i32) -> Result<SpanInfo, Errno> {
        let mut raw: abi::SpanInfo = abi::zeroed();
        raw.spanno = number;
        abi::SPANSTAT.call(fd, &mut raw)?;
        // Copied out, for a reference to a packed field may not be taken.
        let (name, description, alarms) = (raw.name, raw.desc, raw.alarms);
        let (location, manufacturer) = (raw.location, raw.manufacturer);
        let (device_type, span_type) = (raw.devicetype, raw.spantype);
        Ok(SpanInfo {
            number: raw.spanno,
            name: abi::text(&name),
            description: abi::text(&description),
            alarms: Alarms(alarms.cast_unsigned()),
            irq_misses: raw.irqmisses,
            sync_source: raw.syncsrc,
            configured_channels: raw.numchans,
            total_channels: raw.totalchans,
            total_spans: raw.totalspans,
            location: abi::text(&location),
            manufacturer: abi::text(&manufacturer),
            device_type: abi::text(&device_type),
            span_type: abi::text(&span_type),
        })
    }
}

/// The open control device. Only looks; configuring is `dahdi_cfg`'s.
#[derive(Debug)]
pub struct Control(OwnedFd);

impl Control {
    /// Opens the control device.
    ///
    /// # Errors
    /// ENOENT or ENXIO: no DAHDI in the kernel. EACCES: not in the group `dahdi`.
    pub fn open() -> Result<Control, Errno> {
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC;
        open(Path::new(CONTROL_DEVICE), flags, Mode::empty()).map(Control)
    }

    /// One span.
    ///
    /// # Errors
    /// EINVAL: there is no such span.
    pub fn span(&self, number: u16) -> Result<SpanInfo, Errno> {
        // 0 means "the one of this channel", which the control device is not.
        if number == 0 {
            return Err(Errno::EINVAL);
        }
        SpanInfo::ask(self.0.as_fd(), number.into())
    }

    /// All spans, in order of number.
    #[must_use]
    pub fn spans(&self) -> Vec<SpanInfo> {
        (1..=MAX_SPANS).filter_map(|n| self.span(n).ok()).collect()
    }

    /// A channel, whoever has it open.
    ///
    /// # Errors
    /// EINVAL: there is no such channel.
    pub fn channel(&self, number: u16) -> Result<Params, Errno> {
        let mut raw: abi::Params = abi::zeroed();
        raw.channo = number.into();
        abi::GET_PARAMS.call(self.0.as_fd(), &mut raw)?;
        Ok(params_of(&raw))
    }

    /// Version of DAHDI in the kernel.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn version(&self) -> Result<String, Errno> {
        let mut raw: abi::VersionInfo = abi::zeroed();
        abi::GETVERSION.call(self.0.as_fd(), &mut raw)?;
        Ok(abi::text(&raw.version))
    }
}
