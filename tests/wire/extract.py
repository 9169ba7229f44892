#!/usr/bin/env python3
"""Makes golden/*.tsv from packet captures of SCCP conversations, with tshark's own reading of every frame beside it.

    tests/wire/extract.py OUT_DIR CAPTURE.pcap …

A line of frames-server.tsv or frames-client.tsv is one distinct frame:

    version  captures  frame  fields

version   protocol version of the session: what the station offered, at most 22; 0 before it registered.
captures  numbers of the captures (golden/MANIFEST) the frame is in.
frame     the whole frame in hex, as captured; `z12.` stands for twelve zero bytes.
fields    what tshark reads, `name=value` with `;` between: numbers decimal, addresses dotted, text as hex of its bytes up
          to the NUL; `malformed=1` when tshark says so.

tshark chooses a layout by the frame's header version, which some servers leave 0 at every version. So tshark is given a
copy of the frame with the session's version in that word; the frame in the file is the one captured.
"""
import ipaddress
import re
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

SERVER_PORT = 2000
# Header versions tshark knows, largest first; 0 stands for everything below 10.
HEADER_VERSIONS = [22, 21, 20, 19, 18, 17, 16, 15, 11, 10]
# Of no use for a comparison.
LEFT_OUT = re.compile(
    r"skinny\.(data_length|hdr_version|response_|SoftKeyMask|RestrictInformationType|PhoneFeatures"
    r"|softKeyLabel|softKeyTemplateIndex|softKeyInfoIndex|softKeySetDefinition|key$|salt$)"
)
# Bit fields, taken whole from the group tshark shows them in.
GROUPS = ("partyPIRestrictionBits", "phoneFeatures", "validKeyMask")


def packets(path):
    """TCP payloads of an Ethernet pcap: time, connection, sequence number, bytes."""
    data = path.read_bytes()
    order = {0xA1B2C3D4: "<", 0xD4C3B2A1: ">"}[struct.unpack("<I", data[:4])[0]]
    assert struct.unpack(order + "I", data[20:24])[0] == 1, f"{path.name}: not Ethernet"
    at = 24
    while at + 16 <= len(data):
        seconds, _, kept, _ = struct.unpack(order + "IIII", data[at : at + 16])
        packet = data[at + 16 : at + 16 + kept]
        at += 16 + kept
        if packet[12:14] != b"\x08\x00" or packet[23] != 6:
            continue
        ip = 14
        tcp = ip + (packet[ip] & 15) * 4
        end = ip + struct.unpack(">H", packet[ip + 2 : ip + 4])[0]
        source, destination, sequence = struct.unpack(">HHI", packet[tcp : tcp + 8])
        flags = packet[tcp + 13]
        payload = packet[tcp + (packet[tcp + 12] >> 4) * 4 : end]
        if SERVER_PORT in (source, destination):
            yield seconds, (source, destination), sequence, flags, payload


def frames(path):
    """(from_server, version, frame) in order; also the day of the first packet."""
    streams, offered, day = {}, {}, None
    found = []
    for seconds, connection, sequence, flags, payload in packets(path):
        day = day or seconds
        station = connection[0] if connection[1] == SERVER_PORT else connection[1]
        if flags & 2:  # SYN: a port used again starts a new conversation
            streams[connection] = [sequence + 1, b""]
            if connection[1] == SERVER_PORT:
                offered.pop(station, None)
            continue
        stream = streams.setdefault(connection, [sequence, b""])
        if not payload or sequence < stream[0]:
            continue  # empty, or sent again
        assert sequence == stream[0], f"{path.name}: bytes missing"
        stream[0] += len(payload)
        stream[1] += payload
        while len(stream[1]) >= 12:
            length = struct.unpack("<I", stream[1][:4])[0]
            if not 4 <= length <= 4100:
                stream[1] = b""  # a scenario that sends a wrong length on purpose
                break
            if len(stream[1]) < length + 8:
                break
            frame, stream[1] = stream[1][: length + 8], stream[1][length + 8 :]
            from_server = connection[0] == SERVER_PORT
            found.append((from_server, offered.get(station, 0), frame))
            if not from_server and frame[8:12] == b"\x01\0\0\0":
                offered[station] = min(frame[12 + 40], 22) if length >= 45 else 0
    return found, day


def header_version(version):
    return next((v for v in HEADER_VERSIONS if v <= version), 0)


