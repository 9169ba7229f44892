//! Media legs: both streams, how they sound, and what their far end reports.

use tipring_ctl::report::{
    CallSummary, FaxLeg, MediaLeg, QualityReport, RedundancyReport, RtcpReport, RtpStats,
};

use tipring_types::trace::LegMode;

use super::super::output::{Paint, clean};
use super::port::detected;
use super::{Facts, heading, moment, plural};

/// Media legs; `calls` has the calls that they belong to.
pub(crate) fn media(paint: Paint, legs: &[MediaLeg], calls: &[CallSummary]) -> String {
    let mut out = String::new();
    for leg in legs {
        let whose = calls.iter().find(|call| call.call_ref == leg.call_ref);
        let whose = whose.map_or_else(String::new, |call| format!(" of call {}", call.id));
        out += &heading(
            paint,
            &format!(
                "Media{whose} (CallManager ref {}, party {})",
                leg.call_ref, leg.party
            ),
        );
        let mut facts = Facts::new(paint);
        let end =
            |address: &Option<String>| address.as_deref().map_or_else(|| "-".to_owned(), clean);
        let path = if leg.multicast {
            format!("multicast group {}, receive only", end(&leg.local))
        } else {
            format!("{} ↔ {}", end(&leg.local), end(&leg.remote))
        };
        facts.add("path", path);
        if leg.source.is_some() && leg.source != leg.remote {
            facts.add("heard from", end(&leg.source));
        }
        let events = match (leg.event_payload_type, leg.sent_event_payload_type) {
            (Some(come), Some(go)) if come != go => format!(", events as {come}, sent as {go}"),
            (Some(come), _) => format!(", events as {come}"),
            (None, _) => String::new(),
        };
        let named = leg
            .nse_payload_type
            .map_or_else(String::new, |kind| format!(", NSE as {kind}"));
        facts.add(
            "codec",
            format!("{}, {} ms{events}{named}", clean(&leg.codec), leg.ptime_ms),
        );
        if leg.pass_through {
            facts.add("pass-through", "on: a fax or modem tone was detected");
        }
        if let Some(fax) = &leg.fax {
            facts.add("fax", fax_leg(fax));
            if fax.line_identity.is_some() || fax.far_identity.is_some() {
                let who = |name: &Option<String>| match name.as_deref() {
                    None | Some("") => "unnamed".to_owned(),
                    Some(name) => clean(name),
                };
                let (line, far) = (who(&fax.line_identity), who(&fax.far_identity));
                facts.add(
                    "fax machines",
                    format!("{line} on the line, {far} at the far end"),
                );
            }
            if let Some(outcome) = &fax.outcome {
                facts.add("last fax", tipring_ctl::words::fax(outcome).text);
            }
            if fax.sent_packets + fax.received_datagrams > 0 {
                facts.add(
                    "T.38",
                    format!(
                        "sent {} packets in {} datagrams; received {} datagrams, {} packets lost, {} recovered, {} late, \
                         {} unreadable",
                        fax.sent_packets,
                        fax.sent_datagrams,
                        fax.received_datagrams,
                        fax.lost_packets,
                        fax.recovered_packets,
                        fax.late_datagrams,
                        fax.unreadable_datagrams
                    ),
                );
            }
        }
        for tone in &leg.tones {
            let what = format!("{}  {}", moment(tone.at_unix_ms), detected(tone));
            facts.add("heard", what);
        }
        let rtp = &leg.rtp;
        facts.add(
            "sent",
            format!(
                "{} packets, {} octets, {} errors",
                rtp.sent_packets, rtp.sent_octets, rtp.send_errors
            ),
        );
        facts.add(
            "received",
            format!(
                "{} packets, {} octets; lost {}, late {}, duplicate {}, out of order {}",
                rtp.received_packets,
                rtp.received_octets,
                rtp.lost_packets,
                rtp.late_packets,
                rtp.duplicate_packets,
                rtp.reordered_packets
            ),
        );
        facts.add(
            "refused",
            format!(
                "{} from unexpected sources, {} not RTP, {} too many",
                rtp.stray_packets, rtp.invalid_packets, rtp.overflow_packets
            ),
        );
        if rtp.kernel_dropped_packets > 0 {
            facts.add(
                "",
                format!(
                    "{} dropped by the kernel (flood)",
                    rtp.kernel_dropped_packets
                ),
            );
        }
        for source in &leg.refused_sources {
            facts.add(
                "",
                format!("{}: {} packets", clean(&source.address), source.packets),
            );
        }
        facts.add(
            "jitter",
            format!(
                "{:.1} ms, late {:.2} %, {} ms concealed",
                rtp.jitter_ms, rtp.late_percent, rtp.concealed_ms
            ),
        );
        facts.add("buffer", buffer(rtp));
        facts.add("clocks", clocks(rtp));
        if let Some(quality) = &leg.quality {
            quality_facts(&mut facts, quality);
        }
        if let Some(rtcp) = &leg.rtcp {
            facts.add("far end", far_end(rtcp));
        }
        if let Some(alarm) = &leg.alarm {
            facts.add(
                "alarm",
                format!(
                    "Contact-ID: {} whole, {} spoilt, {} acknowledged",
                    plural(alarm.messages.into(), "message"),
                    alarm.spoilt,
                    alarm.acknowledged
                ),
            );
        }
        if let Some(repeats) = &leg.redundancy {
            facts.add("redundancy", repeated(repeats));
        }
        if rtp.redundant_sent + rtp.redundant_received > 0 {
            let title = match leg.redundancy {
                Some(_) => "",
                None => "redundancy",
            };
            facts.add(
                title,
                format!(
                    "{} packets sent with earlier ones, {} received, {} lost ones recovered",
                    rtp.redundant_sent, rtp.redundant_received, rtp.recovered_packets
                ),
            );
        }
        if rtp.comfort_sent + rtp.comfort_received > 0 {
            facts.add(
                "silence",
                format!(
                    "suppressed: {} packets of comfort noise sent, {} received",
                    rtp.comfort_sent, rtp.comfort_received
                ),
            );
        }
        facts.add(
            "events",
            format!("{} sent, {} received", rtp.events_sent, rtp.events_received),
        );
        out += &facts.text();
    }
    out
}

