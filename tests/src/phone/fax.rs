//! The fax machine that a phone becomes: its modems take the place of mouth and ear once the call is up.

use std::path::PathBuf;
use std::time::Duration;

use tipring_dsp::Law;
use tipring_spandsp::{FaxSettings, FaxTerminal};

use super::ear::linear;

/// After its result the terminal takes this time at most to disconnect (DCN).
const GOODBYE: Duration = Duration::from_secs(2);

/// What the fax machine is to do.
#[derive(Clone, Debug)]
pub enum FaxJob {
    /// Send these pages, as the caller.
    Send(PathBuf),
    /// Take pages, as the answerer.
    Receive(PathBuf),
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaxOutcome {
    /// Every page went over.
    pub ok: bool,
    /// In the library's words.
    pub result: String,
    /// Pages sent or received.
    pub pages: u32,
    /// bit/s.
    pub bit_rate: u32,
    /// With error correction.
    pub ecm: bool,
    /// Repetitions asked for.
    pub retries: u32,
    /// Time on the line.
    pub took: Duration,
}

/// A fax machine at work.
pub(super) struct Fax {
    terminal: FaxTerminal,
    sends: bool,
    since: Duration,
    ended: Option<Duration>,
}

impl Fax {
    pub(super) fn new(job: &FaxJob, now: Duration) -> Result<Fax, String> {
        let mut settings = match job {
            FaxJob::Send(file) => FaxSettings::sender(file),
            FaxJob::Receive(file) => FaxSettings::receiver(file),
        };
        settings.local_ident = "5550100".into();
        Ok(Fax {
            terminal: FaxTerminal::new(&settings).map_err(|e| e.to_string())?,
            sends: matches!(job, FaxJob::Send(_)),
            since: now,
            ended: None,
        })
    }

    pub(super) fn hear(&mut self, codes: &[u8]) {
        self.terminal.rx(&linear(codes));
    }

    pub(super) fn say(&mut self, out: &mut [u8]) {
        let mut samples = vec![0i16; out.len()];
        self.terminal.tx(&mut samples);
        Law::Mu.encode_block(&samples, out);
    }

    /// The line is gone.
    pub(super) fn cut_off(&mut self) {
        self.terminal.terminate();
    }

    /// The outcome, once it is over.
    pub(super) fn advance(&mut self, now: Duration) -> Option<FaxOutcome> {
        let result = self.terminal.result()?;
        let ended = *self.ended.get_or_insert(now);
        if self.terminal.is_active() && now.saturating_sub(ended) < GOODBYE {
            return None;
        }
        let stats = self.terminal.stats();
        Some(FaxOutcome {
            ok: result.is_ok(),
            result: result.text.to_owned(),
            pages: if self.sends {
                stats.pages_tx
            } else {
                stats.pages_rx
            },
            bit_rate: stats.bit_rate,
            ecm: stats.ecm,
            retries: stats.ecm_retries,
            took: now.saturating_sub(self.since),
        })
    }
}
