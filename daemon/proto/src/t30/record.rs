//! What a journal keeps of a fax, out of what was heard of it.

use super::capabilities::Command;
use super::listener::{Listener, place};
use super::report::PageResult;
use crate::time::Time;
use crate::types::t38::Fast;
use crate::types::{FaxModem, FaxPath, FaxRecord, FaxTransport, Side, Sides};

impl Listener {
    /// The fax is over: all that frames and tones say of it. Begin, transport, switchings, path and levels are for the
    /// caller to fill in.
    pub fn record(&mut self, now: Time) -> FaxRecord {
        let outcome = self.end(now);
        let report = self.report();
        let mut rates: Vec<u32> = vec![];
        for training in report.trainings.iter().filter(|t| t.rate > 0) {
            if !rates.contains(&training.rate) {
                rates.push(training.rate);
            }
        }
        let pages = |result| {
            let pages = report.pages.iter().filter(|page| page.result == result);
            u32::try_from(pages.count()).unwrap_or(u32::MAX)
        };
        let failed = report.trainings.iter();
        let failed = failed.filter(|training| training.confirmed != Some(true));
        let fast = report.chosen.and_then(|chosen| chosen.fast);
        let [line, network] = report.identities.clone();
        FaxRecord {
            begin_unix_ms: 0,
            length_ms: u64::try_from(self.lasted().as_millis()).unwrap_or(u64::MAX),
            caller: self.caller(),
            sender: report.sender,
            identities: Sides { line, network },
            transport: FaxTransport::default(),
            switches: vec![],
            rates,
            rate: fast.map(Fast::rate),
            modem: fast.map(modem),
            ecm: report.chosen.map(|chosen: Command| chosen.ecm),
            pages: report.confirmed,
            resent_frames: report.pages.iter().map(|page| page.asked_again).sum(),
            refused_pages: pages(PageResult::Refused),
            poor_pages: pages(PageResult::Poor),
            failed_trainings: u32::try_from(failed.count()).unwrap_or(u32::MAX),
            bad_frames: Sides {
                line: report.bad_frames[place(Side::Line)],
                network: report.bad_frames[place(Side::Network)],
            },
            timer: report.end.and_then(|end| end.timer),
            path: FaxPath::default(),
            level: Sides::default(),
            erl: None,
            unheard: 0,
            outcome,
            steps: self.steps().to_vec(),
            advised: vec![],
        }
    }

    /// The side whose machine called: it sends CNG, and the other one answers.
    pub fn caller(&self) -> Option<Side> {
        let other = |side| match side {
            Side::Line => Side::Network,
            Side::Network => Side::Line,
        };
        let answered = self.report().called.or(self.answer.map(|(from, _)| from));
        answered.map(other).or(match self.calling {
            [true, false] => Some(Side::Line),
            [false, true] => Some(Side::Network),
            _ => None,
        })
    }
}

fn modem(fast: Fast) -> FaxModem {
    match fast {
        Fast::V27ter2400 | Fast::V27ter4800 => FaxModem::V27ter,
        Fast::V29At7200 | Fast::V29At9600 => FaxModem::V29,
        Fast::V17Short(_) | Fast::V17Long(_) => FaxModem::V17,
    }
}
