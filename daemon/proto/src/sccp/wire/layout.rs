//! Reading and writing a body by offset. Every length is checked here and nowhere else.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::DecodeError;
use super::frame::{Frame, HEADER};
use super::text;
use crate::types::CodePage;

/// A body to read. What lies behind its end reads as 0: trailing words differ by server and version.
#[derive(Clone, Copy)]
pub(in crate::sccp) struct Body<'a> {
    pub(in crate::sccp) id: u32,
    pub(in crate::sccp) version: u8,
    /// The frame's id is that of the message's second ("V2") form.
    pub(in crate::sccp) second: bool,
    /// That of text which is no UTF-8.
    code_page: CodePage,
    bytes: &'a [u8],
}

impl<'a> Body<'a> {
    pub(in crate::sccp) fn new(
        frame: &'a Frame,
        version: u8,
        second: bool,
        code_page: CodePage,
    ) -> Body<'a> {
        Body {
            id: frame.id,
            version,
            second,
            code_page,
            bytes: &frame.body,
        }
    }

    /// A body that was kept whole.
    pub(in crate::sccp) fn of(bytes: &'a [u8]) -> Body<'a> {
        Body {
            id: 0,
            version: 0,
            second: false,
            code_page: CodePage::Windows1252,
            bytes,
        }
    }

    /// Refuses a body that ends before `needed` bytes, in the name of the field that would be missing.
    pub(in crate::sccp) fn need(
        &self,
        field: &'static str,
        needed: usize,
    ) -> Result<(), DecodeError> {
        if self.bytes.len() < needed {
            return Err(DecodeError::Short {
                id: self.id,
                field,
                needed,
                actual: self.bytes.len(),
            });
        }
        Ok(())
    }

    pub(in crate::sccp) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes from `at` on, at most `len`, fewer (or none) when the body ends earlier.
    pub(in crate::sccp) fn slice(&self, at: usize, len: usize) -> &'a [u8] {
        let rest = self.bytes.get(at..).unwrap_or_default();
        &rest[..rest.len().min(len)]
    }

    pub(in crate::sccp) fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        let from = self.slice(at, N);
        out[..from.len()].copy_from_slice(from);
        out
    }

    pub(in crate::sccp) fn u8(&self, at: usize) -> u8 {
        u8::from_le_bytes(self.bytes(at))
    }

    pub(in crate::sccp) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(at))
    }

    pub(in crate::sccp) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    pub(in crate::sccp) fn ipv4(&self, at: usize) -> Ipv4Addr {
        Ipv4Addr::from(self.bytes::<4>(at))
    }

    /// An address and the port word behind it. `wide` (from version 17 on): a type word, 16 address bytes, the port.
    pub(in crate::sccp) fn socket(
        &self,
        field: &'static str,
        at: usize,
        wide: bool,
    ) -> Result<SocketAddrV4, DecodeError> {
        let (address, port) = if wide {
            (at + 4, at + WIDE_ADDRESS)
        } else {
            (at, at + 4)
        };
        self.need(field, port + 4)?;
        if wide && !matches!(self.u32(at), TYPE_IPV4 | TYPE_IPV4_AND_IPV6) {
            return Err(DecodeError::Value {
                id: self.id,
                field,
                needed: "address type 0 (IPv4)",
                actual: self.u32(at),
            });
        }
        let port = self.port(field, port)?;
        Ok(SocketAddrV4::new(self.ipv4(address), port))
    }

    /// A port is a whole word on the wire.
    pub(in crate::sccp) fn port(&self, field: &'static str, at: usize) -> Result<u16, DecodeError> {
        u16::try_from(self.u32(at)).map_err(|_| DecodeError::Value {
            id: self.id,
            field,
            needed: "a port of 0 to 65535",
            actual: self.u32(at),
        })
    }

    /// A fixed text field; a full one has no NUL.
    pub(in crate::sccp) fn text(&self, at: usize, len: usize) -> String {
        text::decode(self.slice(at, len), self.version, self.code_page)
    }

    /// All that follows `at`, up to the first NUL.
    pub(in crate::sccp) fn rest_text(&self, at: usize) -> String {
        self.text(at, usize::MAX)
    }

    /// NUL-terminated strings one after the other; `""` once the body has ended.
    pub(in crate::sccp) fn strings<const N: usize>(&self, at: usize) -> [String; N] {
        let mut rest = self.slice(at, usize::MAX);
        std::array::from_fn(|_| {
            let end = rest.iter().position(|&b| b == 0).unwrap_or(rest.len());
            let one = text::decode(&rest[..end], self.version, self.code_page);
            rest = rest.get(end + 1..).unwrap_or_default();
            one
        })
    }

    pub(in crate::sccp) fn to_vec(self) -> Vec<u8> {
        self.bytes.to_vec()
    }
}