def ask_tshark(wanted):
    """Fields of each (from_server, version, frame), one frame a packet."""
    types = {}
    for line in subprocess.run(["tshark", "-G", "fields"], capture_output=True, text=True, check=True).stdout.splitlines():
        column = line.split("\t")
        if column[0] == "F" and column[2].startswith("skinny."):
            types[column[2]] = column[3]
    with tempfile.NamedTemporaryFile(suffix=".pcap") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        sequence = [1, 1]
        for i, (from_server, version, frame) in enumerate(wanted):
            payload = frame[:4] + struct.pack("<I", header_version(version)) + frame[8:]
            ports = (SERVER_PORT, 40000) if from_server else (40000, SERVER_PORT)
            tcp = struct.pack(">HHIIBBHHH", *ports, sequence[from_server], sequence[not from_server], 0x50, 0x18, 65535, 0, 0)
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
            sequence[from_server] += len(payload)
            packet = bytes(12) + b"\x08\0" + ip + tcp + payload
            out.write(struct.pack("<IIII", i, 0, len(packet), len(packet)) + packet)
        out.flush()
        text = subprocess.run(["tshark", "-r", out.name, "-T", "pdml"], capture_output=True, check=True).stdout
    answers = []
    for packet in ET.fromstring(text).findall("packet"):
        fields = ["malformed=1"] if any(p.get("name") == "_ws.malformed" for p in packet.iter("proto")) else []
        for field in packet.iterfind("proto[@name='skinny']//field"):
            name = field.get("name")
            if field.get("show") in GROUPS:
                bits = int.from_bytes(bytes.fromhex(field.get("value")), "little")
                fields.append(f"{field.get('show')}={bits}")
                continue
            if not name.startswith("skinny.") or LEFT_OUT.match(name) or field.get("size") == "0":
                continue
            show, kind = field.get("show"), types[name]
            if kind in ("FT_STRING", "FT_STRINGZ"):
                value = bytes.fromhex(field.get("value") or "").split(b"\0")[0].hex()
            elif kind == "FT_ETHER":
                value = show.replace(":", "")
            elif kind == "FT_IPv4":
                value = str(ipaddress.IPv4Address(show))
            elif kind.startswith(("FT_UINT", "FT_INT", "FT_BOOLEAN")):
                value = str(int(show, 0))
            else:
                continue
            fields.append(f"{name.removeprefix('skinny.')}={value}")
        answers.append(";".join(fields))
    assert len(answers) == len(wanted), "tshark lost packets"
    return answers


def short_hex(frame):
    """Hex with runs of four and more zero bytes as `z<number>.`"""
    out, at = "", 0
    while at < len(frame):
        run = len(frame) - at - len(frame[at:].lstrip(b"\0"))
        if run >= 4:
            out += f"z{run}."
            at += run
        else:
            out += f"{frame[at]:02x}"
            at += 1
    return out


def main():
    out, captures = Path(sys.argv[1]), sorted(Path(p) for p in sys.argv[2:])
    where, lines, total = {}, [], 0
    for number, path in enumerate(captures, 1):
        found, day = frames(path)
        total += len(found)
        for key in found:
            where.setdefault(key, []).append(number)
        date = subprocess.run(["date", "-u", "-d", f"@{day}", "+%F"], capture_output=True, text=True, check=True).stdout.strip()
        scenario = path.stem.removeprefix("skinny-")
        offers = sorted({version for _, version, _ in found} - {0})
        lines.append(f"{number}\t{path.name}\t{scenario}\t{','.join(map(str, offers)) or '-'}\t{date}\t{len(found)}")
    keys = sorted(where, key=lambda k: (struct.unpack("<I", k[2][8:12])[0], k[1], k[2]))
    answers = dict(zip(keys, ask_tshark(keys)))
    for side, name in ((True, "frames-server.tsv"), (False, "frames-client.tsv")):
        with open(out / name, "w") as f:
            for key in (k for k in keys if k[0] == side):
                numbers = ",".join(map(str, sorted(set(where[key]))))
                f.write(f"{key[1]}\t{numbers}\t{short_hex(key[2])}\t{answers[key]}\n")
    tshark = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    with open(out / "MANIFEST", "w") as f:
        f.write(
            "Golden SCCP frames. Server: chan_skinny of Asterisk 16.28 (Debian bullseye). Client: a small exploring script,\n"
            "no code of Tipring. Signalling only, TCP 2000, loopback. Nothing here comes from Tipring's own encoder.\n"
            f"Made by extract.py with {tshark}\n"
            f"Frames captured: {total}; distinct (direction, version, bytes): {len(keys)}, "
            f"of these {sum(k[0] for k in keys)} from the server.\n\n"
            "number\tcapture\tscenario\tversions\tdate (UTC)\tframes\n"
        )
        f.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    main()
