//! All ports talking at once, and what that costs: ours, and the same work by Asterisk's `chan_dahdi`.
//!
//! Guest time is an instruction count: shares of it compare programs, not computers. A program's own time is what
//! `/proc/PID` says; what the kernel does for a line (its interrupt: copying, and its echo canceller) belongs to no
//! program, and is shown beside: all that is busy less all known programs, and less what the idle card costs.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tipring_ctl::report::StatusReport;
use tipring_tests::phone::{DtmfStyle, Phone};

use crate::figures::{Cpu, Machine, Share, cpu_of};
use crate::stage::{Cards, DIAL_TONE, Echo, Stage, run};

const S: fn(u64) -> Duration = Duration::from_secs;
/// The line echo canceller of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Canceller {
    Off,
    /// As long an echo path as the kernel's with its 128 taps, which is what it has as a rule.
    Short,
    /// As we come: four times that.
    Default,
}

impl Canceller {
    fn is_on(self) -> bool {
        self != Canceller::Off
    }
}

/// Echo of the lines while the cancellers run.
const ECHO_DB: &str = "20";
/// What calls to it give back.
const ECHO_SERVICE: &str = "500";

/// What the work cost, per cent of one CPU.
#[derive(Clone, Copy, Debug)]
struct Cost {
    process: Cpu,
    line_thread: Option<f64>,
    telephones: f64,
    server: f64,
    machine: Share,
    idle: f64,
}

impl Cost {
    /// Everything that was done for the lines: all that was busy less telephones, call manager and the
    /// idle machine. The kernel's interrupts are in it, which `process` holds only where they hit the process.
    fn whole(&self) -> f64 {
        self.machine.busy - self.telephones - self.server - self.idle
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "process {:.2} % (user {:.2}, system {:.2}",
            self.process.total(),
            self.process.user,
            self.process.system
        )?;
        if let Some(thread) = self.line_thread {
            write!(f, "; line thread {thread:.2}")?;
        }
        write!(
            f,
            "); whole work {:.2} % of {:.1} % busy (telephones {:.1}, call manager {:.1}, idle machine with card {:.2})",
            self.whole(),
            self.machine.busy,
            self.telephones,
            self.server,
            self.idle
        )
    }
}

/// Ports that talk: every one of the card, or as many as the gateway gets.
fn ports(stage: &Stage) -> Vec<u16> {
    (1..=stage.ports).collect()
}

/// All of them lift and dial; each is in a call with the echo when this is done.
fn call_the_echo(stage: &Stage, phones: &[Phone]) -> Result<(), String> {
    for phone in phones {
        phone.lift()?;
        std::thread::sleep(Duration::from_millis(40)); // nobody lifts 24 handsets at once
    }
    for phone in phones {
        phone.hears(&DIAL_TONE, S(8))?;
        phone.begin_dialing(ECHO_SERVICE, DtmfStyle::default())?;
    }
    for phone in phones {
        stage.talking(phone.number())?;
    }
    Ok(())
}

/// Speech in its rhythm: noise for a second, nothing for half a second, minute after minute.
fn speech(seconds: u64, lane: u16) -> Vec<u8> {
    let mut seed = u32::from(lane).wrapping_mul(2_654_435_761) | 1;
    let mut low = 0.0f64;
    (0..seconds * 8000)
        .map(|n| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let white = f64::from((seed >> 16) as u16) - 32_768.0;
            low = 0.8 * low + 0.2 * white;
            // Every port begins at a time of its own.
            let talking = (n + u64::from(lane) * 1700) % 12_000 < 8000;
            let sample = if talking { low * 0.25 } else { 0.0 };
            tipring_dsp::Law::Mu.encode(sample as i16)
        })
        .collect()
}