/// Address type word before a 16-byte address.
const TYPE_IPV4: u32 = 0;
const TYPE_IPV4_AND_IPV6: u32 = 2;
/// Bytes of address type and address from version 17 on.
const WIDE_ADDRESS: usize = 20;

/// A frame being written, header and body in one buffer. Offsets are the body's; gaps are 0.
pub(in crate::sccp) struct Writer {
    buffer: Vec<u8>,
    pub(in crate::sccp) version: u8,
    /// The message goes out in its second ("V2") form.
    pub(in crate::sccp) second: bool,
}

impl Writer {
    pub(in crate::sccp) fn new(version: u8, second: bool) -> Writer {
        Writer {
            buffer: vec![0; HEADER],
            version,
            second,
        }
    }

    fn at(&mut self, at: usize, len: usize) -> &mut [u8] {
        self.size(at + len);
        &mut self.buffer[HEADER + at..HEADER + at + len]
    }

    /// The body is at least `len` bytes long.
    pub(in crate::sccp) fn size(&mut self, len: usize) {
        if self.buffer.len() < HEADER + len {
            self.buffer.resize(HEADER + len, 0);
        }
    }

    pub(in crate::sccp) fn bytes(&mut self, at: usize, bytes: &[u8]) {
        self.at(at, bytes.len()).copy_from_slice(bytes);
    }

    pub(in crate::sccp) fn u8(&mut self, at: usize, value: u8) {
        self.bytes(at, &[value]);
    }

    pub(in crate::sccp) fn u16(&mut self, at: usize, value: u16) {
        self.bytes(at, &value.to_le_bytes());
    }

    pub(in crate::sccp) fn u32(&mut self, at: usize, value: u32) {
        self.bytes(at, &value.to_le_bytes());
    }

    /// See [`Body::socket`].
    pub(in crate::sccp) fn socket(&mut self, at: usize, wide: bool, address: SocketAddrV4) {
        let octets = address.ip().octets();
        let port = u32::from(address.port());
        if wide {
            self.u32(at, TYPE_IPV4);
            self.bytes(at + 4, &octets);
            self.u32(at + WIDE_ADDRESS, port);
        } else {
            self.bytes(at, &octets);
            self.u32(at + 4, port);
        }
    }

    /// A fixed text field that ends in at least one NUL: receivers are written in C.
    pub(in crate::sccp) fn text(&mut self, at: usize, len: usize, value: &str) {
        let bytes = text::encode(value, self.version, len.saturating_sub(1));
        self.size(at + len);
        self.bytes(at, &bytes);
    }

    /// A fixed text field that may be full, for what is returned as it came.
    pub(in crate::sccp) fn full_text(&mut self, at: usize, len: usize, value: &str) {
        let bytes = text::encode(value, self.version, len);
        self.size(at + len);
        self.bytes(at, &bytes);
    }

    /// NUL-terminated strings one after the other, padded to a multiple of 4 bytes.
    pub(in crate::sccp) fn strings(&mut self, at: usize, values: &[&str]) {
        self.size(at);
        for value in values {
            let bytes = text::encode(value, self.version, MAX_STRING);
            self.buffer.extend_from_slice(&bytes);
            self.buffer.push(0);
        }
        self.pad();
    }

    /// Pads to a multiple of 4 bytes.
    pub(in crate::sccp) fn pad(&mut self) {
        let len = self.buffer.len().next_multiple_of(4);
        self.buffer.resize(len, 0);
    }

    /// The whole frame.
    pub(in crate::sccp) fn finish(mut self, id: u32, header_version: u32) -> Vec<u8> {
        let length = u32::try_from(self.buffer.len() - HEADER + 4).unwrap_or(u32::MAX);
        self.buffer[0..4].copy_from_slice(&length.to_le_bytes());
        self.buffer[4..8].copy_from_slice(&header_version.to_le_bytes());
        self.buffer[8..12].copy_from_slice(&id.to_le_bytes());
        self.buffer
    }
}

/// Longest string in a "V2" message; the longest fixed field it replaces has 40, a name in UTF-8 up to 121.
const MAX_STRING: usize = 121;
