//! The far end of a session: where it is, and whether anything is sent there now.

use std::net::SocketAddrV4;

/// Nowhere at first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FarEnd {
    address: Option<SocketAddrV4>,
    sending: bool,
}

impl FarEnd {
    /// It is here, and is sent to from now on. True when nothing was sent before.
    pub(super) fn name(&mut self, address: SocketAddrV4) -> bool {
        self.address = Some(address);
        !std::mem::replace(&mut self.sending, true)
    }

    /// Nothing is sent any more; where it is stays known.
    pub(super) fn stop(&mut self) {
        self.sending = false;
    }

    /// Where to send to, if anything is to be sent.
    #[inline]
    pub(super) fn target(&self) -> Option<SocketAddrV4> {
        self.address.filter(|_| self.sending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_end_is_sent_to_from_when_it_is_named_until_stopped() {
        let (a, b) = ("10.0.0.1:4000", "10.0.0.2:4000");
        let at = |s: &str| s.parse::<SocketAddrV4>().unwrap();
        let mut far = FarEnd::default();
        assert_eq!(far.target(), None);
        far.stop();
        assert!(far.name(at(a)), "it begins");
        assert!(!far.name(at(b)), "it goes on, elsewhere");
        assert_eq!(far.target(), Some(at(b)));
        far.stop();
        assert_eq!(far.target(), None);
        assert!(far.name(at(b)));
        assert_eq!(far.target(), Some(at(b)));
    }
}
