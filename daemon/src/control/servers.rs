//! The CallManagers by number.
//!
//! Promises: a number keeps its meaning for as long as the daemon runs, whatever becomes of the list in the
//! configuration: what a station remembers of a server that left the list still has its name.

use tipring_config::Server;
use tipring_proto::time::Time;

use super::troubles::Troubles;

/// What a CallManager did to all ports since start.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) registrations: u64,
    pub(super) rejections: u64,
    /// Registrations that ended without our asking.
    pub(super) losses: u64,
    /// Times that it was found silent: nothing came from it any more, over connections that were up.
    pub(super) silences: u64,
    /// Attempts that came to nothing, without those that were rejected.
    pub(super) failures: u64,
    pub(super) troubles: Troubles,
    /// A port has had a standby connection there.
    pub(super) stood_by: bool,
    /// When it was last found silent.
    pub(super) silent: Option<Time>,
}

/// Every CallManager that is or was in the list.
#[derive(Debug, Default)]
pub struct ServerBook {
    known: Vec<(Server, Tally)>,
    /// The present list, in order of preference.
    list: Vec<usize>,
    /// The list of the configuration.
    configured: Vec<usize>,
    /// Put first by an operator.
    preferred: Option<usize>,
}

impl ServerBook {
    /// A book with this list: numbered from 0.
    pub fn new(servers: &[Server]) -> ServerBook {
        let mut book = ServerBook::default();
        book.set(servers);
        book
    }

    /// Takes another list. Servers that were known keep their number; what was wrong with those that left it is forgotten.
    pub(super) fn set(&mut self, servers: &[Server]) {
        self.configured.clear();
        for server in servers {
            let number = self.known.iter().position(|(known, _)| known == server);
            let number = number.unwrap_or_else(|| {
                self.known.push((server.clone(), Tally::default()));
                self.known.len() - 1
            });
            self.configured.push(number);
        }
        let known = self.known.iter_mut().enumerate();
        for (_, (_, tally)) in known.filter(|(number, _)| !self.configured.contains(number)) {
            tally.troubles = Troubles::default();
            tally.silent = None;
        }
        self.prefer(self.preferred);
    }

    /// A port is gone or switched off: what it had met is nobody's any more.
    pub(super) fn port_left(&mut self, port: u16) {
        for (_, tally) in &mut self.known {
            tally.troubles.left(port);
        }
    }

    /// Puts a server of the list first, or none.
    pub(super) fn prefer(&mut self, server: Option<usize>) {
        self.preferred = server.filter(|s| self.configured.contains(s));
        let others = self.configured.iter().copied();
        let others = others.filter(|s| Some(*s) != self.preferred);
        self.list = self.preferred.into_iter().chain(others).collect();
    }

    /// The server that an operator has put first.
    pub(super) fn preferred(&self) -> Option<usize> {
        self.preferred
    }

    /// Place of a server in the configuration, from 1.
    pub(super) fn place(&self, number: usize) -> Option<u16> {
        let place = self.configured.iter().position(|s| *s == number)?;
        u16::try_from(place + 1).ok()
    }

    /// The server of the list with this name, with its TCP port or without.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let wanted = Server::parse(name).ok()?;
        let named = |n: &&usize| self.server(**n) == Some(&wanted);
        self.configured.iter().find(named).copied()
    }

    /// The present list, in order of preference.
    pub fn list(&self) -> &[usize] {
        &self.list
    }

    pub(super) fn server(&self, number: usize) -> Option<&Server> {
        self.known.get(number).map(|(server, _)| server)
    }

    /// `host:port` of a server.
    pub(super) fn address(&self, number: usize) -> Option<String> {
        let known = self.known.get(number);
        known.map(|(server, _)| server.to_string())
    }

    /// A server as people name it.
    pub(super) fn name(&self, number: usize) -> String {
        self.address(number)
            .unwrap_or_else(|| format!("server {}", number + 1))
    }

    pub(super) fn tally(&self, number: usize) -> Option<&Tally> {
        self.known.get(number).map(|(_, tally)| tally)
    }

    pub(super) fn tally_mut(&mut self, number: usize) -> Option<&mut Tally> {
        self.known.get_mut(number).map(|(_, tally)| tally)
    }

    /// The present list, then those of `used` that left it.
    pub(super) fn shown(&self, used: &[usize]) -> Vec<usize> {
        let mut shown = self.configured.clone();
        for number in used {
            if !shown.contains(number) {
                shown.push(*number);
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(names: &[&str]) -> Vec<Server> {
        names.iter().map(|n| Server::parse(n).unwrap()).collect()
    }

    #[test]
    fn a_server_keeps_its_number_and_its_name_when_the_list_changes() {
        let mut book = ServerBook::new(&servers(&["a.example", "b.example"]));
        assert_eq!(book.list(), [0, 1]);
        book.set(&servers(&["c.example", "b.example"]));
        assert_eq!(book.list(), [2, 1]);
        assert_eq!(book.name(0), "a.example:2000");
        book.set(&servers(&["a.example"]));
        assert_eq!(book.list(), [0]);
        assert_eq!(book.name(7), "server 8");
    }

    #[test]
    fn a_server_that_is_preferred_comes_first_until_it_leaves_the_list() {
        let mut book = ServerBook::new(&servers(&["a.example", "b.example:2001", "c.example"]));
        let b = book.find("b.example:2001");
        assert_eq!((b, book.find("b.example")), (Some(1), None));
        assert_eq!(book.find("a.example"), Some(0));
        book.prefer(b);
        assert_eq!(
            (book.list(), book.shown(&[])),
            (&[1, 0, 2][..], vec![0, 1, 2])
        );
        assert_eq!((book.place(1), book.preferred()), (Some(2), Some(1)));
        book.set(&servers(&["c.example", "b.example:2001"]));
        assert_eq!(book.list(), [1, 2]);
        book.set(&servers(&["c.example", "a.example"]));
        assert_eq!((book.list(), book.preferred()), (&[2, 0][..], None));
    }

    #[test]
    fn a_server_that_left_the_list_is_shown_while_a_port_is_with_it() {
        let mut book = ServerBook::new(&servers(&["a.example", "b.example"]));
        book.set(&servers(&["b.example"]));
        assert_eq!(book.shown(&[1]), [1]);
        assert_eq!(book.shown(&[0, 0, 1]), [1, 0]);
    }
}
