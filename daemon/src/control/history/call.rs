//! A finished call as it is kept.

use tipring_ctl::report::{MediaLeg, QualityReport, StoredCall};
use tipring_proto::call::CallRecord;
use tipring_proto::time::Time;

use super::super::clock::Clock;
use super::super::port::PortUnit;
use super::super::report::echo;

/// Longest name or number that is kept: they are the CallManager's, who may send anything.
const LONGEST: usize = 128;

/// All but its run, number, server and media.
pub(super) fn stored(clock: Clock, unit: &PortUnit, record: &CallRecord) -> StoredCall {
    let echo = echo(&unit.counters);
    StoredCall {
        port: unit.number,
        device: unit.device_name(),
        direction: record.direction,
        number: some(&record.number),
        name: some(&record.name),
        dialed: some(&record.dialed),
        begun_unix_ms: clock.unix_ms(record.started),
        answered_unix_ms: record.connected.map(|at| clock.unix_ms(at)),
        ended_unix_ms: clock.unix_ms(record.ended),
        duration_ms: ms(record.ended, record.started),
        talked_ms: record.connected.map_or(0, |at| ms(record.ended, at)),
        end: record.cause.name().to_owned(),
        call_ref: record.call.0,
        erl_db: echo.erl_db.map(tenths),
        erle_db: echo.erle_db.map(tenths),
        ..StoredCall::default()
    }
}

/// The figures of its media legs.
pub(super) fn figures(call: &mut StoredCall, media: &[MediaLeg]) {
    let sum = |of: fn(&MediaLeg) -> u64| media.iter().map(of).sum();
    let most = |of: fn(&MediaLeg) -> f32| media.iter().map(of).reduce(f32::max).map(tenths);
    call.codec = media.last().map(|leg| leg.codec.clone());
    call.legs = u32::try_from(media.len()).unwrap_or(u32::MAX);
    call.packets_sent = sum(|leg| leg.rtp.sent_packets);
    call.packets_received = sum(|leg| leg.rtp.received_packets);
    call.packets_lost = sum(|leg| leg.rtp.lost_packets);
    call.packets_late = sum(|leg| leg.rtp.late_packets);
    call.concealed_ms = sum(|leg| leg.rtp.concealed_ms);
    call.jitter_ms = most(|leg| leg.rtp.jitter_ms);
    call.playout_delay_ms = most(|leg| leg.rtp.delay_ms);
    let quality = || media.iter().filter_map(|leg| leg.quality);
    let least = |of: fn(&QualityReport) -> f32| quality().map(|q| of(&q)).reduce(f32::min);
    call.mean_r = least(|q| q.mean_r).map(tenths);
    call.mean_mos = least(|q| q.mean_mos).map(hundredths);
    call.worst_r = least(|q| q.worst_r).map(tenths);
    call.worst_mos = least(|q| q.worst_mos).map(hundredths);
    call.far_r = quality()
        .filter_map(|q| q.far_r)
        .reduce(f32::min)
        .map(tenths);
    call.data = media.iter().any(|leg| leg.pass_through);
    let mut tones: Vec<&str> = vec![];
    for tone in media.iter().flat_map(|leg| &leg.tones) {
        if !tones.contains(&&tone.tone[..]) {
            tones.push(&tone.tone);
        }
    }
    call.tones = some(&tones.join(","));
}

pub(super) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.chars().take(LONGEST).collect())
}

fn ms(later: Time, earlier: Time) -> u64 {
    u64::try_from((later - earlier).as_millis()).unwrap_or(u64::MAX)
}

/// More is not measured, and `f64::from` would show 0.1 as 0.10000000149.
fn tenths(value: f32) -> f64 {
    (f64::from(value) * 10.0).round() / 10.0
}

fn hundredths(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_ctl::report::{DetectedTone, RtpStats};

    fn leg(rtp: RtpStats, tones: &[&str]) -> MediaLeg {
        MediaLeg {
            codec: "G.711 A-law".into(),
            rtp,
            pass_through: !tones.is_empty(),
            tones: tones
                .iter()
                .map(|tone| DetectedTone {
                    tone: (*tone).to_owned(),
                    ..DetectedTone::default()
                })
                .collect(),
            ..MediaLeg::default()
        }
    }

    #[test]
    fn legs_are_added_up_and_the_worst_of_jitter_and_delay_counts() {
        let first = RtpStats {
            received_packets: 100,
            lost_packets: 3,
            jitter_ms: 2.34,
            delay_ms: 40.0,
            ..RtpStats::default()
        };
        let second = RtpStats {
            received_packets: 50,
            late_packets: 1,
            jitter_ms: 0.1,
            delay_ms: 60.0,
            ..RtpStats::default()
        };
        let mut call = StoredCall::default();
        let media = [leg(first, &["CNG", "CED", "CNG"]), leg(second, &[])];
        figures(&mut call, &media);
        let packets = (call.packets_received, call.packets_lost, call.packets_late);
        assert_eq!((call.legs, packets), (2, (150, 3, 1)));
        assert_eq!(
            (call.jitter_ms, call.playout_delay_ms),
            (Some(2.3), Some(60.0))
        );
        assert_eq!((call.data, call.tones.as_deref()), (true, Some("CNG,CED")));
        // A call without media has no figures, not those of a perfect one.
        figures(&mut call, &[]);
        assert_eq!((call.codec, call.jitter_ms, call.tones), (None, None, None));
    }

    #[test]
    fn a_call_sounds_as_its_worst_leg_did_and_without_media_not_at_all() {
        let sounds = |mean_r, mean_mos, worst_r, far_r| MediaLeg {
            quality: Some(QualityReport {
                mean_r,
                mean_mos,
                worst_r,
                worst_mos: 2.313,
                far_r,
                ..QualityReport::default()
            }),
            ..MediaLeg::default()
        };
        let mut call = StoredCall::default();
        let silent = MediaLeg::default();
        let media = [
            sounds(91.26, 4.394, 80.0, None),
            silent,
            sounds(73.04, 3.749, 40.1, Some(88.0)),
        ];
        figures(&mut call, &media);
        assert_eq!((call.mean_r, call.mean_mos), (Some(73.0), Some(3.75)));
        assert_eq!(
            (call.worst_r, call.worst_mos, call.far_r),
            (Some(40.1), Some(2.31), Some(88.0))
        );
        figures(&mut call, &[]);
        assert_eq!((call.mean_r, call.mean_mos, call.far_r), (None, None, None));
    }

    #[test]
    fn names_of_any_length_are_kept_short() {
        assert_eq!(some(&"ü".repeat(5000)).unwrap().chars().count(), LONGEST);
        assert_eq!(some(""), None);
    }
}
