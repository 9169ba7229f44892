//! What earlier faxes with a far end change in the next one, in words.

use tipring_types::{FaxAdvice, FaxAdvised, T38Doubt};

use super::times;

/// What is done, why, and how to end it.
pub fn fax_advice(advised: &FaxAdvised) -> String {
    let far = &advised.far;
    match advised.advice {
        FaxAdvice::T38NotAsked {
            why,
            times: n,
            last_unix_ms,
        } => {
            let why = match why {
                T38Doubt::Refused => "the far gateway refused it",
                T38Doubt::Silent => "the far gateway did not answer",
                T38Doubt::VoiceOn => "the far gateway agreed and sent voice on",
                T38Doubt::Failed => "faxes over it failed, and not in G.711,",
            };
            format!(
                "T.38 not asked for: {why} {}, last on {}; asked for again a day after that, or after `tipring fax memory \
                 forget {far}`",
                times(n),
                moment(last_unix_ms)
            )
        }
        FaxAdvice::T38Never => format!(
            "T.38 not asked for: pinned by hand; `tipring fax memory set {far} --t38 auto` ends that"
        ),
        FaxAdvice::T38Always => format!(
            "T.38 asked for, whatever was refused: pinned by hand; `tipring fax memory set {far} --t38 auto` ends that"
        ),
        FaxAdvice::T38First { spoiled } => format!(
            "T.38 asked for: it has worked with {far}, and faxes in G.711 failed by loss, jitter or slips ({spoiled} since the \
             last good one)"
        ),
        // The loss of the last fax need not be the one that led to it: no figure.
        FaxAdvice::Redundancy { depth, .. } => {
            let packets = match depth {
                1 => "1 earlier packet".to_owned(),
                n => format!("{n} earlier packets"),
            };
            format!(
                "{packets} repeated with each one from the beginning: packets were lost in earlier faxes with {far}"
            )
        }
    }
}

/// Date and time of day in UTC: the log and the trace are read where the time zone is not known.
fn moment(unix_ms: u64) -> String {
    let minutes = unix_ms / 60_000;
    let (days, minute) = (minutes / 1440, minutes % 1440);
    // Years that begin on 1 March, from the one of the year 0 on.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (minute / 60, minute % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_date_of_the_calendar() {
        for (ms, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_340_000, "2000-02-28 23:59 UTC"),
            (951_868_740_000, "2000-02-29 23:59 UTC"),
            (1_795_960_931_000, "2026-11-29 14:02 UTC"),
            (1_798_761_600_000, "2027-01-01 00:00 UTC"),
        ] {
            assert_eq!(moment(ms), text);
        }
        // Whatever a file says.
        assert!(moment(u64::MAX).ends_with("UTC"));
    }

    #[test]
    fn redundancy_quotes_no_loss_of_another_fax() {
        let far = "2001".to_owned();
        let advice = FaxAdvice::Redundancy {
            depth: 2,
            loss_hundredths: 3,
        };
        let text = fax_advice(&FaxAdvised { far, advice });
        assert_eq!(
            text,
            "2 earlier packets repeated with each one from the beginning: packets were lost in earlier faxes with 2001"
        );
    }

    #[test]
    fn every_advice_says_what_and_why_and_those_that_can_be_ended_how() {
        for advice in FaxAdvice::samples() {
            let far = "2001".to_owned();
            let text = fax_advice(&FaxAdvised { far, advice });
            assert!(text.contains(": ") && text.contains("2001"), "{text}");
        }
        let text = fax_advice(&FaxAdvised {
            far: "2001".into(),
            advice: FaxAdvice::T38NotAsked {
                why: T38Doubt::Refused,
                times: 3,
                last_unix_ms: 1_795_960_931_000,
            },
        });
        assert_eq!(
            text,
            "T.38 not asked for: the far gateway refused it 3 times, last on 2026-11-29 14:02 UTC; asked for again a day after \
             that, or after `tipring fax memory forget 2001`"
        );
    }
}
