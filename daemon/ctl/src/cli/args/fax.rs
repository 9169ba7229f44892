//! `tipring fax`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::super::complete;
use super::{port, since};

const FAX_EXAMPLES: &str = "\
Examples:
  tipring fax list                     the last faxes of all ports
  tipring fax list 7 --failed --since 7d
                                       those of port 7 that failed in a week
  tipring fax show 12                  why fax 12 failed, and what to do about it
  tipring fax stats --since 30d        a month, by port and by far number";

#[derive(Debug, Subcommand)]
pub(crate) enum FaxCommand {
    /// Faxes, newest first, and what became of each
    #[command(after_help = FAX_EXAMPLES)]
    List {
        /// Port number; without it: all ports
        #[arg(value_parser = port(), add = complete::ports())]
        port: Option<u16>,
        /// Only those that failed
        #[arg(long)]
        failed: bool,
        /// Largest number of faxes to show
        #[arg(long, short = 'n', value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=i64::from(tipring_store::MOST_ROWS)))]
        limit: u32,
        #[command(flatten)]
        of: FaxArgs,
    },
    /// One fax in full: what was measured, its verdict with cause and cure, and a picture of the session
    Show {
        /// Number of the fax, as `fax list` shows it
        #[arg(add = complete::faxes())]
        id: u64,
        /// Read this file instead of asking the daemon (which has its own file to itself while it runs)
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Faxes added up for each port and each far number: pages, share of good ones, rate, loss, the commonest failure
    Stats {
        /// Port number; without it: all ports
        #[arg(value_parser = port(), add = complete::ports())]
        port: Option<u16>,
        #[command(flatten)]
        of: FaxArgs,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FaxArgs {
    /// Leave out what ended before: an interval up to now (90min, 2h, 3d) or a local date or time (2026-11-29, "2026-11-29 08:30", 08:30)
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<u64>,
    /// Read this file instead of asking the daemon (which has its own file to itself while it runs)
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}
