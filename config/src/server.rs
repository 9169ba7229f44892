//! Addresses of CallManagers as people write them.

use std::fmt;
use std::net::Ipv4Addr;

/// The SCCP port of every CallManager unless another one is named.
const SCCP_PORT: u16 = 2000;

/// Where a CallManager is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// Address or name.
    pub host: Host,
    /// TCP port.
    pub port: u16,
}

/// An address, or a name to look up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// IPv4 address.
    Address(Ipv4Addr),
    /// Host name.
    Name(String),
}

impl Server {
    /// Reads `10.0.0.1`, `10.0.0.1:2000`, `name` or `name:2000`. The error is the rest of a sentence about the text.
    pub fn parse(text: &str) -> Result<Server, String> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => {
                return Err("is IPv6; SCCP here is IPv4 only".to_owned());
            }
            Some((host, port)) => match port.parse::<u16>() {
                Ok(port) if port > 0 && port.to_string().len() == text.len() - host.len() - 1 => {
                    (host, port)
                }
                _ => return Err(format!("has the port `{port}`; a port is 1 to 65535")),
            },
            None => (text, SCCP_PORT),
        };
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            if address.is_unspecified() || address.is_broadcast() || address.is_multicast() {
                return Err("is not the address of one machine".to_owned());
            }
            return Ok(Server {
                host: Host::Address(address),
                port,
            });
        }
        if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err("is not an IPv4 address".to_owned());
        }
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        let name = host.strip_suffix('.').unwrap_or(host);
        if name.len() > 253 || !name.split('.').all(label_ok) {
            return Err("is neither an IPv4 address nor a host name".to_owned());
        }
        Ok(Server {
            host: Host::Name(host.to_owned()),
            port,
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(address) => write!(f, "{address}:{}", self.port),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_addresses_or_names_with_or_without_a_port() {
        let shown = |text: &str| Server::parse(text).map(|s| s.to_string());
        assert_eq!(shown("10.0.0.1"), Ok("10.0.0.1:2000".to_owned()));
        assert_eq!(shown("10.0.0.1:2443"), Ok("10.0.0.1:2443".to_owned()));
        assert_eq!(
            shown("cm1.example.com:2000"),
            Ok("cm1.example.com:2000".to_owned())
        );
        for bad in [
            "",
            ":2000",
            "10.0.0.256",
            "10.0.0.1:0",
            "10.0.0.1:65536",
            "10.0.0.1:+1",
            "::1",
            "[::1]:2000",
            "a b",
            "-x",
            "0.0.0.0",
            "224.0.0.1",
            "a..b",
            "tcp://cm1",
        ] {
            assert!(Server::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