/// How many earlier packets go again with each one, and why.
fn repeated(repeats: &RedundancyReport) -> String {
    let number = plural(repeats.depth.into(), "earlier packet");
    match repeats.loss_percent {
        Some(loss) => format!(
            "automatic: {number} with each one for a loss of {loss:.1} %; {}",
            plural(repeats.changes.into(), "change")
        ),
        None => format!("{number} with each one"),
    }
}

/// What it is, and what the fax machines agreed on.
fn fax_leg(fax: &FaxLeg) -> String {
    let is = match fax.mode {
        LegMode::Voice => "carried as voice",
        LegMode::PassThrough => "pass-through (G.711)",
        LegMode::FaxRelay => "relay (T.38)",
    };
    let rate = match (fax.rate, fax.ecm) {
        (0, _) => String::new(),
        (rate, true) => format!(", {rate} bit/s with error correction"),
        (rate, false) => format!(", {rate} bit/s"),
    };
    format!("{is}{rate}, {} confirmed", plural(fax.pages.into(), "page"))
}

fn quality_facts(facts: &mut Facts, q: &QualityReport) {
    facts.add(
        "quality",
        format!(
            "R {:.0}, MOS {:.2}; worst 10 s R {:.0}, MOS {:.2}; all of it R {:.0}, MOS {:.2}",
            q.r, q.mos, q.worst_r, q.worst_mos, q.mean_r, q.mean_mos
        ),
    );
    let far = match (q.far_r, q.far_mos) {
        (Some(r), Some(mos)) => format!("; at the far end R {r:.0}, MOS {mos:.2}"),
        _ => String::new(),
    };
    facts.add(
        "",
        format!(
            "{:.0} ms one way, {:.2} % concealed; {} s with concealment, {} s of them severe{far}",
            q.one_way_ms, q.concealed_percent, q.concealed_s, q.severely_concealed_s
        ),
    );
}

