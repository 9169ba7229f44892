//! Instructions per port and 10 ms block, counted by callgrind inside [`measured_tick`] alone.
//!
//! Runs against a card that does next to nothing: the simulated card would be counted with the engine.

use std::net::UdpSocket;
use std::process::Command;

use tipring_dsp::{ChainCommand, Tone, ToneProgram};
use tipring_proto::time::Time;
use tipringd::line::{LineConfig, LineEngine, LineOrder, PortIndex, RtpPorts, SessionId};

use crate::card;
use crate::fake_card::{BLOCK, FakeLine};
use crate::scene::{LOCAL, coded_talk, remote, sender, session, spec};

pub(crate) const PORTS: usize = 8;
pub(crate) const WARM_UP: u64 = 200;
pub(crate) const BLOCKS: u64 = 600;

/// What a whole talking channel may cost in 20 ms: at most, and wanted.
const CHANNEL: (u64, u64) = (200_000, 120_000);
/// Numbers of ports for which the cost of one is compared.
const SCALES: [usize; 4] = [8, 48, 400, 1000];
/// Blocks before and in that comparison.
const SCALE_BLOCKS: (u64, u64) = (30, 10);

const CASES: [(&str, &str); 6] = [
    ("idle", "on-hook, no media"),
    ("dialtone", "off-hook, dial tone, digits listened for"),
    (
        "receive",
        "off-hook, receiving, not sending (far end talks)",
    ),
    ("talk", "off-hook, 20 ms packets both ways, both ends talk"),
    ("card-idle", "the simulated card, its set on-hook"),
    (
        "card-talk",
        "the simulated card, its set talks and hears talk",
    ),
];

/// Runs every case under callgrind and prints the table.
pub(crate) fn table() -> Result<(), String> {
    println!(
        "instructions per port and 10 ms block ({PORTS} ports, {BLOCKS} blocks; user space, callgrind)"
    );
    for (case, what) in CASES {
        let each = collected(case, PORTS, (WARM_UP, BLOCKS))?;
        let required = if case == "talk" {
            let (floor, want) = CHANNEL;
            let met = match 2 * each {
                n if n <= want => "met",
                n if n <= floor => "floor met",
                _ => "not met",
            };
            format!(
                "; in 20 ms {} (floor {floor}, wanted {want}: {met})",
                2 * each
            )
        } else {
            String::new()
        };
        println!("  {case:<10}{each:>9}   {what}{required}");
    }
    println!(
        "instructions per port and 10 ms block by number of ports (the first {} blocks of a call left out)",
        SCALE_BLOCKS.0
    );
    for case in ["idle", "talk"] {
        let mut figures = String::new();
        for ports in SCALES {
            let each = collected(case, ports, SCALE_BLOCKS)?;
            figures += &format!("  {ports} ports: {each}");
        }
        println!("  {case:<10}{figures}   (flat)");
    }
    Ok(())
}

/// Instructions of a case for each port and block.
fn collected(case: &str, ports: usize, (warm_up, blocks): (u64, u64)) -> Result<u64, String> {
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--collect-atstart=no",
        ])
        .args(["--toggle-collect=*measured_tick*", "--"])
        .arg(&me)
        .args(["count", case])
        .args([ports.to_string(), warm_up.to_string(), blocks.to_string()])
        .output()
        .map_err(|e| format!("valgrind does not start: {e}; install valgrind"))?;
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("case {case} failed:\n{printed}"));
    }
    let all: u64 = printed
        .lines()
        .find_map(|l| {
            l.split_once("Collected : ")
                .and_then(|(_, n)| n.trim().parse().ok())
        })
        .ok_or_else(|| format!("no figure from callgrind in:\n{printed}"))?;
    Ok(all / (blocks * ports as u64))
}

/// One case, as callgrind runs it: ports, blocks before, and blocks that count.
pub(crate) fn count(
    case: &str,
    ports_wanted: usize,
    warm_up: u64,
    blocks_wanted: u64,
) -> Result<(), String> {
    let (off_hook, media, sending) = match case {
        "idle" => (false, false, false),
        "dialtone" => (true, false, false),
        "receive" => (true, true, false),
        "talk" => (true, true, true),
        "card-idle" => return card::count(false),
        "card-talk" => return card::count(true),
        other => return Err(format!("{other}: no such case")),
    };
    let voices: Vec<Vec<u8>> = (0..8).map(coded_talk).collect();
    let lines: Vec<FakeLine> = (0..ports_wanted)
        // A few voices: making them takes long under valgrind.
        .map(|n| FakeLine::new(voices[n % voices.len()].clone(), off_hook))
        .collect();
    let specs = lines
        .iter()
        .map(|line| spec(Box::new(line.clone())))
        .collect::<Result<_, _>>()?;
    let config = LineConfig {
        order_ring: 512 + 4 * ports_wanted,
        ..LineConfig::default()
    };
    let (mut engine, mut handle) =
        LineEngine::by_hand(specs, &config).map_err(|e| e.to_string())?;
    let far = UdpSocket::bind((LOCAL, 0)).map_err(|e| e.to_string())?;
    far.set_nonblocking(true).map_err(|e| e.to_string())?;
    let remote = remote(&far)?;
    let mut ports = RtpPorts::new(30_000, 50_000).ok_or("no RTP ports")?;
    let mut ends = Vec::new();
    let mut send = |port: usize, order| {
        handle
            .send(PortIndex(port as u16), order)
            .map_err(|e| e.to_string())
    };
    for port in 0..ports_wanted {
        if media {
            let (media, local) = session(port as u64, &mut ports)?;
            let id = SessionId(port as u64);
            ends.push((local, sender(port as u32)));
            send(port, LineOrder::AddSession(media))?;
            send(
                port,
                LineOrder::SetRemote {
                    session: id,
                    remote,
                },
            )?;
            if !sending {
                send(port, LineOrder::StopSend { session: id })?;
            }
        } else if off_hook {
            let tones = [Tone::new(350, -130), Tone::new(440, -130)];
            let program = ToneProgram::continuous(&tones).map_err(|e| e.to_string())?;
            send(port, LineOrder::Chain(ChainCommand::PlayTone(program)))?;
        }
    }
    let voice = coded_talk(99);
    let mut buf = [0; 600];
    for block in 0..warm_up + blocks_wanted {
        let at = (block as usize * BLOCK) % voice.len();
        for (local, sender) in &mut ends {
            sender.push(&voice[at..at + BLOCK], |p| drop(far.send_to(p, *local)));
        }
        lines.iter().for_each(|l| l.step(1));
        let now = Time::from_millis(1000 + block * 10);
        if block < warm_up {
            engine.tick(now);
        } else {
            measured_tick(&mut engine, now);
        }
        while far.recv(&mut buf).is_ok() {}
        while handle.try_recv().is_some() {}
    }
    let blocks: u64 = (0..ports_wanted as u16)
        .filter_map(|n| handle.port_counters(PortIndex(n)))
        .map(|c| c.blocks.get())
        .sum();
    if blocks == (warm_up + blocks_wanted) * ports_wanted as u64 {
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
