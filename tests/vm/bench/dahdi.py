"""DAHDI from Python, for the checks of the bench itself: one channel, its events, its audio."""
import errno
import fcntl
import os
import select
import struct
import time


def _ior(nr, size): return 2 << 30 | size << 16 | 0xDA << 8 | nr
def _iow(nr, size): return 1 << 30 | size << 16 | 0xDA << 8 | nr


SET_BLOCKSIZE, HOOK, GETEVENT, FLUSH = _iow(1, 4), _iow(7, 4), _ior(8, 4), _iow(3, 4)
SET_BUFINFO, SPECIFY = _iow(27, 24), _iow(38, 4)
ECHOCANCEL, ONHOOKTRANSFER, SETPOLARITY, VMWI, VMWI_CONFIG = _iow(33, 4), _iow(51, 4), _iow(92, 4), 3 << 30 | 4 << 16 | 0xDA5E, _iow(95, 4)
GET_STATS, GET_REGS, SET_REG = _ior(60, 12), _ior(61, 320), _iow(62, 8)
ONHOOK, OFFHOOK, WINK, FLASH, START, RING, RINGOFF = range(7)
ELAST = 500
EVENTS = {1: 'onhook', 2: 'ringoffhook', 3: 'winkflash', 4: 'alarm', 5: 'noalarm', 10: 'ringeron', 11: 'ringeroff',
          12: 'hookcomplete', 14: 'pulse-start', 17: 'polarity', 18: 'ringbegin', 20: 'removed', 21: 'lamp-on',
          22: 'lamp-off', 29: 'overrun', 30: 'underrun'}


class Channel:
    """One opened channel, non-blocking."""

    opened = set()

    def __init__(self, number, block=80, buffers=16):
        self.number, self.block = number, block
        self.fd = os.open('/dev/dahdi/channel', os.O_RDWR | os.O_NONBLOCK)
        Channel.opened.add(self)
        self.ioctl(SPECIFY, number)
        fcntl.ioctl(self.fd, SET_BUFINFO, struct.pack('6i', 0, 0, buffers, block, 0, 0))
        self.ioctl(FLUSH, 7)
        self.events = []

    def ioctl(self, request, value):
        fcntl.ioctl(self.fd, request, struct.pack('i', value))

    def hook(self, state):
        try:
            self.ioctl(HOOK, state)
        except OSError as e:
            if e.errno != errno.EINPROGRESS:
                raise

    def drain(self):
        """Takes the waiting events and returns all that are new."""
        new = []
        while True:
            try:
                event, = struct.unpack('i', fcntl.ioctl(self.fd, GETEVENT, b'\0' * 4))
            except OSError as e:
                if e.errno == errno.ENODEV:
                    new.append('gone')
                    return new
                raise
            if not event:
                return new
            new.append(EVENTS.get(event, 'digit %c' % (event & 0xff) if event & 1 << 16 else str(event)))

    def wait(self, wanted, seconds):
        """The milliseconds until this event, or an error that names what came instead."""
        start, seen = time.monotonic(), []
        poll = select.poll()
        poll.register(self.fd, select.POLLPRI)
        while time.monotonic() - start < seconds:
            poll.poll(100)
            seen += self.drain()
            if wanted in seen:
                return (time.monotonic() - start) * 1000
        raise AssertionError('channel %d: no %s within %g s, but %s' % (self.number, wanted, seconds, seen))

    def stats(self):
        return struct.unpack('3i', fcntl.ioctl(self.fd, GET_STATS, b'\0' * 12))

    def register(self, number):
        return fcntl.ioctl(self.fd, GET_REGS, b'\0' * 320)[number]

    def set_register(self, number, value):
        fcntl.ioctl(self.fd, SET_REG, struct.pack('iBxH', 0, number, value))

    def close(self):
        if self in Channel.opened:
            Channel.opened.remove(self)
            os.close(self.fd)


def settle(seconds):
    time.sleep(seconds)  # lets the line do its part; guest time is virtual


def talk(pairs, seconds):
    """Sends a counted sequence from each first channel to its second; per pair (samples, breaks), and gaps of the clock."""
    poll = select.poll()
    result, byfd = [], {}
    for sender, receiver in pairs:
        sender.drain(), receiver.drain()
        for c in (sender, receiver):
            c.ioctl(FLUSH, 7)
            os.write(c.fd, bytes([0x7f]) * c.block)
        state = {'next': 0, 'expected': None, 'samples': 0, 'breaks': 0, 'from': sender, 'events': []}
        byfd[receiver.fd] = (receiver, state)
        byfd[sender.fd] = (sender, None)
        poll.register(receiver.fd, select.POLLIN | select.POLLPRI)
        poll.register(sender.fd, select.POLLIN | select.POLLPRI)
        result.append(state)
    states = {s['from'].fd: s for s in result}
    start, last, gaps, clock = time.monotonic(), None, [], pairs[0][0].fd
    while time.monotonic() - start < seconds:
        for fd, what in poll.poll(1000):
            channel, state = byfd[fd]
            if what & select.POLLPRI:
                target = state or states[fd]
                target['events'] += channel.drain()
            if not what & select.POLLIN:
                continue
            try:
                block = os.read(fd, channel.block)
            except OSError:
                continue
            if fd == clock:
                now = time.monotonic()
                if last is not None:
                    gaps.append((now - last) * 1000)
                last = now
            if state is None:  # a sender: one block in, one block out; codes 0 to 250, then again
                s = states[fd]
                out = bytes((s['next'] + i) % 251 for i in range(channel.block))
                s['next'] = (s['next'] + channel.block) % 251
                os.write(fd, out)
                continue
            os.write(fd, bytes([0x7f]) * channel.block)
            for code in block:
                if state['expected'] is None:
                    if code == 0:
                        state['expected'] = 1
                        state['samples'] = 1
                    continue
                state['samples'] += 1
                if code != state['expected']:
                    state['breaks'] += 1
                state['expected'] = (code + 1) % 251
    return result, gaps
