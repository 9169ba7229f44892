//! How a leg sounds: the port's counters for the meter, and its ratings for the command line and the server.

use std::time::Duration;

use tipring_ctl::report as ctl;
use tipring_proto::rtp::{Connection, Heard, Ratings, mos};
use tipring_proto::sccp::message::VoiceQuality;

/// What telephones add to the loss of an echo path, dB: send and receive loudness of the one who hears it (G.107: 8 + 2).
const TELEPHONE_DB: f64 = 10.0;

/// What the meter looks at.
pub(super) fn heard(rtp: &ctl::RtpStats, round_trip: Option<Duration>, ptime_ms: u32) -> Heard {
    let network = round_trip.map_or(0.0, |trip| trip.as_secs_f64() * 1000.0 / 2.0);
    Heard {
        received: rtp.received_packets,
        lost: rtp.lost_packets.saturating_sub(rtp.recovered_packets),
        late: rtp.late_packets,
        concealed_ms: rtp.concealed_ms,
        one_way_ms: network + f64::from(rtp.delay_ms) + f64::from(ptime_ms),
    }
}

/// For the command line; the far end's rating goes by what it reports and by what our line returns of its voice.
pub(super) fn shown(
    ratings: &Ratings,
    rtcp: Option<&ctl::RtcpReport>,
    echo: &ctl::EchoReport,
) -> ctl::QualityReport {
    let lost = rtcp.and_then(|r| r.far_lost_percent);
    let default = Connection::default();
    // A canceller that has not heard enough yet says nothing about the line.
    let known = echo.state != ctl::EchoState::Learning;
    let telr = match (echo.erl_db, echo.erle_db) {
        (Some(erl), Some(erle)) if known => TELEPHONE_DB + f64::from(erl) + f64::from(erle),
        _ => default.telr_db,
    };
    let far = lost.map(|lost| {
        Connection {
            one_way_ms: ratings.one_way_ms,
            loss_percent: lost.into(),
            telr_db: telr.min(default.telr_db),
            ..default
        }
        .r()
    });
    ctl::QualityReport {
        r: tenths(ratings.r),
        mos: hundredths(mos(ratings.r)),
        worst_r: tenths(ratings.worst_r),
        worst_mos: hundredths(mos(ratings.worst_r)),
        mean_r: tenths(ratings.mean_r),
        mean_mos: hundredths(mos(ratings.mean_r)),
        one_way_ms: tenths(ratings.one_way_ms),
        concealed_percent: hundredths(100.0 * ratings.concealed),
        concealed_s: ratings.concealed_s,
        severely_concealed_s: ratings.severe_s,
        far_r: far.map(tenths),
        far_mos: far.map(|r| hundredths(mos(r))),
    }
}

/// For ConnectionStatisticsRes.
pub(super) fn for_server(ratings: &Ratings) -> VoiceQuality {
    let parts = |value: f64| (value * 10_000.0).round() as u32; // saturates
    VoiceQuality {
        mos: parts(ratings.listening.now),
        mean: parts(ratings.listening.mean),
        least: parts(ratings.listening.least),
        most: parts(ratings.listening.most),
        concealed: parts(ratings.concealed),
        concealed_now: parts(ratings.concealed_now),
        concealed_most: parts(ratings.concealed_most),
        concealed_s: ratings.concealed_s,
        severe_s: ratings.severe_s,
    }
}

fn tenths(value: f64) -> f32 {
    ((value * 10.0).round() / 10.0) as f32
}

fn hundredths(value: f64) -> f32 {
    ((value * 100.0).round() / 100.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_is_half_the_round_trip_the_packet_and_the_buffer() {
        let rtp = ctl::RtpStats {
            received_packets: 9,
            lost_packets: 5,
            recovered_packets: 2,
            late_packets: 1,
            concealed_ms: 40,
            delay_ms: 30.0,
            ..ctl::RtpStats::default()
        };
        let heard = heard(&rtp, Some(Duration::from_millis(80)), 20);
        assert_eq!((heard.lost, heard.late, heard.concealed_ms), (3, 1, 40));
        assert_eq!(heard.one_way_ms, 90.0);
    }

    #[test]
    fn the_far_end_is_rated_by_its_reports_and_our_echo() {
        let ratings = Ratings {
            r: 90.0,
            one_way_ms: 100.0,
            ..Ratings::default()
        };
        let echo = |erl, erle| ctl::EchoReport {
            erl_db: erl,
            erle_db: erle,
            ..ctl::EchoReport::default()
        };
        let reported = ctl::RtcpReport {
            far_lost_percent: Some(0.0),
            ..ctl::RtcpReport::default()
        };
        let far = |echo| shown(&ratings, Some(&reported), &echo).far_r.unwrap();
        assert_eq!(shown(&ratings, None, &echo(None, None)).far_r, None);
        let silent = far(echo(None, None));
        assert!((90.0..91.5).contains(&silent), "{silent}");
        assert_eq!(far(echo(Some(30.0), Some(40.0))), silent);
        assert!(far(echo(Some(10.0), Some(15.0))) < 60.0);
        let learning = ctl::EchoReport {
            state: ctl::EchoState::Learning,
            ..echo(Some(10.0), Some(0.0))
        };
        assert_eq!(far(learning), silent);
    }
}
