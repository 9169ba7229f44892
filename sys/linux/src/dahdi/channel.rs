//! One channel: opening, audio, events, hook, and what only some drivers do.

use std::ffi::{c_char, c_int};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd;

use super::abi;
use super::chip::{Registers, Voltages};
use super::span::SpanInfo;
use super::values::{
    Alarms, BufferPolicy, ChannelLaw, DialMode, Event, Hook, KernelTone, LampKinds,
    SigCapabilities, Signalling,
};

/// The device that any channel is opened through.
pub const CHANNEL_DEVICE: &str = "/dev/dahdi/channel";

/// Why a channel could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {errno}")]
pub struct OpenError {
    /// What was tried.
    pub step: OpenStep,
    /// The error of the kernel. For [`OpenStep::Specify`]: EBUSY in use, EINVAL or ENXIO no such channel.
    pub errno: Errno,
}

/// The two steps of opening a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenStep {
    /// Opening the device.
    Device,
    /// Naming the channel.
    Specify,
}

impl std::fmt::Display for OpenStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenStep::Device => write!(f, "open {CHANNEL_DEVICE}"),
            OpenStep::Specify => f.write_str("DAHDI_SPECIFY"),
        }
    }
}

/// Answer to a read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// This number of bytes passed.
    Done(usize),
    /// Nothing there, or no room.
    WouldBlock,
    /// An event has to be taken first (errno 500, `ELAST` in the header).
    EventPending,
    /// The kernel refused with this errno; 19 (ENODEV) when the channel is gone.
    Failed(i32),
}

/// DAHDI's own errno for "an event is queued".
const ELAST: i32 = 500;

/// What a wait ended with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// Audio can be read.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// An event is queued.
    pub event: bool,
}

/// State and timing of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// DAHDI's channel number.
    pub channel: i32,
    /// Its span; 0 for none.
    pub span: i32,
    /// Its place in the span, from 1.
    pub position: i32,
    /// Name, as `WCTDM/4/0`.
    pub name: String,
    /// Signalling as configured by `dahdi_cfg`.
    pub signalling: Signalling,
    /// Signalling the port could have.
    pub sig_capabilities: SigCapabilities,
    /// `fxo…`: the loop is closed. `fxs…`: ringing, or no battery.
    pub rx_off_hook: bool,
    /// Law in force.
    pub law: ChannelLaw,
    /// Alarms of the channel (its span's are in [`SpanInfo`]).
    pub alarms: Alarms,
    /// Timing.
    pub timing: Timing,
}

/// Timing of a channel, in ms. Every open sets it back to the kernel's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Before a wink.
    pub pre_wink_ms: i32,
    /// Before a flash.
    pub pre_flash_ms: i32,
    /// Length of a wink.
    pub wink_ms: i32,
    /// Length of a flash that we make.
    pub flash_ms: i32,
    /// Length of a seizure.
    pub start_ms: i32,
    /// Longest wink understood.
    pub rx_wink_ms: i32,
    /// An opening of this length is reported as [`Event::OnHook`]; a shorter one is a pulse or a flash. 0 reports none.
    pub rx_flash_ms: i32,
    /// Time after [`Hook::OffHook`] for which no opening is looked at. 0 is for ever.
    pub debounce_ms: i32,
    /// Break of a pulse that we dial.
    pub pulse_break_ms: i32,
    /// Make of a pulse that we dial.
    pub pulse_make_ms: i32,
    /// Between two pulse-dialled digits.
    pub pulse_after_ms: i32,
}

/// Buffers of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// Bytes in a block, 16 to 8192.
    pub block_len: usize,
    /// How many blocks, 2 to 32, in each direction.
    pub count: usize,
}

/// An open channel. Closing it hangs it up; with the phone lifted that is a battery drop of 500 ms.
#[derive(Debug)]
pub struct Channel {
    fd: OwnedFd,
    number: u16,
}

