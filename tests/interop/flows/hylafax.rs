//! Two pages to and from HylaFAX, a fax server with a modem of its own making, as G.711.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tipring_ctl::request::SimAction;
use tipring_tests::page;

use super::fax;
use crate::figures::{Failure, Figures};
use crate::stage::Stage;

/// The number of HylaFAX's modem.
const SERVER: &str = "560";
const SOON: Duration = Duration::from_secs(20);

/// HylaFAX's log of transfers, a line each (xferfaxlog(5F)).
struct Transfers {
    file: PathBuf,
}

/// A line of it: what is in it of the fields that we look at.
#[derive(Debug)]
struct Transfer {
    /// `SEND` or `RECV`.
    command: String,
    /// Of what was received, the file.
    file: String,
    pages: String,
    /// Empty: it went well.
    reason: String,
}

impl Transfers {
    fn read(&self) -> Vec<Transfer> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        let unquoted = |field: Option<&&str>| field.map_or("", |f| f.trim_matches('"')).to_owned();
        text.lines()
            .map(|line| {
                let fields: Vec<&str> = line.split('\t').collect();
                Transfer {
                    command: unquoted(fields.get(1)),
                    file: unquoted(fields.get(4)),
                    pages: unquoted(fields.get(10)),
                    reason: unquoted(fields.get(13)),
                }
            })
            .collect()
    }

    /// Waits for the next transfer after the first `before`, which has to be good and of two pages.
    fn next(&self, command: &str, before: usize, within: Duration) -> Result<Transfer, String> {
        let end = Instant::now() + within;
        loop {
            let of_command = |t: &Transfer| t.command == command;
            match self.read().into_iter().skip(before).find(of_command) {
                Some(t) if t.reason.is_empty() && t.pages == "2" => return Ok(t),
                Some(other) => return Err(format!("HylaFAX says {other:?}")),
                None if Instant::now() > end => {
                    let s = within.as_secs();
                    return Err(format!("HylaFAX has no {command} after {s} s"));
                }
                None => std::thread::sleep(Duration::from_millis(200)), // asks again, with the deadline above
            }
        }
    }
}

/// The pages as a fax server wants them: compressed.
fn compressed(pages: &Path, to: &Path) -> Result<(), String> {
    let done = Command::new("tiffcp")
        .args(["-c", "g4"])
        .args([pages, to])
        .status()
        .map_err(|e| format!("tiffcp: {e}; apt-get install libtiff-tools"))?;
    if done.success() {
        Ok(())
    } else {
        Err(format!("tiffcp {}: {done}", pages.display()))
    }
}

/// To HylaFAX, then from it.
pub(crate) fn both_ways(stage: &Stage) -> Result<Figures, Failure> {
    let server = stage.peer.start_fax_server()?;
    let spool = server.spool();
    let transfers = Transfers {
        file: spool.join("log/xferfaxlog"),
    };

    let mut set = stage.port(38)?;
    let before = transfers.read().len();
    let action = SimAction::FaxSend {
        tiff: stage.sent_pages(),
        number: SERVER.into(),
        ecm: true,
    };
    set.act(action, SOON)?;
    let sent = fax::done(stage, &mut set)?;
    let transfer = transfers.next("RECV", before, Duration::from_secs(60))?;
    let out = page::compare(&stage.sent_pages(), &spool.join(&transfer.file))?;

    let mut set = stage.port(39)?;
    let before = transfers.read().len();
    let received = stage.folder.join("from-hylafax.tif");
    let action = SimAction::FaxReceive {
        tiff: received.clone(),
        ecm: true,
    };
    set.act(action, SOON)?;
    compressed(&stage.sent_pages(), &spool.join("tmp/page.tif"))?;
    let number = stage.number(39);
    let home = spool
        .strip_prefix(stage.peer.tree()?)
        .map_err(|e| e.to_string())?;
    let file = Path::new("/").join(home).join("tmp/page.tif");
    let file = file.to_string_lossy();
    // -n: no cover page; -m: 196 lines an inch.
    server.run(&["sendfax", "-n", "-m", "-f", "tests", "-d", &number, &file])?;
    let got = fax::done(stage, &mut set)?;
    transfers.next("SEND", before, Duration::from_secs(60))?;
    let into = page::compare(&stage.sent_pages(), &received)?;
    let text = format!(
        "to HylaFAX {}; from it {}",
        fax::words(out, &sent),
        fax::words(into, &got)
    );
    Ok(Figures::say(text))
}
