//! Why a channel is not opened: each text names the thing, the cause and the cure.

use std::fmt;
use std::os::unix::fs::MetadataExt;

use tipring_linux::dahdi::{Control, Errno, OpenStep, SigCapabilities, Signalling};

use super::sysfs::{Root, ranges};

/// A process that holds DAHDI channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// How many of DAHDI's devices it has open. Which channels they are the kernel does not show.
    pub devices: usize,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

/// Why a channel is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No DAHDI in the kernel.
    #[error(
        "DAHDI is not loaded (there is no /dev/dahdi); load the driver of the card (\"modprobe wctdm24xxp\", or whatever \
         \"tipring hardware\" says), or install the package dahdi-dkms if there is no such module"
    )]
    NotLoaded,
    /// The module is there, its device nodes are not.
    #[error(
        "DAHDI is loaded, but /dev/dahdi/channel is missing; is udev running? \"udevadm trigger\" makes the device"
    )]
    NoDevice,
    /// May not open the device.
    #[error(
        "no permission for /dev/dahdi/channel (it belongs to group {group}); run the daemon under its systemd unit, or \
         add the user to that group"
    )]
    Permission {
        /// Group of the device.
        group: String,
    },
    /// Somebody else has the channel.
    #[error("DAHDI channel {channel} is in use{}", in_use(holders))]
    InUse {
        /// Which channel.
        channel: u16,
        /// Who has DAHDI channels open.
        holders: Vec<Holder>,
    },
    /// There is no such channel.
    #[error("DAHDI channel {channel} does not exist: {}", there_is(known))]
    NoSuchChannel {
        /// Which channel.
        channel: u16,
        /// The channels there are.
        known: Vec<u16>,
    },
    /// The port of the card is empty, or its module failed.
    #[error(
        "DAHDI channel {channel} has no working line module: the driver refuses it; look for its module in \"dmesg\" and \
         seat it again, or choose another channel"
    )]
    NoModule {
        /// Which channel.
        channel: u16,
    },
    /// `dahdi_cfg` was not run, or does not name the channel.
    #[error(
        "DAHDI channel {channel} is not configured; write \"fxoks={channel}\" in /etc/dahdi/system.conf and run dahdi_cfg \
         (or run \"tipring setup\")"
    )]
    NotConfigured {
        /// Which channel.
        channel: u16,
    },
    /// An exchange line can be connected here, no telephone.
    #[error(
        "DAHDI channel {channel} is a port for a telephone exchange line (FXO): no telephone can be connected; choose a \
         channel with a port for a telephone (FXS), see \"tipring hardware\""
    )]
    ExchangePort {
        /// Which channel.
        channel: u16,
    },
    /// Wrong signalling, but the port could have the right one.
    #[error(
        "DAHDI channel {channel} is signalled {found}{}: this gateway needs fxo_ks; write \"fxoks={channel}\" in \
         /etc/dahdi/system.conf and run dahdi_cfg",
        meant_for(*found)
    )]
    Signalling {
        /// Which channel.
        channel: u16,
        /// As configured.
        found: Signalling,
    },
    /// No tone zone: the kernel refuses to ring.
    #[error(
        "DAHDI channel {channel} cannot ring: no tone zone is loaded; write \"loadzone=us\" and \"defaultzone=us\" (or \
         your country) in /etc/dahdi/system.conf and run dahdi_cfg"
    )]
    NoToneZone {
        /// Which channel.
        channel: u16,
    },
    /// A block the kernel does not take.
    #[error(
        "DAHDI takes blocks of 16 samples (2 ms) and more, not {block_len}; set [line-thread] block-ms to 2 or more"
    )]
    BlockLength {
        /// Samples asked for.
        block_len: usize,
    },
    /// Anything else.
    #[error(
        "DAHDI channel {channel}: {step} failed: {errno}; see \"dmesg\" and \"tipring hardware\""
    )]
    System {
        /// Which channel.
        channel: u16,
        /// What was tried.
        step: &'static str,
        /// The error of the kernel.
        errno: Errno,
    },
}