/// Lets everybody talk for `lasts`; what it cost and what was heard.
fn work(
    phones: &[Phone],
    echo: bool,
    lasts: Duration,
    worker: u32,
    line_thread: Option<&str>,
    server: Option<u32>,
    idle: f64,
) -> Result<(Cost, Heard), String> {
    for phone in phones {
        if echo {
            phone.say(speech(lasts.as_secs() + 3, phone.number()));
        } else {
            phone.follow(phone.number());
            phone.talk();
        }
    }
    std::thread::sleep(S(1)); // everybody is talking
    let me = std::process::id();
    let cpu = |pid: u32| cpu_of(pid, None);
    let (before, mine, server_before) = (cpu(worker)?, cpu(me)?, server.map(cpu).transpose()?);
    let thread_before = line_thread.map(|t| cpu_of(worker, Some(t))).transpose()?;
    let (machine, start) = (Machine::now()?, Instant::now());
    std::thread::sleep(lasts); // the work
    let share = Machine::since(&machine)?;
    let seconds = start.elapsed().as_secs_f64();
    let per_cent = |c: Cpu| Cpu {
        user: 100.0 * c.user / seconds,
        system: 100.0 * c.system / seconds,
    };
    let cost = Cost {
        process: per_cent(cpu(worker)? - before),
        line_thread: match (line_thread, thread_before) {
            (Some(t), Some(b)) => Some(per_cent(cpu_of(worker, Some(t))? - b).total()),
            _ => None,
        },
        telephones: per_cent(cpu(me)? - mine).total(),
        server: match (server, server_before) {
            (Some(pid), Some(b)) => per_cent(cpu(pid)? - b).total(),
            _ => 0.0,
        },
        machine: share,
        idle,
    };
    let heard = what_was_heard(phones, echo, lasts);
    phones.iter().for_each(Phone::quiet);
    Ok((cost, heard))
}

/// What came back to the telephones.
struct Heard {
    /// Every sample, once and in order.
    whole: bool,
    text: String,
}

fn what_was_heard(phones: &[Phone], echo: bool, lasts: Duration) -> Heard {
    if echo {
        // A canceller alters what it lets through: only that something comes back is judged.
        let levels = phones.iter().map(|p| p.heard().level_dbm0(1000));
        let least = levels.fold(f64::INFINITY, f64::min);
        return Heard {
            whole: least > -50.0,
            text: format!("speech comes back at {least:.0} dBm0 or more"),
        };
    }
    let (mut lost, mut repeated, mut altered, mut samples, mut delays) = (0, 0, 0, 0, vec![]);
    let mut worst = String::new();
    for phone in phones {
        let c = phone.continuity();
        lost += c.lost;
        repeated += c.repeated;
        altered += c.altered + c.unrecognised;
        samples += c.samples;
        delays.extend(phone.delay_from(phone));
        let long = c.samples as f64 > (lasts.as_secs_f64() - 2.0) * 8000.0;
        if !(c.is_whole() && long) && worst.is_empty() {
            worst = format!("; telephone {}: {c}", phone.number());
        }
    }
    let least = delays.iter().copied().fold(f64::INFINITY, f64::min);
    let most = delays.iter().copied().fold(0.0, f64::max);
    let late: u64 = phones
        .iter()
        .map(|p| p.counts())
        .map(|c| c.overruns + c.underruns + c.refused)
        .sum();
    if late > 0 {
        worst = format!("; the telephones themselves were late {late} times{worst}");
    }
    let text = format!(
        "{} telephones, {samples} samples: {lost} lost, {repeated} repeated, {altered} altered, {least:.0} to {most:.0} samples there and back{worst}",
        phones.len()
    );
    Heard {
        whole: worst.is_empty(),
        text,
    }
}

/// The idle machine with its card: nobody has a channel open.
fn idle_machine() -> Result<f64, String> {
    let before = Machine::now()?;
    std::thread::sleep(S(4)); // what is measured
    Ok(Machine::since(&before)?.busy)
}

/// What went wrong in the gateway, of its own counting.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    missed: u64,
    overruns: u64,
    underruns: u64,
}