/// What the far end reports of our packets.
fn far_end(rtcp: &RtcpReport) -> String {
    if let Some(failed) = &rtcp.failed {
        return format!("no RTCP: {}", clean(failed));
    }
    let trip = match rtcp.round_trip_ms {
        Some(ms) => format!("round trip {ms:.1} ms"),
        None => "round trip not known".to_owned(),
    };
    let heard = match (rtcp.far_jitter_ms, rtcp.far_lost_percent) {
        (Some(jitter), Some(lost)) => format!(
            ", hears us with jitter {jitter:.1} ms, {lost:.1} % lost ({} in all)",
            rtcp.far_lost_packets.unwrap_or(0)
        ),
        _ => String::new(),
    };
    format!(
        "{trip}{heard}; RTCP {} sent, {} received, {} refused",
        rtcp.sent, rtcp.received, rtcp.refused
    )
}

fn buffer(rtp: &RtpStats) -> String {
    let how = if rtp.held { "fixed" } else { "adapts" };
    format!(
        "{how}, {:.0} ms queued, playout delay {:.0} ms (target {:.0}), underruns {}, resyncs {}",
        rtp.buffer_ms, rtp.delay_ms, rtp.target_ms, rtp.underruns, rtp.resyncs
    )
}

/// The far clock against the card's, and what the buffer did about it.
fn clocks(rtp: &RtpStats) -> String {
    let drift = match (rtp.drift_ppm, rtp.drift_error_ppm) {
        (Some(ppm), Some(error)) => {
            let way = if ppm < 0.0 { "slow" } else { "fast" };
            format!("far end {:.1} ppm {way} (± {error:.1})", ppm.abs())
        }
        _ => "drift not known yet".to_owned(),
    };
    let slips = format!(
        "{} inserted, {} skipped by the jitter buffer",
        plural(rtp.stretched, "block"),
        rtp.shrunk
    );
    match rtp.lasts_min {
        Some(minutes) => {
            format!("{drift}, {slips}; the fixed buffer is used up after {minutes:.0} min")
        }
        None => format!("{drift}, {slips}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_is_named_by_our_number_of_the_call_and_the_reference_is_called_so() {
        let leg = MediaLeg {
            call_ref: 5,
            party: 9,
            ..MediaLeg::default()
        };
        let call = CallSummary {
            id: 7,
            call_ref: 5,
            ..CallSummary::default()
        };
        let text = |calls: &[CallSummary]| {
            media(Paint { colour: false }, std::slice::from_ref(&leg), calls)
        };
        assert!(text(&[call]).starts_with("\nMedia of call 7 (CallManager ref 5, party 9)\n"));
        assert!(text(&[]).starts_with("\nMedia (CallManager ref 5, party 9)\n"));
    }

    #[test]
    fn repeated_packets_are_shown_with_the_loss_that_asks_for_them() {
        let shown = |redundancy: Option<RedundancyReport>, sent| {
            let leg = MediaLeg {
                redundancy,
                rtp: RtpStats {
                    redundant_sent: sent,
                    ..RtpStats::default()
                },
                ..MediaLeg::default()
            };
            let text = media(Paint { colour: false }, std::slice::from_ref(&leg), &[]);
            let words = |l: &str| l.split_whitespace().collect::<Vec<_>>().join(" ");
            let lines = text.lines().map(words);
            lines
                .filter(|l| l.contains("redundancy") || l.contains("earlier"))
                .collect::<Vec<_>>()
        };
        let automatic = RedundancyReport {
            automatic: true,
            depth: 2,
            loss_percent: Some(3.12),
            changes: 1,
        };
        assert_eq!(
            shown(Some(automatic), 5),
            [
                "redundancy automatic: 2 earlier packets with each one for a loss of 3.1 %; 1 change",
                "5 packets sent with earlier ones, 0 received, 0 lost ones recovered",
            ]
        );
        let set = RedundancyReport {
            depth: 1,
            ..RedundancyReport::default()
        };
        assert_eq!(
            shown(Some(set), 0),
            ["redundancy 1 earlier packet with each one"]
        );
        assert!(shown(None, 0).is_empty());
    }

    #[test]
    fn what_the_far_end_reports_and_how_it_sounds_have_their_lines() {
        let leg = MediaLeg {
            rtcp: Some(RtcpReport {
                sent: 4,
                received: 3,
                round_trip_ms: Some(23.46),
                far_jitter_ms: Some(1.5),
                far_lost_percent: Some(0.78),
                far_lost_packets: Some(12),
                ..RtcpReport::default()
            }),
            quality: Some(QualityReport {
                r: 91.3,
                mos: 4.373,
                worst_r: 60.0,
                worst_mos: 3.1,
                mean_r: 90.0,
                mean_mos: 4.339,
                one_way_ms: 52.4,
                concealed_percent: 0.4,
                concealed_s: 3,
                severely_concealed_s: 1,
                far_r: Some(80.0),
                far_mos: Some(4.024),
            }),
            ..MediaLeg::default()
        };
        let shown = |leg: &MediaLeg| {
            let text = media(Paint { colour: false }, std::slice::from_ref(leg), &[]);
            let words = |l: &str| l.split_whitespace().collect::<Vec<_>>().join(" ");
            text.lines().map(words).collect::<Vec<_>>()
        };
        let lines = shown(&leg);
        for line in [
            "quality R 91, MOS 4.37; worst 10 s R 60, MOS 3.10; all of it R 90, MOS 4.34",
            "52 ms one way, 0.40 % concealed; 3 s with concealment, 1 s of them severe; at the far end R 80, MOS 4.02",
            "far end round trip 23.5 ms, hears us with jitter 1.5 ms, 0.8 % lost (12 in all); RTCP 4 sent, 3 received, \
             0 refused",
        ] {
            assert!(lines.iter().any(|l| l == line), "{line}\n{lines:#?}");
        }
        let failed = MediaLeg {
            rtcp: Some(RtcpReport {
                failed: Some("port 16385: in use".to_owned()),
                ..RtcpReport::default()
            }),
            ..MediaLeg::default()
        };
        let lines = shown(&failed);
        assert!(lines.contains(&"far end no RTCP: port 16385: in use".to_owned()));
    }

    #[test]
    fn a_multicast_group_is_named_and_no_far_end() {
        let leg = MediaLeg {
            local: Some("239.1.1.1:16384".into()),
            multicast: true,
            ..MediaLeg::default()
        };
        let text = media(Paint { colour: false }, &[leg], &[]);
        let path = text.lines().find(|line| line.contains("path"));
        let path = path.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        assert_eq!(
            path.as_deref(),
            Some("path multicast group 239.1.1.1:16384, receive only")
        );
    }

    #[test]
    fn a_buffer_shows_its_delay_the_drift_and_how_long_it_lasts() {
        let rtp = RtpStats {
            buffer_ms: 90.0,
            delay_ms: 100.0,
            target_ms: 100.0,
            held: true,
            drift_ppm: Some(-41.26),
            drift_error_ppm: Some(2.0),
            lasts_min: Some(38.4),
            stretched: 8,
            underruns: 1,
            ..RtpStats::default()
        };
        assert_eq!(
            buffer(&rtp),
            "fixed, 90 ms queued, playout delay 100 ms (target 100), underruns 1, resyncs 0"
        );
        assert_eq!(
            clocks(&rtp),
            "far end 41.3 ppm slow (± 2.0), 8 blocks inserted, 0 skipped by the jitter buffer; the fixed buffer is used up after 38 min"
        );
        assert_eq!(
            clocks(&RtpStats::default()),
            "drift not known yet, 0 blocks inserted, 0 skipped by the jitter buffer"
        );
    }
}
