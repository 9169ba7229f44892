//! Arguments of `explain`.

use clap::Args as ClapArgs;

use super::complete;

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  tipring explain                      what is wrong with the gateway, the worst first
  tipring explain 17                   why port 17 is dead
  tipring explain call 12              why nothing was heard in call 12";

#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// Port number, or `call` and the number of a call; without it: the gateway
    #[arg(value_parser = about, value_name = "PORT|call", add = complete::ports())]
    pub(crate) about: Option<About>,
    /// Number of the call, as `call list` shows it
    #[arg(value_name = "CALL", requires = "about", add = complete::calls())]
    pub(crate) id: Option<u64>,
}

/// What is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// This port.
    Port(u16),
    /// The call named next.
    Call,
}

fn about(text: &str) -> Result<About, String> {
    match text.parse() {
        _ if text == "call" => Ok(About::Call),
        Ok(port @ 1..=1024) => Ok(About::Port(port)),
        _ => Err("accepted: 1 to 1024, or call".to_owned()),
    }
}
