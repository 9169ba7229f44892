//! `tipring callmanager`: the built-in test CallManager over TCP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use crate::run::{command, tipring};

struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    stdin: Option<ChildStdin>,
    address: String,
}

impl Running {
    fn start(args: &[&str]) -> Running {
        let args = [&["callmanager", "--listen", "127.0.0.1:0"], args].concat();
        let mut child = command(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let address = first
            .split_whitespace()
            .nth(3)
            .unwrap_or_else(|| panic!("{first:?}"))
            .to_owned();
        let stdin = child.stdin.take();
        Running {
            child,
            lines,
            stdin,
            address,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
    }

    /// The next line of this kind.
    fn line(&mut self, kind: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.lines.read_line(&mut line).unwrap(),
                0,
                "the CallManager ended"
            );
            if line.split_whitespace().nth(1) == Some(kind) {
                return line;
            }
        }
    }

    fn say(&mut self, text: &str) {
        writeln!(self.stdin.as_ref().unwrap(), "{text}").unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Register of SCCP version 3 with the 36-byte body that every server takes.
fn register(name: &str) -> Vec<u8> {
    let mut body = vec![0u8; 36];
    body[..name.len()].copy_from_slice(name.as_bytes());
    body[20] = 1;
    body[28] = 10;
    let mut frame = Vec::new();
    frame.extend_from_slice(&40u32.to_le_bytes());
    frame.extend_from_slice(&0u32.to_le_bytes());
    frame.extend_from_slice(&1u32.to_le_bytes());
    frame.extend_from_slice(&body);
    frame
}

/// Reads messages until one with this id.
fn read_until(stream: &mut TcpStream, id: u32) {
    loop {
        let mut header = [0u8; 12];
        stream.read_exact(&mut header).unwrap();
        let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().unwrap());
        let mut body = vec![0u8; word(0) as usize - 4];
        stream.read_exact(&mut body).unwrap();
        if word(8) == id {
            return;
        }
    }
}

#[test]
fn a_device_registers_over_tcp_and_gets_its_number() {
    let mut server = Running::start(&["--device", "VGC112233445501=101=Reception"]);
    let mut stream = server.connect();
    stream.write_all(&register("VGC112233445501")).unwrap();
    read_until(&mut stream, 0x81);
    assert!(server.line("registered").contains("VGC112233445501 as 101"));
    server.say("mwi 101 on");
    read_until(&mut stream, 0x86);
    server.say("reset 101");
    read_until(&mut stream, 0x9F);
    server.say("show");
    assert!(
        server
            .line("device")
            .contains("registered, version 3, message lamp on")
    );
    drop(stream);
    assert!(server.line("gone").contains("VGC112233445501"));
}

#[test]
fn an_unknown_device_is_refused_without_automatic_registration() {
    let mut server = Running::start(&["--no-auto"]);
    let mut stream = server.connect();
    stream.write_all(&register("VGC999999999901")).unwrap();
    read_until(&mut stream, 0x9D);
    assert!(server.line("refused").contains("VGC999999999901"));
}

#[test]
fn garbage_costs_its_own_connection_only() {
    let mut server = Running::start(&[]);
    let mut good = server.connect();
    good.write_all(&register("VGC112233445501")).unwrap();
    read_until(&mut good, 0x81);
    let mut bad = server.connect();
    bad.write_all(&[0xff; 64]).unwrap();
    assert_eq!(
        bad.read(&mut [0u8; 16]).unwrap_or(0),
        0,
        "the connection is closed"
    );
    server.line("error");
    // KeepAlive → KeepAliveAck
    good.write_all(&[4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        .unwrap();
    read_until(&mut good, 0x100);
}

#[test]
fn an_address_in_use_is_exit_1_with_the_cure() {
    let server = Running::start(&[]);
    let ended = tipring(&["callmanager", "--listen", &server.address]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended.stderr.contains("cure: stop the other CallManager"),
        "{}",
        ended.stderr
    );
}