impl Channel {
    /// Opens a channel by number, non-blocking. Only one may have it at a time.
    ///
    /// # Errors
    /// [`OpenError`] with the step that failed.
    pub fn open(number: u16) -> Result<Channel, OpenError> {
        let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let fd = open(Path::new(CHANNEL_DEVICE), flags, Mode::empty()).map_err(|errno| {
            let step = OpenStep::Device;
            OpenError { step, errno }
        })?;
        let mut wanted = c_int::from(number);
        match abi::SPECIFY.call(fd.as_fd(), &mut wanted) {
            Ok(_) => Ok(Channel { fd, number }),
            Err(errno) => Err(OpenError {
                step: OpenStep::Specify,
                errno,
            }),
        }
    }

    /// The number it was opened by.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// A second handle to the same open channel, for slow requests from another thread. The channel is closed with the
    /// last one.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn try_clone(&self) -> Result<Channel, Errno> {
        let fd = self.fd.try_clone().map_err(errno_of)?;
        Ok(Channel {
            fd,
            number: self.number,
        })
    }

    /// State and timing.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn params(&self) -> Result<Params, Errno> {
        let raw = self.raw_params()?;
        Ok(params_of(&raw))
    }

    /// Loop closed (`fxo…`), or ringing (`fxs…`)? Cheaper than [`params`](Channel::params), and without an allocation.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn rx_off_hook(&self) -> Result<bool, Errno> {
        Ok(self.raw_params()?.rxisoffhook != 0)
    }

    /// Alarms of the channel now, without an allocation.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn alarms(&self) -> Result<Alarms, Errno> {
        Ok(Alarms(self.raw_params()?.chan_alarms))
    }

    /// Sets the timing, until the channel is closed.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn set_timing(&self, timing: &Timing) -> Result<(), Errno> {
        let mut raw = self.raw_params()?;
        raw.prewinktime = timing.pre_wink_ms;
        raw.preflashtime = timing.pre_flash_ms;
        raw.winktime = timing.wink_ms;
        raw.flashtime = timing.flash_ms;
        raw.starttime = timing.start_ms;
        raw.rxwinktime = timing.rx_wink_ms;
        raw.rxflashtime = timing.rx_flash_ms;
        raw.debouncetime = timing.debounce_ms;
        raw.pulsebreaktime = timing.pulse_break_ms;
        raw.pulsemaketime = timing.pulse_make_ms;
        raw.pulseaftertime = timing.pulse_after_ms;
        abi::SET_PARAMS.call(self.as_fd(), &mut raw).map(drop)
    }

    fn raw_params(&self) -> Result<abi::Params, Errno> {
        let mut raw: abi::Params = abi::zeroed();
        abi::GET_PARAMS.call(self.as_fd(), &mut raw)?;
        Ok(raw)
    }

    /// The span this channel belongs to.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn span(&self) -> Result<SpanInfo, Errno> {
        SpanInfo::ask(self.as_fd(), 0)
    }

    /// Sets the buffers; what was in them is lost.
    ///
    /// # Errors
    /// EINVAL for a block under 16 bytes or more than 32 KiB in all.
    pub fn set_buffers(&self, buffers: Buffers, policy: BufferPolicy) -> Result<(), Errno> {
        let int = |n: usize| c_int::try_from(n).map_err(|_| Errno::EINVAL);
        let mut raw = abi::BufferInfo {
            txbufpolicy: policy as c_int,
            rxbufpolicy: policy as c_int,
            numbufs: int(buffers.count)?,
            bufsize: int(buffers.block_len)?,
            readbufs: 0,
            writebufs: 0,
        };
        abi::SET_BUFINFO.call(self.as_fd(), &mut raw).map(drop)
    }

    /// Buffers in force.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn buffers(&self) -> Result<Buffers, Errno> {
        let mut raw: abi::BufferInfo = abi::zeroed();
        abi::GET_BUFINFO.call(self.as_fd(), &mut raw)?;
        Ok(Buffers {
            block_len: usize::try_from(raw.bufsize).unwrap_or(0),
            count: usize::try_from(raw.numbufs).unwrap_or(0),
        })
    }

    /// Puts a clear channel in audio mode; any other has it already and answers EINVAL.
    ///
    /// # Errors
    /// EINVAL.
    pub fn audio_mode(&self, on: bool) -> Result<(), Errno> {
        self.int(&abi::AUDIOMODE, on.into())
    }

    /// Sets the law, until the channel is closed.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn set_law(&self, law: ChannelLaw) -> Result<(), Errno> {
        let number = match law {
            ChannelLaw::Mu => 1,
            ChannelLaw::A => 2,
        };
        self.int(&abi::SETLAW, number)
    }

    /// 16-bit samples rather than law bytes. Codes around zero are lost that way.
    ///
    /// # Errors
    /// EINVAL without audio mode.
    pub fn set_linear(&self, on: bool) -> Result<(), Errno> {
        self.int(&abi::SETLINEAR, on.into())
    }

    /// Echo canceller of the kernel or card: taps, or 0 for off.
    ///
    /// # Errors
    /// EINVAL for a number of taps it does not like.
    pub fn echo_canceller(&self, taps: u16) -> Result<(), Errno> {
        self.int(&abi::ECHOCANCEL, taps.into())
    }

    /// Overruns and underruns become events.
    ///
    /// # Errors
    /// EINVAL on a kernel too old for it.
    pub fn buffer_events(&self, on: bool) -> Result<(), Errno> {
        self.int(&abi::BUFFER_EVENTS, on.into())
    }

    /// Empties buffers and stops what is in them.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn flush(&self, what: Flush) -> Result<(), Errno> {
        let bits =
            c_int::from(what.read) | c_int::from(what.write) << 1 | c_int::from(what.events) << 2;
        self.int(&abi::FLUSH, bits)
    }

    /// Both gain tables of the kernel to "as it is".
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn unity_gain(&self) -> Result<(), Errno> {
        let mut table = [0; 256];
        for (place, code) in table.iter_mut().zip(0_u8..=255) {
            *place = code;
        }
        let mut raw = abi::Gains {
            chan: 0,
            rxgain: table,
            txgain: table,
        };
        abi::SETGAINS.call(self.as_fd(), &mut raw).map(drop)
    }

    /// Gain of the line chip, tenths of a dB. ENOTTY where the driver has none.
    ///
    /// # Errors
    /// The error of the driver.
    pub fn hardware_gain(&self, direction: GainDirection, tenth_db: i16) -> Result<(), Errno> {
        let mut raw = abi::HwGain {
            newgain: tenth_db.into(),
            tx: match direction {
                GainDirection::FromLine => 0,
                GainDirection::ToLine => 1,
            },
        };
        abi::SET_HWGAIN.call(self.as_fd(), &mut raw).map(drop)
    }

    /// Hook state. [`Hook::Ring`], [`Hook::Wink`], [`Hook::Flash`] and [`Hook::Start`] only begin here and go on by
    /// themselves.
    ///
    /// # Errors
    /// EBUSY when the state does not allow it, ENODATA for ringing without a tone zone.
    pub fn hook(&self, hook: Hook) -> Result<(), Errno> {
        match self.int(&abi::HOOK, hook as c_int) {
            // What a non-blocking descriptor gets for "in progress".
            Err(Errno::EINPROGRESS) => Ok(()),
            other => other,
        }
    }

    /// Ring cadence in ms: on, off, …, up to the first 0; none is the tone zone's. Give whole pairs: the kernel takes the
    /// zone's times for a missing off.
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn set_cadence(&self, cadence: Option<&[i32; 16]>) -> Result<(), Errno> {
        match cadence {
            Some(&ringcadence) => {
                let mut raw = abi::RingCadence { ringcadence };
                abi::SETCADENCE.call(self.as_fd(), &mut raw).map(drop)
            }
            None => abi::SETCADENCE.call_without(self.as_fd()).map(drop),
        }
    }

    /// Takes the default tone zone. ENODATA: `dahdi_cfg` has loaded none, and the kernel will not ring.
    ///
    /// # Errors
    /// ENODATA.
    pub fn default_tone_zone(&self) -> Result<(), Errno> {
        self.int(&abi::SETTONEZONE, -1)
    }

    /// Lets audio through on-hook for this number of ms.
    ///
    /// # Errors
    /// ENOTTY where the driver has no such thing.
    pub fn on_hook_transfer(&self, ms: u16) -> Result<(), Errno> {
        self.int(&abi::ONHOOKTRANSFER, ms.into())
    }

    /// Polarity of the feed.
    ///
    /// # Errors
    /// ENOTTY where the driver has no such thing, EINVAL while ringing or without a feed.
    pub fn polarity(&self, reversed: bool) -> Result<(), Errno> {
        self.int(&abi::SETPOLARITY, reversed.into())
    }

    /// Sets the number of waiting messages for the lamp; 0 puts it out.
    ///
    /// # Errors
    /// ENOTTY where the driver has no such thing.
    pub fn vmwi(&self, messages: u16) -> Result<(), Errno> {
        self.int(&abi::VMWI, messages.into())
    }

    /// How [`vmwi`](Channel::vmwi) lights the lamp.
    ///
    /// # Errors
    /// ENOTTY where the driver has no such thing.
    pub fn vmwi_config(&self, kinds: LampKinds) -> Result<(), Errno> {
        let mut raw = abi::VmwiInfo {
            vmwi_type: kinds.bits(),
        };
        abi::VMWI_CONFIG.call(self.as_fd(), &mut raw).map(drop)
    }

    /// Dials in the kernel: `T5551234` in tones, `P5551234` in pulses (`W` waits for dial tone nowhere: it is a pause).
    ///
    /// # Errors
    /// EINVAL for more than 254 characters or a NUL; ENODATA without a tone zone.
    pub fn dial(&self, mode: DialMode, digits: &str) -> Result<(), Errno> {
        let mut raw: abi::DialOperation = abi::zeroed();
        if digits.len() >= raw.dialstr.len() - 1 || digits.bytes().any(|b| b == 0) {
            return Err(Errno::EINVAL);
        }
        raw.op = mode as c_int;
        for (place, byte) in raw.dialstr.iter_mut().zip(digits.bytes()) {
            *place = c_char::from_ne_bytes([byte]);
        }
        abi::DIAL.call(self.as_fd(), &mut raw).map(drop)
    }

    /// Still dialing?
    ///
    /// # Errors
    /// The error of the kernel.
    pub fn dialing(&self) -> Result<bool, Errno> {
        let mut value = 0;
        abi::DIALING.call(self.as_fd(), &mut value)?;
        Ok(value != 0)
    }

    /// Sends a tone of the zone until something is written.
    ///
    /// # Errors
    /// ENODATA without a tone zone.
    pub fn send_tone(&self, tone: KernelTone) -> Result<(), Errno> {
        self.int(&abi::SENDTONE, tone as c_int)
    }

    /// The oldest event, or none.
    ///
    /// # Errors
    /// ENODEV when the channel is gone.
    pub fn next_event(&self) -> Result<Option<Event>, Errno> {
        let mut number = 0;
        abi::GETEVENT.call(self.as_fd(), &mut number)?;
        Ok(Event::from_kernel(number))
    }

    /// Reads at most one block. A buffer shorter than the block loses the rest of it.
    pub fn read(&self, buf: &mut [u8]) -> Transfer {
        transfer(unistd::read(&self.fd, buf))
    }

    /// Writes at most one block; what is longer is cut. Stops a kernel tone.
    pub fn write(&self, buf: &[u8]) -> Transfer {
        transfer(unistd::write(&self.fd, buf))
    }

    /// Waits until there is an event, audio (`for_read`) or room (`for_write`). A channel that is gone is reported as an
    /// event.
    ///
    /// # Errors
    /// EINTR among others.
    pub fn wait(
        &self,
        for_read: bool,
        for_write: bool,
        timeout: std::time::Duration,
    ) -> Result<Ready, Errno> {
        let mut wanted = PollFlags::POLLPRI;
        wanted.set(PollFlags::POLLIN, for_read);
        wanted.set(PollFlags::POLLOUT, for_write);
        let mut fds = [PollFd::new(self.fd.as_fd(), wanted)];
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        poll(&mut fds, timeout)?;
        let found = fds
            .first()
            .and_then(PollFd::revents)
            .unwrap_or(PollFlags::empty());
        Ok(Ready {
            readable: found.contains(PollFlags::POLLIN),
            writable: found.contains(PollFlags::POLLOUT),
            event: found.intersects(PollFlags::POLLPRI | PollFlags::POLLERR | PollFlags::POLLHUP),
        })
    }

    /// Voltages of the line. Waits for the chip: not for the line thread.
    ///
    /// # Errors
    /// ENOTTY where the driver has no such thing.
    pub fn voltages(&self) -> Result<Voltages, Errno> {
        let mut raw: abi::Stats = abi::zeroed();
        abi::WCTDM_GET_STATS.call(self.as_fd(), &mut raw)?;
        Ok(Voltages {
            tip_mv: raw.tipvolt,
            ring_mv: raw.ringvolt,
            battery_mv: raw.batvolt,
        })
    }

    /// All registers of the chip. Waits for the chip, over 200 times: not for the line thread.
    ///
    /// # Errors
    /// ENOTTY where the driver has no such thing.
    pub fn registers(&self) -> Result<Registers, Errno> {
        let mut raw: abi::Regs = abi::zeroed();
        abi::WCTDM_GET_REGS.call(self.as_fd(), &mut raw)?;
        Ok(Registers {
            direct: raw.direct,
            indirect: raw.indirect,
        })
    }

    /// Sets a direct register. The driver checks nothing and prints a line in the kernel log.
    ///
    /// # Errors
    /// ENOTTY where the driver has no such thing.
    pub fn set_register(&self, number: u8, value: u8) -> Result<(), Errno> {
        self.register_operation(0, number, value.into())
    }

    /// Sets an indirect register.
    ///
    /// # Errors
    /// ENOTTY where the driver has no such thing.
    pub fn set_indirect_register(&self, number: u8, value: u16) -> Result<(), Errno> {
        self.register_operation(1, number, value)
    }

    fn register_operation(&self, indirect: c_int, reg: u8, val: u16) -> Result<(), Errno> {
        let mut raw = abi::RegOp { indirect, reg, val };
        abi::WCTDM_SET_REG.call(self.as_fd(), &mut raw).map(drop)
    }

    fn int(&self, request: &abi::Request<c_int>, value: c_int) -> Result<(), Errno> {
        let mut value = value;
        request.call(self.as_fd(), &mut value).map(drop)
    }
}

