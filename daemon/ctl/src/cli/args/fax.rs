//! `tipring fax`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use tipring_proto::fax_memory;

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
    /// What is remembered of far ends and used in the next fax: list, forget, set
    ///
    /// A far end is remembered by its number; where it has none, by the address of its media. The daemon decides by it whether T.38
    /// is asked for, and how many earlier packets are repeated from the beginning (fax-memory, tipring.toml(5)). All ports share
    /// it; it is kept over restarts as long as the history is kept.
    #[command(subcommand)]
    Memory(FaxMemoryCommand),
}

const MEMORY_EXAMPLES: &str = "\
Examples:
  tipring fax memory list              all far ends, the one with the latest fax first
  tipring fax memory forget 4711       what was learned of 4711, and pinned
  tipring fax memory forget all        everything
  tipring fax memory set 4711 --t38 never
                                       never ask 4711 for T.38, until it is forgotten
  tipring fax memory set 0301234XX --t38 auto
                                       remember the hundred numbers 0301234.. as one far end
  tipring fax memory set '0049!' --t38 never
                                       never ask a number that begins with 0049";

#[derive(Debug, Subcommand)]
pub(crate) enum FaxMemoryCommand {
    /// Far ends, the one with the latest fax first: how faxes went, and what the next one does otherwise than usual
    #[command(after_help = MEMORY_EXAMPLES)]
    List,
    /// Forget a far end, or all: the next fax is as the first one was
    Forget {
        /// Number or address of the far end, as `fax memory list` shows it; all: every one
        #[arg(value_name = "FAR|all", value_parser = far, add = complete::far_ends())]
        far: String,
    },
    /// Pin by hand whether a far end is asked for T.38; kept until it is forgotten
    Set {
        /// Number or address of the far end, which need not be known yet; or a pattern of numbers, which are then remembered
        /// together: X is any digit, ! at the end one or more further ones
        #[arg(value_parser = far_or_pattern, add = complete::far_ends())]
        far: String,
        /// Whether T.38 is asked for
        #[arg(long, value_name = "WHEN")]
        t38: T38When,
    },
}

/// Whether T.38 is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum T38When {
    /// Never; what the far gateway asks for is answered as before
    Never,
    /// Always, whatever was refused, where the port has nse and t38
    Ask,
    /// As it was learned
    Auto,
}

fn far(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("it is empty".to_owned()),
        1..=128 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err("no far end has a name like that".to_owned()),
    }
}

fn far_or_pattern(text: &str) -> Result<String, String> {
    let name = far(text)?;
    fax_memory::check(&name).map_err(str::to_owned)?;
    Ok(name)
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
