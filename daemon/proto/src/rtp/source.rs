//! Who may send to this session: only the address and port that StartMediaTransmission named.

use std::net::SocketAddrV4;

/// What to do before StartMediaTransmission has named the far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterPolicy {
    /// Take nothing yet.
    DropUntilKnown,
    /// Take anything (early media from a server that opens our receive side first).
    AcceptUntilKnown,
    /// Take anything, always (a far end behind a translator that sends from another port).
    AcceptAny,
}

/// The check itself.
#[derive(Clone, Copy, Debug)]
pub struct SourceFilter {
    policy: FilterPolicy,
    expected: Option<SocketAddrV4>,
    strangers: u64,
}

impl SourceFilter {
    /// A filter that knows nobody yet.
    pub fn new(policy: FilterPolicy) -> SourceFilter {
        SourceFilter {
            policy,
            expected: None,
            strangers: 0,
        }
    }

    /// Names the far end.
    pub fn expect(&mut self, far_end: Option<SocketAddrV4>) {
        self.expected = far_end;
    }

    /// Is a datagram from there ours? Strangers are counted.
    pub fn accepts(&mut self, from: SocketAddrV4) -> bool {
        let ours = match (self.policy, self.expected) {
            (FilterPolicy::AcceptAny, _) => true,
            (_, Some(far_end)) => far_end == from,
            (FilterPolicy::AcceptUntilKnown, None) => true,
            (FilterPolicy::DropUntilKnown, None) => false,
        };
        self.strangers += u64::from(!ours);
        ours
    }

    /// Datagrams refused.
    pub fn strangers(&self) -> u64 {
        self.strangers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_address_and_port_pass() {
        let addr = |s: &str| s.parse::<SocketAddrV4>().unwrap();
        let answers = |policy| {
            let mut f = SourceFilter::new(policy);
            let early = f.accepts(addr("10.0.0.1:4000"));
            f.expect(Some(addr("10.0.0.1:4000")));
            let then =
                ["10.0.0.1:4000", "10.0.0.1:4002", "10.0.0.2:4000"].map(|a| f.accepts(addr(a)));
            (early, then, f.strangers())
        };
        use FilterPolicy::*;
        assert_eq!(answers(DropUntilKnown), (false, [true, false, false], 3));
        assert_eq!(answers(AcceptUntilKnown), (true, [true, false, false], 2));
        assert_eq!(answers(AcceptAny), (true, [true, true, true], 0));
    }
}
