//! Host names to addresses, by the system's resolver: it knows /etc/hosts, nsswitch.conf and the name servers of this
//! machine, and so gives what every other program here gets.
//!
//! It blocks for 10 s and more when a name server does not answer. So each lookup has a thread of its own, which nobody
//! waits for: not the control task, not another name, not the end of the daemon. What is looked up when, and how long an
//! answer is waited for, is decided in `tipring_proto::names`.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

use tipring_proto::names::NameFailure;
use tokio::sync::mpsc;

/// The outcome of a lookup.
pub type LookedUp = (String, Result<Vec<Ipv4Addr>, NameFailure>);

/// Stack of a lookup's thread. The memory is locked, so it is not the usual 2 MB; libnss modules need some.
const STACK: usize = 512 * 1024;

/// Looks names up.
#[derive(Debug)]
pub struct Resolver {
    outcomes: mpsc::UnboundedSender<LookedUp>,
    /// What was found.
    pub looked_up: mpsc::UnboundedReceiver<LookedUp>,
}

impl Default for Resolver {
    fn default() -> Resolver {
        // As many outcomes as there are lookups, that is names.
        let (outcomes, looked_up) = mpsc::unbounded_channel();
        Resolver {
            outcomes,
            looked_up,
        }
    }
}

impl Resolver {
    /// Begins to look a name up.
    pub fn look_up(&self, name: String) {
        let (outcomes, asked) = (self.outcomes.clone(), name.clone());
        let thread = std::thread::Builder::new()
            .name("tipring-names".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let outcome = look_up(&asked);
                // At the daemon's end nobody wants it any more.
                let _ = outcomes.send((asked, outcome));
            });
        if let Err(error) = thread {
            let refused = NameFailure::Refused(format!("no thread to look it up: {error}"));
            let _ = self.outcomes.send((name, Err(refused)));
        }
    }
}

fn look_up(name: &str) -> Result<Vec<Ipv4Addr>, NameFailure> {
    let found = (name, 0).to_socket_addrs().map_err(|error| {
        let text = error.to_string();
        let text = text.strip_prefix("failed to lookup address information: ");
        NameFailure::Refused(text.map_or_else(|| error.to_string(), str::to_owned))
    })?;
    let mut addresses = vec![];
    for address in found {
        if let SocketAddr::V4(address) = address
            && !addresses.contains(address.ip())
        {
            addresses.push(*address.ip());
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_names_are_known() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let found = runtime.unwrap().block_on(async {
            let mut resolver = Resolver::default();
            resolver.look_up("localhost".to_owned());
            resolver.looked_up.recv().await
        });
        let (name, outcome) = found.unwrap();
        assert_eq!(name, "localhost");
        assert_eq!(outcome, Ok(vec![Ipv4Addr::LOCALHOST]));
    }

    #[test]
    fn a_name_that_cannot_be_is_refused_in_the_systems_words() {
        let outcome = look_up("no.such.host.invalid");
        let Err(NameFailure::Refused(text)) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(
            !text.is_empty() && !text.contains("failed to lookup"),
            "{text}"
        );
    }
}
