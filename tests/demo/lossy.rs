//! The same page twice over a network that loses packets: by T.38, and as plain G.711. What arrived of it, and what the
//! fax journal says.
//!
//! A gateway of its own with four fax machines; its CallManager names an address for the media behind which the packets
//! are lost, the same share with the same dice for both faxes.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tipring_ctl::report::FaxResult;
use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;
use tipring_tests::network::{Detour, Network};
use tipring_tests::page::{self, Page};
use tipring_tests::set::Set;

use crate::fax::HEIGHT;
use crate::house::free_udp_ports;
use crate::terminal::Report;

const PROMPT: Duration = Duration::from_secs(10);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// Where the packets are lost.
const NETWORK: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);
/// Four ports, each with RTP and RTCP, of four calls one after another: what the daemon asks for.
const RTP_PORTS: u16 = 32;
/// In G.711 this page may take many times as long as by T.38: it is given up this time after its begin.
const LONGEST: Duration = Duration::from_secs(100);
/// 10 s of silence end a fax whose machines said no goodbye, and then somebody hangs up.
const OVER: Duration = Duration::from_secs(30);
const LOSSY: Network = Network {
    loss_permille: 50,
    seed: 5,
    ..Network::PERFECT
};

/// What is left in OUTDIR.
pub(crate) const PAIR: &str = "fax-lossy.png";
pub(crate) const BY_T38: &str = "fax-lossy-t38.tif";
pub(crate) const IN_G711: &str = "fax-lossy-g711.tif";

/// One of both faxes.
struct Fax {
    name: &'static str,
    sender: Set,
    receiver: Set,
    tiff: PathBuf,
    /// The sender's, once it is over.
    result: Option<FaxResult>,
    given_up: bool,
}

/// Both under way.
pub(crate) struct Faxes {
    gateway: Gateway,
    _callmanager: CallManager,
    detour: Detour,
    began: Instant,
    faxes: [Fax; 2],
}

/// Starts everything and both faxes, and does not wait for them.
pub(crate) fn begin(report: &mut Report, folder: &Path, out: &Path) -> Result<Faxes, String> {
    let rtp = free_udp_ports(GATEWAY, RTP_PORTS)?;
    let last = rtp + RTP_PORTS - 1;
    let detour = Detour::start(NETWORK, GATEWAY, rtp..=last, LOSSY)?;
    let through = NETWORK.to_string();
    let callmanager = CallManager::start(
        SocketAddrV4::new(GATEWAY, 0),
        &["--media-through", &through],
    )?;
    let port = |channel: u16, label: &str, more: &str| {
        format!("[[port]]\nchannel = {channel}\nlabel = \"{label}\"\n{more}")
    };
    let t38 = "nse = \"force\"\n";
    let ports = [
        port(1, "T.38, sends", t38),
        port(2, "T.38, receives", t38),
        port(3, "G.711, sends", ""),
        port(4, "G.711, receives", ""),
    ];
    let config = format!(
        r#"
[gateway]
mac = "02:00:5e:10:20:31"
address = "{GATEWAY}"
[callmanager]
servers = ["{}"]
[media]
rtp-ports = "{rtp}-{last}"
[card]
driver = "sim"
[sim]
ports = 4
[defaults]
profile = "fax"
{}"#,
        callmanager.address(),
        ports.concat()
    );
    let gateway = Gateway::start(&folder.join("lossy"), &config)?;
    gateway.wait_registered(4, Duration::from_secs(30))?;
    report.say("ports 1 and 2 have T.38 (nse = \"force\"), ports 3 and 4 have not and send G.711 without redundancy");
    report.say("between the ports every packet is lost with a chance of 5 %, by the same dice for both faxes");
    let sent = out.join("fax-sent.tif");
    page::write_tiff(&sent, &[Page::order(HEIGHT)])
        .map_err(|e| format!("{}: {e}", sent.display()))?;
    let start = |name, ports: [u16; 2], tiff: PathBuf| -> Result<Fax, String> {
        let [mut sender, mut receiver] = [gateway.set(ports[0])?, gateway.set(ports[1])?];
        let number = gateway.port(ports[1])?.summary.number;
        let number = number.ok_or("a port has no number")?;
        let ecm = true;
        let receive = SimAction::FaxReceive {
            tiff: tiff.clone(),
            ecm,
        };
        receiver.act(receive, PROMPT)?;
        let send = SimAction::FaxSend {
            tiff: sent.clone(),
            number: number.clone(),
            ecm,
        };
        sender.act(send, PROMPT)?;
        report.say(&format!("{name}: port {} dials {number}", ports[0]));
        Ok(Fax {
            name,
            sender,
            receiver,
            tiff,
            result: None,
            given_up: false,
        })
    };
    let faxes = [
        start("by T.38", [1, 2], out.join(BY_T38))?,
        start("as G.711", [3, 4], out.join(IN_G711))?,
    ];
    Ok(Faxes {
        gateway,
        _callmanager: callmanager,
        detour,
        began: Instant::now(),
        faxes,
    })
}

