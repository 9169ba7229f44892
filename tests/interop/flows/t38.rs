//! Two pages by T.38 to and from the call manager's own T.38, through a bridge of named events to SIP.
//!
//! The call manager for the ports of these flows is the built-in one, for `chan_skinny` carries neither named events
//! nor T.38; the far end of each call is the bridge, and behind it Asterisk sends or receives the fax.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tipring_ctl::report::FaxResult;
use tipring_ctl::request::{SimAction, SimCondition};
use tipring_tests::callmanager::CallManager;
use tipring_tests::capture::{self, Capture};
use tipring_tests::gateway::Gateway;
use tipring_tests::page;
use tipring_tests::set::Set;

use super::fax;
use crate::figures::{Failure, Figures};
use crate::stage::{Mark, Stage};
use crate::t38::{Bridge, BridgeConfig, Correction, Network, Phase, Seen};

const FAX_S: u64 = 400;
const SOON: Duration = Duration::from_secs(20);
/// RTP, and so UDPTL, of the port.
const MEDIA: [u16; 2] = [20_000, 20_099];
/// Answers and names media of its own: [`Bridge`] takes that address.
const ANSWERING: &str = "603";
/// What a bad network does.
const BAD: Network = Network {
    loss_permille: 30,
    jitter: Duration::from_millis(50),
    seed: 38,
    ..Network::PERFECT
};

/// One of the flows; each has its own addresses, and the call manager knows each bridge by its port.
#[derive(Clone, Copy, Debug)]
struct Case {
    slot: u8,
    correction: Correction,
    network: Network,
}

impl Case {
    const fn new(slot: u8, correction: Correction, network: Network) -> Case {
        Case {
            slot,
            correction,
            network,
        }
    }
}

pub(crate) fn to_server(stage: &Stage) -> Result<Figures, Failure> {
    out(
        stage,
        Case::new(1, Correction::Redundancy, Network::PERFECT),
    )
}

pub(crate) fn from_server(stage: &Stage) -> Result<Figures, Failure> {
    into(
        stage,
        Case::new(2, Correction::Redundancy, Network::PERFECT),
    )
}

pub(crate) fn to_server_lossy(stage: &Stage) -> Result<Figures, Failure> {
    out(stage, Case::new(3, Correction::Redundancy, BAD))
}

/// The call manager corrects by parity here.
pub(crate) fn from_server_lossy(stage: &Stage) -> Result<Figures, Failure> {
    into(stage, Case::new(4, Correction::Parity, BAD))
}

/// A CallManager, a gateway with one port, and what their packets are.
struct House {
    case: Case,
    address: Ipv4Addr,
    folder: PathBuf,
    config: BridgeConfig,
    callmanager: CallManager,
    gateway: Gateway,
    capture: Capture,
    /// Before the call, and the blocks that the port had missed by then.
    before: (Mark, u64),
}

/// What the CallManager says of a call until it is up.
#[derive(Default)]
struct Answered {
    /// Where the port takes media.
    media: Option<SocketAddrV4>,
    answered: bool,
}

impl House {
    fn open(stage: &Stage, case: Case) -> Result<House, String> {
        let slot = case.slot;
        let address = Ipv4Addr::new(127, 0, 40 + (stage.peer.port() % 200) as u8, slot);
        let folder = stage.folder.join(format!("t38-{slot}"));
        std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let own = address.to_string();
        let callmanager = CallManager::start(
            SocketAddrV4::new(address, 2000),
            &["--dialect", "cisco", "--own-media", &own],
        )?;
        let filter = format!("udp and host {address}");
        let capture = Capture::start(&folder.join("media.pcap"), &filter)?;
        let [first, last] = MEDIA;
        let config = format!(
            r#"
[gateway]
mac = "00:0a:0b:0c:38:0{slot}"
address = "{address}"
[callmanager]
servers = ["{}"]
[media]
rtp-ports = "{first}-{last}"
[card]
driver = "sim"
[sim]
ports = 1
[defaults]
country = "us"
profile = "fax"
nse = "force"
"#,
            callmanager.address()
        );
        let gateway = Gateway::start(&folder, &config)?;
        gateway.trace_to(&folder.join("trace.txt"))?;
        gateway.wait_registered(1, SOON)?;
        let config = BridgeConfig {
            sip: stage.peer.bridge_port(slot),
            server_sip: stage.peer.sip_port(),
            correction: case.correction,
            network: case.network,
        };
        let before = (stage.mark(), gateway.counter(1, "missed-blocks")?);
        Ok(House {
            before,
            case,
            address,
            folder,
            config,
            callmanager,
            gateway,
            capture,
        })
    }

