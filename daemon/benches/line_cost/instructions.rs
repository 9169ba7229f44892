//! Instructions per port and 10 ms block, counted by callgrind inside [`measured_tick`] alone.
//!
//! Runs against a card that does next to nothing: the simulated card would be counted with the engine.

use std::net::UdpSocket;
use std::process::Command;

use tipring_dsp::{ChainCommand, Tone, ToneProgram};
use tipring_proto::time::Time;
use tipringd::line::{LineConfig, LineEngine, LineOrder, PortIndex, RtpPorts, SessionId};

use crate::fake_card::{BLOCK, FakeLine};
use crate::scene::{LOCAL, coded_talk, remote, sender, session, spec};

const PORTS: usize = 8;
const WARM_UP: u64 = 200;
const BLOCKS: u64 = 600;

const CASES: [(&str, &str); 4] = [
    ("idle", "on-hook, no media"),
    ("dialtone", "off-hook, dial tone, digits listened for"),
    (
        "receive",
        "off-hook, receiving, not sending (far end talks)",
    ),
    ("talk", "off-hook, 20 ms packets both ways, both ends talk"),
];

/// Runs every case under callgrind and prints the table.
pub(crate) fn table() -> Result<(), String> {
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    println!(
        "instructions per port and 10 ms block ({PORTS} ports, {BLOCKS} blocks; user space, callgrind)"
    );
    for (case, what) in CASES {
        let output = Command::new("valgrind")
            .args([
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                "--collect-atstart=no",
            ])
            .args(["--toggle-collect=*measured_tick*", "--"])
            .arg(&me)
            .args(["count", case])
            .output()
            .map_err(|e| format!("valgrind does not start: {e}; install valgrind"))?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(format!("case {case} failed:\n{told}"));
        }
        let collected: u64 = told
            .lines()
            .find_map(|l| {
                l.split_once("Collected : ")
                    .and_then(|(_, n)| n.trim().parse().ok())
            })
            .ok_or_else(|| format!("no figure from callgrind in:\n{told}"))?;
        println!(
            "  {case:<10}{:>9}   {what}",
            collected / (BLOCKS * PORTS as u64)
        );
    }
    Ok(())
}

/// One case, as callgrind runs it.
pub(crate) fn count(case: &str) -> Result<(), String> {
    let (off_hook, media, sending) = match case {
        "idle" => (false, false, false),
        "dialtone" => (true, false, false),
        "receive" => (true, true, false),
        "talk" => (true, true, true),
        other => return Err(format!("{other}: no such case")),
    };
    let lines: Vec<FakeLine> = (0..PORTS)
        .map(|n| FakeLine::new(coded_talk(n), off_hook))
        .collect();
    let specs = lines
        .iter()
        .map(|line| spec(Box::new(line.clone())))
        .collect::<Result<_, _>>()?;
    let (mut engine, mut handle) =
        LineEngine::by_hand(specs, &LineConfig::default()).map_err(|e| e.to_string())?;
    let far = UdpSocket::bind((LOCAL, 0)).map_err(|e| e.to_string())?;
    far.set_nonblocking(true).map_err(|e| e.to_string())?;
    let remote = remote(&far)?;
    let mut ports = RtpPorts::new(30_000, 50_000).ok_or("no RTP ports")?;
    let mut ends = Vec::new();
    let mut tell = |port: usize, order| {
        handle
            .send(PortIndex(port as u16), order)
            .map_err(|e| e.to_string())
    };
    for port in 0..PORTS {
        if media {
            let (media, local) = session(port as u64, &mut ports)?;
            let id = SessionId(port as u64);
            ends.push((local, sender(port as u32)));
            tell(port, LineOrder::AddSession(media))?;
            tell(
                port,
                LineOrder::SetRemote {
                    session: id,
                    remote,
                },
            )?;
            if !sending {
                tell(port, LineOrder::StopSend { session: id })?;
            }
        } else if off_hook {
            let tones = [Tone::new(350, -130), Tone::new(440, -130)];
            let program = ToneProgram::continuous(&tones).map_err(|e| e.to_string())?;
            tell(port, LineOrder::Chain(ChainCommand::PlayTone(program)))?;
        }
    }
    let voice = coded_talk(99);
    let mut buf = [0; 600];
    for block in 0..WARM_UP + BLOCKS {
        let at = (block as usize * BLOCK) % voice.len();
        for (local, sender) in &mut ends {
            sender.push(&voice[at..at + BLOCK], |p| drop(far.send_to(p, *local)));
        }
        lines.iter().for_each(|l| l.step(1));
        let now = Time::from_millis(1000 + block * 10);
        if block < WARM_UP {
            engine.tick(now);
        } else {
            measured_tick(&mut engine, now);
        }
        while far.recv(&mut buf).is_ok() {}
        while handle.try_recv().is_some() {}
    }
    let blocks: u64 = (0..PORTS as u16)
        .filter_map(|n| handle.port_counters(PortIndex(n)))
        .map(|c| c.blocks.get())
        .sum();
    if blocks == (WARM_UP + BLOCKS) * PORTS as u64 {
        Ok(())
    } else {
        Err(format!("{blocks} blocks were served"))
    }
}

/// Callgrind counts what happens in here.
#[inline(never)]
fn measured_tick(engine: &mut LineEngine, now: Time) {
    std::hint::black_box(engine.tick(now));
}