fn faults(stage: &Stage, status: &StatusReport) -> Result<Faults, String> {
    let mut f = Faults {
        missed: status.line_threads.iter().map(|t| t.missed_blocks).sum(),
        ..Faults::default()
    };
    for port in &status.ports {
        let line = stage.port(port.port)?.line;
        f.overruns += line.read_overruns;
        f.underruns += line.write_underruns;
    }
    Ok(f)
}

/// The gateway at work: its cost, what was heard and counted, and whether nothing was lost.
fn tipring(
    stage: &Stage,
    canceller: Canceller,
    lasts: Duration,
) -> Result<(Cost, String, bool), String> {
    stage.cards(Cards::Bench)?;
    stage.stop_gateway()?;
    stage.peer()?;
    let echo = canceller.is_on();
    stage.card("echo_db", if echo { ECHO_DB } else { "0" })?;
    let idle = idle_machine()?;
    let all = match canceller {
        Canceller::Off => "profile = \"modem\"\necho-canceller = false",
        Canceller::Short => "echo-canceller = true\necho-tail-ms = 16",
        Canceller::Default => "",
    };
    stage.gateway(&stage.config(all, |_| String::new()))?;
    let exchange = stage.telephones(&ports(stage))?;
    let phones: Vec<Phone> = ports(stage)
        .into_iter()
        .map(|n| exchange.phone(n))
        .collect::<Result<_, _>>()?;
    call_the_echo(stage, &phones)?;
    std::thread::sleep(S(1)); // buffers have found their depth
    let before = faults(stage, &stage.control().status()?)?;
    let server: u32 = server_pid(stage)?;
    let done = work(
        &phones,
        echo,
        lasts,
        stage.pid()?,
        Some("line"),
        Some(server),
        idle,
    );
    let rtp = packets(stage)?;
    let status = stage.control().status()?;
    let after = faults(stage, &status)?;
    let tick = status
        .line_threads
        .first()
        .map(|t| t.tick_time.clone())
        .unwrap_or_default();
    let (missed, overruns, underruns) = (
        after.missed - before.missed,
        after.overruns - before.overruns,
        after.underruns - before.underruns,
    );
    let all: Vec<&Phone> = phones.iter().collect();
    stage.hang_up(&all)?;
    stage.card("echo_db", "0")?;
    let counted = format!(
        "missed blocks {missed}, overruns {overruns}, underruns {underruns}, tick 99.9 % within {} us, longest {} us",
        tick.quantile_us(0.999).unwrap_or(0),
        tick.max_us
    );
    let (cost, heard) = done?;
    let sound = missed + overruns + underruns == 0 && heard.whole;
    Ok((cost, format!("{}; {counted}; {rtp}", heard.text), sound))
}

/// What the packets of all ports met with.
fn packets(stage: &Stage) -> Result<String, String> {
    let (mut late, mut lost, mut concealed, mut adjusted, mut jitter) = (0, 0, 0, 0, 0.0f32);
    for port in ports(stage) {
        for leg in stage.port(port)?.media {
            late += leg.rtp.late_packets;
            lost += leg.rtp.lost_packets;
            concealed += leg.rtp.concealed_ms;
            adjusted += leg.rtp.buffer_adjustments;
            jitter = jitter.max(leg.rtp.jitter_ms);
        }
    }
    Ok(format!(
        "packets: {lost} lost, {late} late, {concealed} ms concealed, {adjusted} adjustments, jitter up to {jitter:.1} ms"
    ))
}

fn server_pid(stage: &Stage) -> Result<u32, String> {
    let file = stage.peer()?.state().join("run/asterisk.pid");
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    text.trim()
        .parse()
        .map_err(|e| format!("{}: {e}", file.display()))
}