    /// Waits until the call is up; the port's media.
    fn answered(&mut self) -> Result<SocketAddrV4, String> {
        let mut call = Answered::default();
        let end = Instant::now() + SOON;
        loop {
            let event = self.callmanager.next_event(end)?;
            let text = event["text"].as_str().unwrap_or_default();
            match event["kind"].as_str() {
                Some("media") => {
                    call.media = text.rsplit(' ').next().and_then(|a| a.parse().ok());
                }
                Some("answered") => call.answered = true,
                _ => {}
            }
            if let (Some(media), true) = (call.media, call.answered) {
                return Ok(media);
            }
        }
    }

    /// The fax machine's own result, and the end of the call on both sides.
    fn done(
        &mut self,
        stage: &Stage,
        set: &mut Set,
        bridge: &Bridge,
    ) -> Result<(FaxResult, Seen), Failure> {
        let result = set.wait(SimCondition::FaxDone, FAX_S)?.last_fax;
        let result = match result {
            Some(result) if result.ok && result.pages == 2 => result,
            other => {
                let seen = bridge.seen();
                let (begin, before) = &self.before;
                let missed = self.counter("missed-blocks")?.saturating_sub(*before);
                // Pages that the machine took for good, and are too few, are no matter of sound.
                let failed = other.as_ref().is_some_and(|result| !result.ok);
                return Err(Failure {
                    text: format!(
                        "the fax machine reports {other:?}; its port missed {missed} blocks; {seen:?}"
                    ),
                    stalls: failed.then(|| stage.stalled(begin, missed)).flatten(),
                });
            }
        };
        self.callmanager.event("ended", SOON)?;
        // Who hangs up first is up to the far fax.
        bridge.hang_up();
        let seen = bridge.wait("over", SOON, |seen| seen.phase == Phase::Over)?;
        if seen.relayed {
            Ok((result, seen))
        } else {
            Err(format!("the call was never T.38: {seen:?}").into())
        }
    }

    /// What the port counts.
    fn counter(&self, name: &str) -> Result<u64, String> {
        self.gateway.counter(1, name)
    }

    /// Nothing of T.38 is malformed to tshark or to the port; what there was.
    fn judge(self, pages: usize, fax: &FaxResult, seen: &Seen) -> Result<Figures, Failure> {
        for nothing in ["rx-t38-malformed", "t38-unseen", "tx-t38-refused"] {
            let count = self.counter(nothing)?;
            if count > 0 {
                return Err(format!("the port counts {nothing} {count}").into());
            }
        }
        let is_perfect = self.case.network.loss_permille == 0;
        let lost = self.counter("rx-t38-lost")?;
        if is_perfect && lost > 0 {
            return Err(format!("rx-t38-lost {lost} on a network that loses nothing").into());
        }
        self.gateway.stop()?;
        let file = self.capture.finish()?;
        let verdict = capture::judge_t38(&file, MEDIA)?;
        // Which correction both sides really used: tshark sees it in the packets that came.
        let address = self.address;
        let came = format!(
            "ip.dst == {address} && t38.{}",
            self.case.correction.field()
        );
        let corrected = capture::t38_packets(&file, MEDIA, &came)?;
        if corrected == 0 {
            let correction = self.case.correction;
            return Err(format!("no packet of the far end has {correction:?}").into());
        }
        let (there, back) = (seen.from_port, seen.to_port);
        let network = if is_perfect {
            String::new()
        } else {
            format!(
                ", lost {} and {} datagrams, overtaken {} and {}, {lost} for good",
                there.lost, back.lost, there.overtaken, back.overtaken
            )
        };
        let text = format!(
            "{}; UDPTL {} out, {} in{network}; events {:?} out, {:?} in; tshark: {} packets of T.38, {} malformed, {} expert \
             errors",
            fax::words(pages, fax),
            seen.t38_from_port,
            seen.t38_to_port,
            seen.events_from_port,
            seen.events_to_port,
            verdict.t38,
            verdict.malformed,
            verdict.errors
        );
        let is_clean = verdict.t38 > 500 && verdict.malformed == 0 && verdict.errors == 0;
        let was_bad = is_perfect || (there.lost + back.lost > 20 && back.overtaken > 20);
        if is_clean && was_bad {
            Ok(Figures::say(text))
        } else {
            Err(text.into())
        }
    }
}

