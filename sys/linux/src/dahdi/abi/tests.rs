//! Every layout and number against the C header, as a C compiler sees it.

use std::fmt::Write as _;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// Where Debian's packages put the headers: `dahdi-source`, then `dahdi-dkms`.
fn include_folder() -> Option<PathBuf> {
    let sources = std::fs::read_dir("/usr/src").into_iter().flatten();
    let unpacked = sources
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with("dahdi-"))
        })
        .map(|path| path.join("include"));
    std::iter::once(PathBuf::from("/usr/include"))
        .chain(unpacked)
        .find(|folder| folder.join("dahdi/user.h").exists())
}

/// One line a fact: what C is asked, and what we say.
struct Facts(Vec<(String, u64)>);

impl Facts {
    fn value(&mut self, expression: &str, ours: u64) {
        self.0.push((expression.to_owned(), ours));
    }

    fn request<T: Plain>(&mut self, name: &str, ours: &Request<T>) {
        self.value(&format!("DAHDI_{name}"), ours.number());
    }
}

macro_rules! layout {
    ($facts:ident, $ours:ident, $theirs:literal: $($field:ident)*) => {
        $facts.value(&format!("sizeof({})", $theirs), size_of::<$ours>() as u64);
        $($facts.value(
            &format!("offsetof({}, {})", $theirs, stringify!($field)),
            offset_of!($ours, $field) as u64,
        );)*
    };
}

fn facts() -> Facts {
    let mut f = Facts(Vec::new());
    layout!(f, Params, "struct dahdi_params": channo spanno chanpos sigtype sigcap rxisoffhook rxbits txbits
        txhooksig rxhooksig curlaw idlebits name prewinktime preflashtime winktime flashtime starttime rxwinktime
        rxflashtime debouncetime pulsebreaktime pulsemaketime pulseaftertime chan_alarms);
    layout!(f, BufferInfo, "struct dahdi_bufferinfo": txbufpolicy rxbufpolicy numbufs bufsize readbufs writebufs);
    layout!(f, Gains, "struct dahdi_gains": chan rxgain txgain);
    layout!(f, RingCadence, "struct dahdi_ring_cadence": ringcadence);
    layout!(f, DialOperation, "struct dahdi_dialoperation": op dialstr);
    layout!(f, HwGain, "struct dahdi_hwgain": newgain);
    layout!(f, VmwiInfo, "struct dahdi_vmwi_info": vmwi_type);
    layout!(f, VersionInfo, "struct dahdi_versioninfo": version echo_canceller);
    layout!(f, SpanInfo, "struct dahdi_spaninfo": spanno name desc alarms txlevel rxlevel bpvcount crc4count ebitcount
        fascount fecount cvcount becount prbs errsec irqmisses syncsrc numchans totalchans totalspans lbo lineconfig
        lboname location manufacturer devicetype irq linecompat spantype);
    layout!(f, Stats, "struct wctdm_stats": tipvolt ringvolt batvolt);
    layout!(f, Regs, "struct wctdm_regs": direct indirect);
    layout!(f, RegOp, "struct wctdm_regop": indirect reg val);
    f.request("FLUSH", &FLUSH);
    f.request("GET_PARAMS", &GET_PARAMS);
    f.request("SET_PARAMS", &SET_PARAMS);
    f.request("HOOK", &HOOK);
    f.request("GETEVENT", &GETEVENT);
    f.request("SPANSTAT", &SPANSTAT);
    f.request("SETGAINS", &SETGAINS);
    f.request("SENDTONE", &SENDTONE);
    f.request("SETTONEZONE", &SETTONEZONE);
    f.request("GET_BUFINFO", &GET_BUFINFO);
    f.request("SET_BUFINFO", &SET_BUFINFO);
    f.request("DIAL", &DIAL);
    f.request("AUDIOMODE", &AUDIOMODE);
    f.request("ECHOCANCEL", &ECHOCANCEL);
    f.request("DIALING", &DIALING);
    f.request("SPECIFY", &SPECIFY);
    f.request("SETLAW", &SETLAW);
    f.request("SETLINEAR", &SETLINEAR);
    f.request("SETCADENCE", &SETCADENCE);
    f.request("ONHOOKTRANSFER", &ONHOOKTRANSFER);
    f.request("GETVERSION", &GETVERSION);
    f.request("SET_HWGAIN", &SET_HWGAIN);
    f.request("SETPOLARITY", &SETPOLARITY);
    f.request("VMWI", &VMWI);
    f.request("VMWI_CONFIG", &VMWI_CONFIG);
    f.request("BUFFER_EVENTS", &BUFFER_EVENTS);
    f.value("WCTDM_GET_STATS", WCTDM_GET_STATS.number());
    f.value("WCTDM_GET_REGS", WCTDM_GET_REGS.number());
    f.value("WCTDM_SET_REG", WCTDM_SET_REG.number());
    values(&mut f);
    f
}

