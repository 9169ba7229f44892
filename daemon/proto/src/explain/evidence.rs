//! What a finding rests on, and what is not the cause because it was measured.

use super::{Around, Evidence, LegFigures, PortFigures, RuledOut};
use crate::finding::Finding;

/// A finding that begins this much later is not the begin of the outage: findings are looked for once a second.
const LATER_MS: u64 = 1000;
/// Below this loss, percent, and above this MOS, a call had nothing to complain about.
const GOOD_LOSS: f64 = 1.0;
const GOOD_MOS: f64 = 4.0;
/// A canceller that takes away this much beyond the line's own loss has learned it.
const TRAINED_ERLE_DB: f64 = 6.0;
/// Battery of a line that is fed, V; idle lines have 24 or 48.
const FED_V: f64 = 20.0;

/// What a finding of a port rests on, with its figures.
pub fn evidence(finding: &Finding, port: &PortFigures, around: &Around) -> Vec<Evidence> {
    let mut out = vec![];
    // It names a CallManager where it is about a registration that is not there.
    let registration = finding.server().is_some();
    let since = around
        .since_unix_ms
        .or(port.registration_since_unix_ms.filter(|_| registration));
    if let Some(unix_ms) = since {
        let seconds = around.now_unix_ms.saturating_sub(unix_ms) / 1000;
        out.push(Evidence::Since { unix_ms, seconds });
        let lost = port
            .registration_since_unix_ms
            .filter(|lost| registration && !port.registered && lost + LATER_MS <= unix_ms);
        out.extend(lost.map(|unix_ms| Evidence::OutageSince { unix_ms }));
    }
    let others = around.same.len() as u64;
    if others > 0 && others + 1 >= around.enabled {
        let ports = around.enabled;
        out.push(Evidence::AllSame { ports });
    } else if others > 0 {
        let ports = around.same.clone();
        out.push(Evidence::OthersSame { ports });
    }
    if registration {
        registration_figures(port, around, &mut out);
    }
    match finding {
        Finding::KeepalivesUnanswered | Finding::KeepaliveLost { .. } => {
            let times = port.keepalives_missed;
            out.extend((times > 0).then_some(Evidence::KeepalivesMissed { times }));
        }
        Finding::ServerUnresponsive => {
            let times = port.no_response;
            out.extend((times > 0).then_some(Evidence::NoResponse { times }));
        }
        Finding::NoBattery { .. }
        | Finding::FeedSwitchedOff { .. }
        | Finding::CardWithoutBattery { .. }
        | Finding::FeedShorted { .. }
        | Finding::LineUnstable { .. }
        | Finding::OffHookLockout => {
            out.extend(
                port.voltages
                    .map(|[tip_v, ring_v, battery_v]| Evidence::Voltages {
                        tip_v,
                        ring_v,
                        battery_v,
                    }),
            );
            let [times, rearms] = port.power_alarms;
            out.extend((times > 0).then_some(Evidence::PowerAlarms { times, rearms }));
        }
        Finding::OneWayAudio {
            address, silent_s, ..
        } => {
            out.extend(silent_s.map(|seconds| Evidence::LastPacket { seconds }));
            // Others of the port, on hold or asked before a transfer, say nothing of it.
            let of_it = |leg: &&LegFigures| leg.remote.as_ref() == Some(address);
            if let Some(leg) = port.legs.iter().find(of_it) {
                out.push(Evidence::Rtp {
                    sent: leg.sent,
                    received: leg.received,
                });
                let refused = leg.refused.clone();
                out.extend(
                    refused.map(|(address, packets)| Evidence::Refused { address, packets }),
                );
            }
        }
        Finding::LineOverrun | Finding::LineUnderrun => {
            let [read, overruns, underruns] = port.blocks;
            out.push(Evidence::Blocks {
                read,
                overruns,
                underruns,
            });
        }
        Finding::FaxFailed { .. } => {
            let fax = port.fax.clone();
            out.extend(
                fax.map(|(number, begun_unix_ms, far_number, pages)| Evidence::Fax {
                    number,
                    begun_unix_ms,
                    far_number,
                    pages,
                }),
            );
        }
        _ => {}
    }
    out
}