impl OpenError {
    /// The cause may go away by itself or by somebody's hand, without a change of the configuration: worth trying again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        !matches!(
            self,
            OpenError::BlockLength { .. } | OpenError::ExchangePort { .. }
        )
    }

    pub(super) fn of_opening(
        channel: u16,
        error: tipring_linux::dahdi::OpenError,
        root: &Root,
    ) -> OpenError {
        let step = match error.step {
            OpenStep::Device => "opening /dev/dahdi/channel",
            OpenStep::Specify => "opening it",
        };
        let other = OpenError::System {
            channel,
            step,
            errno: error.errno,
        };
        match (error.step, error.errno) {
            (OpenStep::Device, Errno::ENOENT) if root.dahdi_loaded() => OpenError::NoDevice,
            (OpenStep::Device, Errno::ENOENT | Errno::ENXIO | Errno::ENODEV) => {
                OpenError::NotLoaded
            }
            (OpenStep::Device, Errno::EACCES | Errno::EPERM) => OpenError::Permission {
                group: group_of_device(root),
            },
            (OpenStep::Specify, Errno::EBUSY) => OpenError::InUse {
                channel,
                holders: holders(root),
            },
            (OpenStep::Specify, Errno::EINVAL | Errno::ENXIO) => {
                let known = root.channels();
                if !known.contains(&channel) {
                    return OpenError::NoSuchChannel { channel, known };
                }
                // The kernel opens no channel without signalling. What it could have, the control device reports.
                let asked = Control::open().and_then(|control| control.channel(channel));
                let unfit = asked.map(|found| {
                    OpenError::of_signalling(channel, found.signalling, found.sig_capabilities)
                });
                match unfit {
                    Ok(Err(unfit)) => unfit,
                    Ok(Ok(())) => OpenError::NoModule { channel },
                    Err(_) => OpenError::NotConfigured { channel },
                }
            }
            (OpenStep::Specify, Errno::ENODEV) => OpenError::NoModule { channel },
            _ => other,
        }
    }

    /// What is wrong with this signalling, if anything.
    pub(super) fn of_signalling(
        channel: u16,
        found: Signalling,
        can: SigCapabilities,
    ) -> Result<(), OpenError> {
        if matches!(found, Signalling::FxoKs | Signalling::FxoLs) {
            return Ok(());
        }
        if can.broken() {
            return Err(OpenError::NoModule { channel });
        }
        // A driver that reports no capabilities at all is assumed to have all.
        if can.0 != 0 && !can.allows(Signalling::FxoKs) {
            return Err(OpenError::ExchangePort { channel });
        }
        Err(match found {
            Signalling::None => OpenError::NotConfigured { channel },
            found => OpenError::Signalling { channel, found },
        })
    }
}

fn meant_for(signalling: Signalling) -> &'static str {
    match signalling {
        s if s.is_for_exchange_line() => " (for a telephone exchange line)",
        Signalling::FxoGs => " (ground start, for a PBX)",
        _ => "",
    }
}

fn in_use(holders: &[Holder]) -> String {
    match holders {
        [] => "; stop what uses it or choose another channel".into(),
        [one] => format!(" by {one}; stop it or choose another channel"),
        many => {
            let names: Vec<_> = many.iter().map(Holder::to_string).collect();
            format!(
                "; DAHDI channels are held by {}: stop the one that has it, or choose another channel",
                names.join(", ")
            )
        }
    }
}

fn there_is(known: &[u16]) -> String {
    match known {
        [] => "DAHDI has no channels; is a card plugged in and its driver loaded? see \"tipring hardware\"".into(),
        [one] => format!("DAHDI has channel {one} only; correct [[port]] channel"),
        known => format!(
            "DAHDI has channels {}; correct [[port]] channel, or look for the missing card with \"tipring hardware\"",
            ranges(known)
        ),
    }
}

/// Other processes with DAHDI devices open, by what /proc lets us see.
pub(super) fn holders(root: &Root) -> Vec<Holder> {
    let own = std::process::id();
    let processes = root.list("/proc");
    // Under its unit the daemon sees no process but its own.
    let mut others_seen = false;
    let mut found: Vec<Holder> = processes
        .iter()
        .filter_map(|path| {
            let pid: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let open = std::fs::read_dir(path.join("fd")).ok()?;
            others_seen |= pid != own;
            let devices = open
                .flatten()
                .filter_map(|fd| std::fs::read_link(fd.path()).ok())
                .filter(|target| is_channel(target))
                .count();
            let name = std::fs::read_to_string(path.join("comm")).ok()?;
            let name = name.trim().to_owned();
            let name = if pid == own {
                format!("{name} itself")
            } else {
                name
            };
            (devices > 0).then_some(Holder { pid, name, devices })
        })
        .collect();
    // Our own channels are known to us: only if others are seen, and none of them has one, may it be one of ours.
    if !others_seen || found.iter().any(|holder| holder.pid != own) {
        found.retain(|holder| holder.pid != own);
    }
    found.sort_by_key(|holder| holder.pid);
    found
}

/// `/dev/dahdi/channel`, or the node of one channel; not the control, timer or pseudo devices.
fn is_channel(target: &std::path::Path) -> bool {
    target.strip_prefix("/dev/dahdi").is_ok_and(|name| {
        let name = name.to_string_lossy();
        name == "channel" || name.parse::<u16>().is_ok() || name.starts_with("chan/")
    })
}

fn group_of_device(root: &Root) -> String {
    let device = root.path("/dev/dahdi/channel");
    let gid = std::fs::metadata(device).map(|m| m.gid());
    let groups = std::fs::read_to_string(root.path("/etc/group")).unwrap_or_default();
    let name = gid.ok().and_then(|gid| {
        groups.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
        })
    });
    name.unwrap_or_else(|| "dahdi".into())
}

#[cfg(test)]
mod tests {
    use super::super::tree::grow;
    use super::*;

    #[test]
    fn a_daemon_that_sees_nobody_else_does_not_accuse_itself() {
        let own = std::process::id();
        let itself = format!("/proc/{own}/comm = tipringd\n/proc/{own}/fd/7 -> /dev/dahdi/channel");
        let root = grow(&itself);
        assert_eq!(holders(&Root(root.path().to_owned())), []);
        // With others in sight that hold nothing it is one of ours.
        let root = grow(&format!("{itself}\n/proc/1/comm = init\n/proc/1/fd/"));
        let found = holders(&Root(root.path().to_owned()));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].pid, own);
    }
}