/// Numbers that `values.rs` and `channel.rs` write out.
fn values(f: &mut Facts) {
    use crate::dahdi::{BufferPolicy, DialMode, Event, Hook, KernelTone, Signalling};
    for (name, hook) in [
        ("ONHOOK", Hook::OnHook),
        ("OFFHOOK", Hook::OffHook),
        ("WINK", Hook::Wink),
        ("FLASH", Hook::Flash),
        ("START", Hook::Start),
        ("RING", Hook::Ring),
        ("RINGOFF", Hook::RingOff),
    ] {
        f.value(&format!("DAHDI_{name}"), hook as u64);
    }
    for number in 1..=30 {
        if let Some(event) = Event::from_kernel(number)
            && let Some(name) = c_name(event)
        {
            f.value(
                &format!("DAHDI_EVENT_{name}"),
                u64::from(number.unsigned_abs()),
            );
        }
    }
    for number in (0..1 << 15).chain([1 << 16]) {
        let signalling = Signalling::from_kernel(number);
        if let Some(key) = signalling.key()
            && signalling != Signalling::Clear
        {
            f.value(
                &format!("DAHDI_SIG_{}", key.to_uppercase()),
                u64::from(number.unsigned_abs()),
            );
        }
    }
    f.value("DAHDI_SIG_CLEAR", 1 << 7);
    f.value("DAHDI_EVENT_PULSEDIGIT", 1 << 16);
    f.value("DAHDI_EVENT_DTMFDOWN", 1 << 17);
    f.value("DAHDI_EVENT_DTMFUP", 1 << 18);
    f.value("DAHDI_DIAL_OP_APPEND", DialMode::Append as u64);
    f.value("DAHDI_DIAL_OP_REPLACE", DialMode::Replace as u64);
    f.value(
        "DAHDI_POLICY_IMMEDIATE",
        BufferPolicy::Immediate as i32 as u64,
    );
    f.value(
        "DAHDI_POLICY_WHEN_FULL",
        BufferPolicy::WhenFull as i32 as u64,
    );
    f.value(
        "DAHDI_POLICY_HALF_FULL",
        BufferPolicy::HalfFull as i32 as u64,
    );
    f.value("DAHDI_TONE_DIALTONE", KernelTone::Dial as i32 as u64);
    f.value(
        "DAHDI_TONE_CONGESTION",
        KernelTone::Congestion as i32 as u64,
    );
    f.value("DAHDI_LAW_MULAW", 1);
    f.value("DAHDI_LAW_ALAW", 2);
    f.value("DAHDI_FLUSH_READ", 1);
    f.value("DAHDI_FLUSH_WRITE", 2);
    f.value("DAHDI_FLUSH_EVENT", 4);
    f.value("DAHDI_VMWI_LREV", 1);
    f.value("DAHDI_VMWI_HVDC", 2);
    f.value("DAHDI_VMWI_HVAC", 4);
    f.value("DAHDI_ALARM_RED", 1 << 3);
    f.value("DAHDI_ALARM_YELLOW", 1 << 2);
    f.value("DAHDI_ALARM_BLUE", 1 << 4);
    f.value("DAHDI_ALARM_RECOVER", 1);
    f.value("DAHDI_ALARM_LOOPBACK", 2);
    f.value("DAHDI_ALARM_NOTOPEN", 1 << 5);
    f.value("ELAST", 500);
}

fn c_name(event: crate::dahdi::Event) -> Option<&'static str> {
    use crate::dahdi::Event;
    Some(match event {
        Event::OnHook => "ONHOOK",
        Event::RingOffHook => "RINGOFFHOOK",
        Event::WinkFlash => "WINKFLASH",
        Event::Alarm => "ALARM",
        Event::NoAlarm => "NOALARM",
        Event::DialComplete => "DIALCOMPLETE",
        Event::RingerOn => "RINGERON",
        Event::RingerOff => "RINGEROFF",
        Event::HookComplete => "HOOKCOMPLETE",
        Event::BitsChanged => "BITSCHANGED",
        Event::PulseStart => "PULSE_START",
        Event::Polarity => "POLARITY",
        Event::RingBegin => "RINGBEGIN",
        Event::EchoCancellerDisabled => "EC_DISABLED",
        Event::Removed => "REMOVED",
        Event::NeonLampOn => "NEONMWI_ACTIVE",
        Event::NeonLampOff => "NEONMWI_INACTIVE",
        Event::ReadOverrun => "READ_OVERRUN",
        Event::WriteUnderrun => "WRITE_UNDERRUN",
        Event::PulseDigit(_) | Event::DtmfDown(_) | Event::DtmfUp(_) | Event::Other(_) => {
            return None;
        }
    })
}

#[test]
fn layouts_and_numbers_are_those_of_the_c_header() {
    let Some(include) = include_folder() else {
        println!(
            "SKIPPED: no dahdi/user.h on this machine, so the layouts of DAHDI's structures were not checked; \
             install the package dahdi-source (packaging/setup.sh test does)"
        );
        return;
    };
    let facts = facts();
    let answers = ask_c(&include, &facts);
    let mut wrong = String::new();
    for ((expression, ours), theirs) in facts.0.iter().zip(&answers) {
        if ours != theirs {
            let _ = writeln!(wrong, "{expression}: {theirs} in C, {ours} here");
        }
    }
    assert_eq!(answers.len(), facts.0.len());
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(facts.0.len() > 150, "only {} facts", facts.0.len());
}

fn ask_c(include: &Path, facts: &Facts) -> Vec<u64> {
    let folder = std::env::temp_dir().join(format!("tipring-dahdi-abi-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let mut source = String::from(
        "#include <stddef.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n#include <dahdi/user.h>\n\
         #include <dahdi/wctdm_user.h>\nint main(void) {\n",
    );
    for (expression, _) in &facts.0 {
        let _ = writeln!(
            source,
            "printf(\"%llu\\n\", (unsigned long long)({expression}));"
        );
    }
    source.push_str("return 0; }\n");
    let (c, program) = (folder.join("abi.c"), folder.join("abi"));
    std::fs::write(&c, source).expect("the C source is written");
    let built = Command::new("cc")
        .arg("-I")
        .arg(include)
        .args([&c, Path::new("-o"), &program])
        .output()
        .expect("cc runs; install gcc");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");
    let ran = Command::new(&program).output().expect("the program runs");
    let _ = std::fs::remove_dir_all(&folder);
    let text = String::from_utf8_lossy(&ran.stdout);
    text.lines()
        .map(|line| line.parse().expect("a number"))
        .collect()
}
