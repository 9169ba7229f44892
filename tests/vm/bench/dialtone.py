#!/usr/bin/python3
"""dialtone.py CHANNEL [COMMAND...]: lifts the telephone on this channel and listens for US dial tone (350 and 440 Hz).

Exit 0 when it comes; then COMMAND is run while the telephone is off-hook, and its status is the exit status.
"""
import math
import os
import select
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dahdi as d  # noqa: E402


def linear(code):
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def dbm0(samples, hz):
    """Level of one frequency; 0 dBm0 is a sine 3.14 dB below the largest of mu-law."""
    n = len(samples)
    re = sum(s * math.cos(2 * math.pi * hz * i / 8000) for i, s in enumerate(samples))
    im = sum(s * math.sin(2 * math.pi * hz * i / 8000) for i, s in enumerate(samples))
    peak = 2 * math.hypot(re, im) / n
    return 20 * math.log10(max(peak, 1e-9) / 32124) + 3.14


def listen(channel, seconds):
    samples, poll = [], select.poll()
    poll.register(channel.fd, select.POLLIN)
    while len(samples) < seconds * 8000:
        poll.poll(1000)
        try:
            samples += map(linear, os.read(channel.fd, channel.block))
        except BlockingIOError:
            continue
    return samples


channel = d.Channel(int(sys.argv[1]))
channel.hook(d.ONHOOK)
d.settle(2.5)
channel.drain()
channel.hook(d.OFFHOOK)
end = time.monotonic() + 10
while time.monotonic() < end:
    heard = listen(channel, 0.5)
    low, high, other = (dbm0(heard, hz) for hz in (350, 440, 620))
    print('350 Hz %.1f dBm0, 440 Hz %.1f dBm0, 620 Hz %.1f dBm0' % (low, high, other), flush=True)
    if min(low, high) > -25 and abs(low - high) < 3 and other < min(low, high) - 20:
        if len(sys.argv) > 2:  # dialtone.py CHANNEL COMMAND...: run while off-hook
            sys.exit(os.spawnvp(os.P_WAIT, sys.argv[2], sys.argv[2:]))
        sys.exit(0)
sys.exit('no dial tone')
