//! As much of SIP (RFC 3261) and SDP as one call between two programs of one machine wants.

use std::net::{Ipv4Addr, SocketAddr};

/// A request or a response.
#[derive(Clone, Debug)]
pub(super) struct Message {
    start: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// What a session description offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// G.711.
    Audio(SocketAddr),
    /// T.38 by UDPTL.
    Image(SocketAddr),
}

impl Message {
    /// Reads a datagram.
    pub(super) fn parse(datagram: &[u8]) -> Option<Message> {
        let text = std::str::from_utf8(datagram).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let start = lines.next()?.to_owned();
        let header = |l: &str| {
            let (name, value) = l.split_once(':')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        Some(Message {
            start,
            headers: lines.filter_map(header).collect(),
            body: body.to_owned(),
        })
    }

    /// The method of a request; `None`: a response.
    pub(super) fn method(&self) -> Option<&str> {
        (!self.start.starts_with("SIP/")).then(|| self.start.split(' ').next().unwrap_or_default())
    }

    /// The status of a response.
    pub(super) fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// First line, for people.
    pub(super) fn start(&self) -> &str {
        &self.start
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let named = |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map_or("", |(_, v)| v)
    }

    /// Number and method.
    pub(super) fn cseq(&self) -> (u32, &str) {
        let (number, method) = self.header("CSeq").split_once(' ').unwrap_or_default();
        (number.parse().unwrap_or(0), method.trim())
    }

    /// The first medium with a port.
    pub(super) fn media(&self) -> Option<Media> {
        let address = self
            .body
            .lines()
            .find_map(|l| l.strip_prefix("c=IN IP4 "))?;
        let address: Ipv4Addr = address.trim().parse().ok()?;
        self.body.lines().find_map(|l| {
            let mut words = l.strip_prefix("m=")?.split(' ');
            let (kind, port) = (words.next()?, words.next()?.parse().ok()?);
            match kind {
                _ if port == 0 => None,
                "audio" => Some(Media::Audio((address, port).into())),
                "image" => Some(Media::Image((address, port).into())),
                _ => None,
            }
        })
    }
}

/// How errors of T.38's transport are corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Correction {
    /// Copies of earlier packets.
    Redundancy,
    /// Parity over packets.
    Parity,
}

impl Correction {
    /// What tshark calls it in a datagram.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Correction::Redundancy => "secondary_ifp_packets_item_element",
            Correction::Parity => "fec_data_item",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Correction::Redundancy => "t38UDPRedundancy",
            Correction::Parity => "t38UDPFEC",
        }
    }
}

/// A session description with G.711 at this port.
pub(super) fn audio(port: u16, version: u32) -> String {
    session(version)
        + &format!("m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n")
}

/// A session description with T.38 at this port, and no fields but those that Cisco's gateways send.
pub(super) fn image(port: u16, version: u32, correction: Correction) -> String {
    let correction = correction.name();
    session(version)
        + &format!(
            "m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n\
             a=T38FaxFillBitRemoval:0\r\na=T38FaxTranscodingMMR:0\r\na=T38FaxTranscodingJBIG:0\r\n\
             a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxBuffer:200\r\na=T38FaxMaxDatagram:320\r\n\
             a=T38FaxUdpEC:{correction}\r\n"
        )
}

fn session(version: u32) -> String {
    format!(
        "v=0\r\no=bridge 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    )
}

/// Our half of a call.
pub(super) struct Dialog {
    our_port: u16,
    call_id: String,
    /// `From` of our requests.
    us: String,
    /// `To` of our requests; has a tag once the other side has given it.
    them: String,
    target: String,
    cseq: u32,
    branch: u32,
}

impl Dialog {
    /// A call from us. `label` makes it another than all before.
    pub(super) fn calling(our_port: u16, user: &str, target: &str, label: &str) -> Dialog {
        Dialog {
            our_port,
            call_id: format!("{label}@bridge"),
            us: format!("<sip:{user}@127.0.0.1:{our_port}>;tag=b{label}"),
            them: format!("<{target}>"),
            target: target.into(),
            cseq: 0,
            branch: 0,
        }
    }

    /// A call to us, by its INVITE.
    pub(super) fn called(our_port: u16, invite: &Message, label: &str) -> Dialog {
        Dialog {
            our_port,
            call_id: invite.header("Call-ID").into(),
            us: format!("{};tag=b{label}", invite.header("To")),
            them: invite.header("From").into(),
            target: uri(invite.header("Contact")).into(),
            cseq: 0,
            branch: 0,
        }
    }

    pub(super) fn is(&self, message: &Message) -> bool {
        message.header("Call-ID") == self.call_id
    }

    /// A request of ours.
    pub(super) fn request(&mut self, method: &str, body: &str) -> String {
        self.cseq += 1;
        self.branch += 1;
        self.compose(method, self.cseq, body)
    }

    /// What a final response to an INVITE of ours is acknowledged with.
    pub(super) fn ack(&mut self, response: &Message) -> String {
        let to = response.header("To");
        if to.contains(";tag=") {
            self.them = to.into();
        }
        if response.status().is_some_and(|s| s < 300) {
            // A request of its own; else it is of the INVITE's transaction.
            self.branch += 1;
            let contact = uri(response.header("Contact"));
            if !contact.is_empty() {
                self.target = contact.into();
            }
        }
        self.compose("ACK", response.cseq().0, "")
    }

    fn compose(&self, method: &str, cseq: u32, body: &str) -> String {
        let Dialog {
            our_port: port,
            call_id,
            us,
            them,
            target,
            branch,
            ..
        } = self;
        let id = call_id.replace(['@', ':'], "-");
        let head = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{id}-{branch}\r\n\
             Max-Forwards: 70\r\nFrom: {us}\r\nTo: {them}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
        );
        head + &self.rest(body)
    }

    /// A response of ours.
    pub(super) fn respond(&self, to: &Message, status: &str, body: &str) -> String {
        let copied = ["Via", "From", "Call-ID", "CSeq"];
        let copied = to
            .headers
            .iter()
            .filter(|(name, _)| copied.iter().any(|c| name.eq_ignore_ascii_case(c)));
        let mut head = format!("SIP/2.0 {status}\r\n");
        for (name, value) in copied {
            head += &format!("{name}: {value}\r\n");
        }
        head + &format!("To: {}\r\n", self.us) + &self.rest(body)
    }

    /// Contact, length and body.
    fn rest(&self, body: &str) -> String {
        let (port, length) = (self.our_port, body.len());
        let kind = match body {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        format!(
            "Contact: <sip:bridge@127.0.0.1:{port}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        )
    }
}

/// The address within `<…>`.
fn uri(header: &str) -> &str {
    let inner = header.split_once('<').map_or(header, |(_, rest)| rest);
    inner.split('>').next().unwrap_or_default()
}