fn registration_figures(port: &PortFigures, around: &Around, out: &mut Vec<Evidence>) {
    let (rejected, failed) = (port.rejected, port.connect_failures);
    out.extend((rejected > 0).then_some(Evidence::Rejected { times: rejected }));
    out.extend((failed > 0).then_some(Evidence::ConnectionsFailed { times: failed }));
    if let Some((server, ports)) = around.others_registered.clone().filter(|(_, n)| *n > 0) {
        out.push(Evidence::OthersRegistered { server, ports });
    }
    out.extend(port.next_attempt_ms.map(|ms| Evidence::NextAttempt {
        seconds: ms.div_ceil(1000),
    }));
}

/// What was measured at a port and is in order. What a finding of the port is about is never among it.
pub fn ruled_out(port: &PortFigures, findings: &[&Finding]) -> Vec<RuledOut> {
    let mut out = vec![];
    if !port.enabled {
        return out;
    }
    let unresponsive = |f: &&&Finding| {
        matches!(
            f,
            Finding::ServerUnresponsive | Finding::KeepalivesUnanswered
        )
    };
    let responds = !findings.iter().any(|f| unresponsive(&f));
    if port.registered && responds {
        out.push(RuledOut::Registered {
            server: port.server.clone().unwrap_or_default(),
            since_unix_ms: port.registration_since_unix_ms,
        });
    }
    if let Some(server) = port.standby.clone().filter(|_| port.registered) {
        out.push(RuledOut::StandbyOpen { server });
    }
    let [blocks, overruns, underruns] = port.blocks;
    let dead_line = findings.iter().any(|f| is_line(f));
    let lost = [overruns, underruns, port.missed_blocks];
    if blocks > 0 && lost.iter().all(|n| *n == 0) && !dead_line {
        out.push(RuledOut::CardServed { blocks });
    }
    if let Some([tip_v, ring_v, battery_v]) = port.voltages
        && !dead_line
        && (tip_v - ring_v).abs() >= FED_V
    {
        out.push(RuledOut::FeedPresent {
            tip_v,
            ring_v,
            battery_v,
        });
    }
    let locked = findings
        .iter()
        .any(|f| matches!(f, Finding::OffHookLockout));
    if port.off_hooks > 0 && !dead_line && !locked {
        let off_hooks = port.off_hooks;
        out.push(RuledOut::LoopCloses { off_hooks });
    }
    let [tone, pulse] = port.digits;
    if tone + pulse > 0 {
        out.push(RuledOut::DigitsHeard { tone, pulse });
    }
    if let Some(dbm0) = port.from_line_dbm0 {
        out.push(RuledOut::LevelFromLine { dbm0 });
    }
    let one_way = findings
        .iter()
        .any(|f| matches!(f, Finding::OneWayAudio { .. }));
    if let Some(call) = &port.last_call
        && !one_way
        && call.heard_well()
    {
        let lost_percent = call.lost_percent();
        if lost_percent < GOOD_LOSS {
            out.push(RuledOut::AudioBothWays {
                sent: call.sent,
                received: call.received,
                lost_percent,
            });
        }
        let good = call.mos.filter(|mos| *mos >= GOOD_MOS);
        out.extend(good.map(|mos| RuledOut::SoundGood { mos }));
    }
    if let Some([erl_db, erle_db]) = port.echo
        && erl_db >= super::STRONG_ECHO_DB
        && erle_db >= TRAINED_ERLE_DB
    {
        out.push(RuledOut::EchoTrained { erl_db, erle_db });
    }
    out
}

/// Is it about the line or its card?
fn is_line(finding: &Finding) -> bool {
    super::rank(finding) < (0, 4) && !matches!(finding, Finding::OwnAddressMissing { .. })
        || matches!(
            finding,
            Finding::LineUnstable { .. }
                | Finding::ChannelHeld
                | Finding::PortNotServed
                | Finding::CardChannelMissing { .. }
                | Finding::ChannelInUse { .. }
                | Finding::ChannelMissing { .. }
                | Finding::ChannelNoModule
                | Finding::ChannelNotConfigured
                | Finding::ChannelIsFxo
                | Finding::ChannelSignalling { .. }
                | Finding::NoToneZone
                | Finding::BlockLength { .. }
                | Finding::ChannelOpenFailed { .. }
                | Finding::SignalChainFailed { .. }
                | Finding::CardNotTaken
        )
}