/// What [`Channel::flush`] empties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flush {
    /// Received audio.
    pub read: bool,
    /// Audio to be sent.
    pub write: bool,
    /// Events.
    pub events: bool,
}

/// Which way a gain acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GainDirection {
    /// Line to network.
    FromLine,
    /// Network to line.
    ToLine,
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

pub(super) fn params_of(raw: &abi::Params) -> Params {
    Params {
        channel: raw.channo,
        span: raw.spanno,
        position: raw.chanpos,
        name: abi::text(&raw.name),
        signalling: Signalling::from_kernel(raw.sigtype),
        sig_capabilities: SigCapabilities(raw.sigcap),
        rx_off_hook: raw.rxisoffhook != 0,
        law: if raw.curlaw == 2 {
            ChannelLaw::A
        } else {
            ChannelLaw::Mu
        },
        alarms: Alarms(raw.chan_alarms),
        timing: Timing {
            pre_wink_ms: raw.prewinktime,
            pre_flash_ms: raw.preflashtime,
            wink_ms: raw.winktime,
            flash_ms: raw.flashtime,
            start_ms: raw.starttime,
            rx_wink_ms: raw.rxwinktime,
            rx_flash_ms: raw.rxflashtime,
            debounce_ms: raw.debouncetime,
            pulse_break_ms: raw.pulsebreaktime,
            pulse_make_ms: raw.pulsemaketime,
            pulse_after_ms: raw.pulseaftertime,
        },
    }
}

fn transfer(answer: nix::Result<usize>) -> Transfer {
    match answer {
        Ok(bytes) => Transfer::Done(bytes),
        Err(Errno::EAGAIN | Errno::EINTR) => Transfer::WouldBlock,
        // nix has no name for DAHDI's own number.
        Err(_) if Errno::last_raw() == ELAST => Transfer::EventPending,
        Err(_) => Transfer::Failed(Errno::last_raw()),
    }
}

fn errno_of(error: std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}