/// Waits for both, and compares.
pub(crate) fn end(mut of: Faxes, report: &mut Report, out: &Path) -> Result<(), String> {
    follow(&mut of, report)?;
    let sent = Page::order(HEIGHT);
    let mut shown = vec![];
    for fax in &mut of.faxes {
        let arrived = arrived(fax);
        let lost = sent.rows_lost(arrived.as_ref());
        let name = fax.name;
        let whole = lost == 0;
        let rows = match &arrived {
            _ if whole => format!("all {HEIGHT} rows are as they were sent"),
            Some(_) => format!("{lost} of {HEIGHT} rows are missing or wrong"),
            None => "the page did not arrive".to_owned(),
        };
        let result = fax.result.as_ref().ok_or("a fax without a result")?;
        let how = match fax.given_up {
            true => format!("given up after {} s", LONGEST.as_secs()),
            false => format!(
                "{:.0} s on the line, {} frames or parts sent again: {}",
                result.took_ms as f64 / 1000.0,
                result.retries,
                result.text
            ),
        };
        // T.38 has to bring the page; what G.711 does with such a loss is shown, not judged.
        let ok = whole && result.ok || name == "as G.711";
        report.check(&format!("5 % loss, {name}"), format!("{rows}; {how}"), ok);
        let caption = format!("5 % of the packets lost, {name}: {rows}");
        shown.push(sent.as_arrived(arrived.as_ref()).captioned(&caption));
    }
    if let [t38, g711] = &shown[..] {
        let pair = out.join(PAIR);
        page::write_png_of_two(&pair, t38, g711).map_err(|e| format!("{}: {e}", pair.display()))?;
    }
    let tally = of.detour.total();
    let share = 100.0 * f64::from(tally.lost) / f64::from((tally.lost + tally.passed).max(1));
    report.check(
        "5 % loss in the network",
        format!(
            "{} packets carried, {} lost ({share:.1} %)",
            tally.passed, tally.lost
        ),
        (3.0..7.0).contains(&share),
    );
    over(&mut of)?;
    journal(&of, report)?;
    of.gateway.stop()
}

/// Waits until both machines that send are done, or time is up.
fn follow(of: &mut Faxes, report: &Report) -> Result<(), String> {
    let mut phases = [String::new(), String::new()];
    loop {
        let late = of.began.elapsed() > LONGEST;
        for (fax, last) in of.faxes.iter_mut().zip(&mut phases) {
            if fax.result.is_some() {
                continue;
            }
            let now = fax.sender.show()?;
            let phase = now.fax.as_ref().map_or("done", |fax| &fax.phase);
            if phase != last {
                let s = of.began.elapsed().as_secs();
                report.say(&format!("{}: {phase} after {s} s", fax.name));
                phase.clone_into(last);
            }
            if now.fax.is_none() {
                fax.result = now.last_fax;
            } else if late {
                fax.given_up = true;
                fax.sender.act(SimAction::FaxCancel, PROMPT)?;
            }
        }
        if of.faxes.iter().all(|fax| fax.result.is_some()) {
            return Ok(());
        }
        if of.began.elapsed() > LONGEST + PROMPT {
            return Err("a fax machine does not stop".into());
        }
        std::thread::sleep(Duration::from_millis(100)); // looks again, with the deadline above
    }
}

/// The page at the receiver, once that has put its paper down; none: nothing came.
fn arrived(fax: &mut Fax) -> Option<Page> {
    // A receiver that heard no end of the fax waits for one longer than anybody watches.
    let waits = if fax.given_up { 2 } else { 20 };
    if fax.receiver.wait(SimCondition::FaxDone, waits).is_err() {
        let _ = fax.receiver.act(SimAction::FaxCancel, PROMPT);
        let _ = fax.receiver.wait(SimCondition::FaxDone, waits);
    }
    let pages = page::read_tiff(&fax.tiff).ok()?;
    pages.into_iter().next()
}

/// Everybody hangs up, for the journal has the last word on a fax when its call is over.
fn over(of: &mut Faxes) -> Result<(), String> {
    for fax in &mut of.faxes {
        for set in [&mut fax.sender, &mut fax.receiver] {
            if set.show()?.fax.is_some() {
                set.act(SimAction::FaxCancel, PROMPT)?;
            }
            set.hang()?;
        }
    }
    Ok(())
}

/// What `tipring fax` says of both, at the ports that received.
fn journal(of: &Faxes, report: &mut Report) -> Result<(), String> {
    let mut found = vec![];
    for (fax, port) in of.faxes.iter().zip([2, 4]) {
        let one = of.gateway.control().settled_fax(port, OVER)?;
        let good = one.fax.verdict.is_success();
        let sent = fax.result.as_ref().is_some_and(|result| result.ok);
        let words = match good {
            true => format!("good: {}", one.text),
            false => format!(
                "{}: {}; why: {}; cure: {}",
                one.code, one.text, one.why, one.cure
            ),
        };
        // What the journal names must be what was done to the fax. Of a fax that lost its last signals the two machines may think
        // differently, and packets that this machine sent late are jitter.
        let named = ["network-loss", "network-jitter"].contains(&one.code.as_str());
        let right = match (good, sent) {
            (true, true) => true,
            (false, false) => named || one.code == "nothing-in-common",
            (true, false) | (false, true) => port == 4,
        };
        report.check(&format!("the journal, {}", fax.name), words, right);
        found.push(one.fax.number.to_string());
    }
    report.excerpt(
        "tipring fax list",
        &of.gateway.tipring(&["fax", "list"])?,
        8,
    );
    for number in found {
        let text = of.gateway.tipring(&["fax", "show", &number])?;
        report.excerpt(&format!("tipring fax show {number}"), &text, 24);
    }
    Ok(())
}