/// 24 ports talk; nothing is lost. Cancellers off: the samples are followed one by one.
pub(crate) fn ours(stage: &Stage) -> Result<String, String> {
    let lasts = stage.by_length(S(60), S(600));
    let (cost, heard, sound) = tipring(stage, Canceller::Off, lasts)?;
    let text = format!("{} s: {heard}; {cost}", lasts.as_secs());
    if sound { Ok(text) } else { Err(text) }
}

/// The same lines by `chan_dahdi`, in this guest.
pub(crate) fn compared(stage: &Stage) -> Result<String, String> {
    let lasts = stage.by_length(S(10), S(60));
    let mut text = format!("{} ports, {} s each", stage.ports, lasts.as_secs());
    for (echo, cancellers) in [
        (Echo::Off, &[Canceller::Off][..]),
        (Echo::On, &[Canceller::Short, Canceller::Default][..]),
    ] {
        let (theirs, heard) = chan_dahdi(stage, echo, lasts)?;
        let _ = write!(
            text,
            "\n    chan_dahdi, canceller {echo:?}: {theirs}; {heard}"
        );
        for &canceller in cancellers {
            let (ours, heard, _) = tipring(stage, canceller, lasts)?;
            let _ = write!(
                text,
                "\n    tipringd, canceller {canceller:?}: {ours}; {heard}\n      ours / theirs: process {:.2}, whole work {:.2}",
                ours.process.total() / theirs.process.total(),
                ours.whole() / theirs.whole(),
            );
        }
    }
    Ok(text)
}

/// An Asterisk of its own, with nothing but `chan_dahdi` and `Echo()`.
struct ChanDahdi {
    root: PathBuf,
    child: Child,
}

const CHAN_DAHDI_ETC: &str = "/etc/chan-dahdi-only";