/// The port sends.
fn out(stage: &Stage, case: Case) -> Result<Figures, Failure> {
    let mut house = House::open(stage, case)?;
    let before = stage.peer.log_lines("t38.log");
    let mut set = house.gateway.set(1)?;
    let action = SimAction::FaxSend {
        tiff: stage.sent_pages(),
        number: ANSWERING.into(),
        ecm: true,
    };
    set.act(action, SOON)?;
    // `1001, ref 3`: where the CallManager says its own media are.
    let event = house.callmanager.event("off-hook", SOON)?;
    let text = event["text"].as_str().unwrap_or_default();
    let call: u32 = text
        .rsplit(' ')
        .next()
        .and_then(|r| r.parse().ok())
        .ok_or_else(|| format!("no call in {event}"))?;
    // As it counts the ports of its media.
    let media = SocketAddrV4::new(house.address, (16_384 + 2 * (call % 8_192)) as u16);
    let bridge = Bridge::start(&house.config, media)?;
    let port = house.answered()?;
    bridge.call("538", port);
    bridge.wait("the call manager answers", SOON, |seen| {
        seen.phase != Phase::Calling
    })?;
    let (fax, seen) = house.done(stage, &mut set, &bridge)?;
    let label = format!("5550{}", house.config.sip);
    let received = server_says(stage, before, &label, "rx")?;
    let pages = page::compare(&stage.sent_pages(), &received)?;
    house.judge(pages, &fax, &seen)
}

/// The port receives.
fn into(stage: &Stage, case: Case) -> Result<Figures, Failure> {
    let mut house = House::open(stage, case)?;
    let before = stage.peer.log_lines("t38.log");
    let mut set = house.gateway.set(1)?;
    let received = house.folder.join("received.tif");
    let action = SimAction::FaxReceive {
        tiff: received.clone(),
        ecm: true,
    };
    set.act(action, SOON)?;
    let media = SocketAddrV4::new(house.address, 16_384);
    let bridge = Bridge::start(&house.config, media)?;
    let slot = case.slot;
    stage.peer.rx(&format!(
        "channel originate SIP/bridge{slot}/38 extension {slot}@t38leg"
    ))?;
    bridge.wait("the call manager calls", SOON, |seen| {
        seen.phase == Phase::Called
    })?;
    house
        .callmanager
        .command(&format!("call 1001 5559876 {media} Far Fax"))?;
    let port = house.answered()?;
    bridge.answer(port);
    let (fax, seen) = house.done(stage, &mut set, &bridge)?;
    server_says(stage, before, &slot.to_string(), "tx")?;
    let pages = page::compare(&stage.sent_pages(), &received)?;
    house.judge(pages, &fax, &seen)
}

/// Waits for what the call manager says of the fax of this name; its file.
fn server_says(stage: &Stage, before: usize, name: &str, way: &str) -> Result<PathBuf, String> {
    let begin = format!("{name} {way} ");
    let line = stage
        .peer
        .wait_log("t38.log", before, SOON, |l| l.starts_with(&begin))?;
    if line.contains("status=SUCCESS pages=2") && line.contains("mode=T38") {
        Ok(stage.spool(&format!("t38-{name}.tif")))
    } else {
        Err(format!("the call manager says {line}"))
    }
}
