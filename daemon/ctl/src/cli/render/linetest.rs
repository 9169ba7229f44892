//! `tipring port test` as text.

use tipring_ctl::report::{LineTestOutcome, LineTestReport};
use tipring_ctl::words;

use super::super::output::Paint;

pub(crate) fn line_test(paint: Paint, report: &LineTestReport) -> String {
    let port = report.port;
    match &report.outcome {
        LineTestOutcome::Ended { why } => {
            let why = words::test_end(*why);
            format!("port {port}: {}: {why}\n", paint.bad("no result"))
        }
        LineTestOutcome::Measured {
            noise_dbm0,
            hum_dbm0,
            hum_hz,
            verdict,
        } => {
            let (text, look) = words::verdict(*verdict);
            let text = if report.is_good() {
                paint.good(text)
            } else {
                paint.bad(text)
            };
            let seconds = report.seconds;
            let mut out = format!(
                "port {port}: {text}\n  noise      {noise_dbm0:.1} dBm0 in {seconds} s\n  mains hum  {hum_dbm0:.1} dBm0 \
                 ({hum_hz} Hz)\n"
            );
            if let Some(look) = look {
                out += &format!("  cure: {look}\n");
            }
            out
        }
    }
}