impl ChanDahdi {
    fn start(stage: &Stage, echo: Echo) -> Result<ChanDahdi, String> {
        let root = run(
            &stage.payload.join("guest/peer.sh").display().to_string(),
            &["tree"],
        )?;
        let root = PathBuf::from(root.trim());
        let state = "/var/chan-dahdi-only";
        for folder in ["run", "log", "spool", "lib", "db"] {
            let folder = root.join(state.trim_start_matches('/')).join(folder);
            fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let etc = root.join(CHAN_DAHDI_ETC.trim_start_matches('/'));
        fs::create_dir_all(&etc).map_err(|e| format!("{}: {e}", etc.display()))?;
        let channels = stage.ports;
        let cancel = match echo {
            Echo::Off => "no",
            Echo::On => "128",
        };
        let files = [
            (
                "asterisk.conf",
                format!(
                    "[directories]\nastetcdir => {CHAN_DAHDI_ETC}\nastmoddir => /usr/lib/asterisk/modules\nastvarlibdir => {state}/lib\n\
                     astdbdir => {state}/db\nastkeydir => {state}/lib\nastdatadir => /usr/share/asterisk\nastagidir => {state}/lib\n\
                     astspooldir => {state}/spool\nastrundir => {state}/run\nastlogdir => {state}/log\n\
                     [options]\nhighpriority = yes\nnocolor = yes\n"
                ),
            ),
            (
                "modules.conf",
                "[modules]\nautoload=no\nload=pbx_config.so\nload=res_timing_timerfd.so\nload=app_echo.so\nload=codec_ulaw.so\n\
                 load=chan_dahdi.so\n"
                    .into(),
            ),
            ("logger.conf", "[general]\n[logfiles]\nconsole => error,warning\n".into()),
            (
                "extensions.conf",
                "[general]\n[echo]\nexten => s,1,Answer()\n same => n,Echo()\n".into(),
            ),
            (
                "chan_dahdi.conf",
                format!(
                    "[trunkgroups]\n[channels]\ncontext=echo\nsignalling=fxo_ks\nimmediate=yes\nechocancelwhenbridged=no\n\
                     echocancel={cancel}\nusecallerid=no\nrelaxdtmf=no\nbusydetect=no\nchannel => 1-{channels}\n"
                ),
            ),
        ];
        for (name, text) in files {
            let file = etc.join(name);
            fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        let console =
            fs::File::create(stage.folder.join("chan-dahdi.log")).map_err(|e| e.to_string())?;
        let errors = console.try_clone().map_err(|e| e.to_string())?;
        let child = Command::new("chroot")
            .arg(&root)
            .args(["/usr/sbin/asterisk", "-f", "-C"])
            .arg(format!("{CHAN_DAHDI_ETC}/asterisk.conf"))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(console)
            .stderr(errors)
            .spawn()
            .map_err(|e| format!("chroot: {e}"))?;
        let asterisk = ChanDahdi { root, child };
        let end = Instant::now() + S(60);
        loop {
            let shown = asterisk.rx("dahdi show channels").unwrap_or_default();
            let there = shown
                .lines()
                .filter(|l| {
                    l.split_whitespace()
                        .next()
                        .is_some_and(|w| w.parse::<u16>().is_ok())
                })
                .count();
            if there == usize::from(channels) {
                return Ok(asterisk);
            }
            if Instant::now() > end {
                let log =
                    fs::read_to_string(stage.folder.join("chan-dahdi.log")).unwrap_or_default();
                return Err(format!(
                    "chan_dahdi has {there} of {channels} channels: {shown}\n{log}"
                ));
            }
            std::thread::sleep(Duration::from_millis(500)); // asks again, with the deadline above
        }
    }

    fn rx(&self, command: &str) -> Result<String, String> {
        let root = self.root.display().to_string();
        let conf = format!("{CHAN_DAHDI_ETC}/asterisk.conf");
        run(
            "chroot",
            &[&root, "/usr/sbin/asterisk", "-C", &conf, "-rx", command],
        )
    }
}

impl Drop for ChanDahdi {
    fn drop(&mut self) {
        let _ = self.rx("core stop now");
        let end = Instant::now() + S(10);
        while Instant::now() < end {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50)); // asks again, with the deadline above
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn chan_dahdi(stage: &Stage, echo: Echo, lasts: Duration) -> Result<(Cost, String), String> {
    stage.cards(Cards::Bench)?;
    stage.stop_gateway()?;
    stage.kernel_echo_canceller(echo)?;
    stage.card("echo_db", if echo == Echo::On { ECHO_DB } else { "0" })?;
    let idle = idle_machine()?;
    let asterisk = ChanDahdi::start(stage, echo)?;
    let exchange = stage.telephones(&ports(stage))?;
    let phones: Vec<Phone> = ports(stage)
        .into_iter()
        .map(|n| exchange.phone(n))
        .collect::<Result<_, _>>()?;
    for phone in &phones {
        phone.lift()?;
        std::thread::sleep(Duration::from_millis(40)); // nobody lifts 24 handsets at once
    }
    std::thread::sleep(S(3)); // calls are up, cancellers trained
    let shown = asterisk.rx("core show channels")?;
    let up = format!("{} active channels", phones.len());
    if !shown.contains(&up) {
        return Err(format!("chan_dahdi has no {up}: {shown}"));
    }
    let cancelling = fs::read_to_string("/proc/dahdi/1").unwrap_or_default();
    let cancelling = cancelling.matches("ACTIVE").count();
    let pid = asterisk.child.id();
    let done = work(&phones, echo == Echo::On, lasts, pid, None, None, idle);
    for phone in &phones {
        phone.hang_up()?;
    }
    // Each handle keeps its line open.
    drop((phones, exchange, asterisk));
    stage.card("echo_db", "0")?;
    stage.kernel_echo_canceller(Echo::Off)?;
    // Its samples are its own affair: what it lost is shown, not judged.
    let (cost, heard) = done?;
    let text = heard.text;
    Ok((
        cost,
        format!("{text}; kernel cancellers active on {cancelling} channels"),
    ))
}
