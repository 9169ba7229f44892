#!/usr/bin/python3
"""Is the bench itself right? Run in the guest; every line is a claim about the simulated card, or about the guest.

check.py card N     cards.sh fxbench N has been called
check.py loc N      cards.sh loc N has been called
"""
import errno
import math
import os
import subprocess
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dahdi as d  # noqa: E402

failed = 0
lines = int(sys.argv[2])


def claim(name, function):
    global failed
    try:
        note = function()
        print('ok    %s%s' % (name, ': ' + note if note else ''), flush=True)
    except (AssertionError, OSError) as e:
        failed += 1
        where = [frame.lineno for frame in traceback.extract_tb(e.__traceback__)]
        print('FAIL  %s: %s (lines %s)' % (name, e, where[1:]), flush=True)
    finally:
        for channel in list(d.Channel.opened):
            channel.close()


def parameter(name, value):
    with open('/sys/module/fxbench/parameters/' + name, 'w') as f:
        f.write(str(value))


def pair(port):
    g, t = d.Channel(port), d.Channel(lines + port)
    idle(g, t)  # a telephone's channel hears no ring in the two seconds after it was opened
    return g, t


STABLE = 1  # s that a telephone's channel takes to call its loop closed; before that it defers a hang-up and ignores a lost battery


def idle(*channels):
    for c in channels:
        c.hook(d.ONHOOK)
    d.settle(2.5)
    for c in channels:
        c.drain()


def expect(is_, wanted, what):
    assert is_ == wanted, '%s: %r, wanted %r' % (what, is_, wanted)


def refused(wanted, function):
    try:
        function()
    except OSError as e:
        expect(errno.errorcode[e.errno], wanted, 'refused with')
        return
    raise AssertionError('not refused')


def ring_and_answer():
    g, t = pair(1)
    g.hook(d.RING)
    rang = t.wait('ringbegin', 1)
    d.settle(0.3)
    t.hook(d.OFFHOOK)
    answered = g.wait('ringoffhook', 1)
    g.hook(d.OFFHOOK)
    d.settle(STABLE)
    note = 'rang after %.1f ms, answer after %.1f ms' % (rang, answered)
    t.hook(d.ONHOOK)
    gone = g.wait('onhook', 2)
    assert 1240 <= gone <= 1270, 'hang-up after %.0f ms' % gone
    idle(g, t)
    g.close(), t.close()
    return note + ', hang-up after %.0f ms' % gone


def flash_and_pulse():
    g, t = pair(1)
    t.hook(d.OFFHOOK)
    g.wait('ringoffhook', 1)
    d.settle(0.5)
    t.hook(d.ONHOOK)
    d.settle(0.4)
    t.hook(d.OFFHOOK)
    g.wait('winkflash', 1)
    d.settle(0.5)
    for _ in range(3):
        t.hook(d.ONHOOK)
        d.settle(0.06)
        t.hook(d.OFFHOOK)
        d.settle(0.04)
    g.wait('digit 3', 1)
    idle(g, t)
    g.close(), t.close()


def exact_audio(ports, seconds):
    pairs, all_ = [], []
    for port in range(1, ports + 1):
        g, t = pair(port)
        all_ += [g, t]
        t.hook(d.OFFHOOK)
        g.wait('ringoffhook', 1)
        g.hook(d.OFFHOOK)
        t.drain()
        pairs += [(g, t)]
    states, gaps = d.talk(pairs, seconds)
    breaks = sum(s['breaks'] for s in states)
    samples = [s['samples'] for s in states]
    events = sorted(set(e for s in states for e in s['events']))
    good = sum(9 <= gap <= 11 for gap in gaps)
    rate = 80 * len(gaps[50:]) / (sum(gaps[50:]) / 1000)
    note = '%d lines, %g s: %d to %d samples a line, %d breaks, %.2f samples/s, %d of %d gaps of 10 ms within 9 to 11 ms%s' % (
        ports, seconds, min(samples), max(samples), breaks, rate, good, len(gaps), ', events %s' % events if events else '')
    assert not breaks and not events and good == len(gaps) and abs(rate - 8000) < 0.1, note
    assert min(samples) > 8000 * seconds - 2000, note
    idle(*all_)
    for c in all_:
        c.close()
    return note


def heard(source, sink, code=0x2a):
    """Does a constant code come across? The share of samples that do."""
    source.drain(), sink.drain()
    source.ioctl(d.FLUSH, 7), sink.ioctl(d.FLUSH, 7)
    got = bytearray()
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        try:
            os.write(source.fd, bytes([code]) * 80)
        except OSError:
            source.drain()
        try:
            got += os.read(sink.fd, 80)
        except OSError:
            sink.drain()
        d.settle(0.002)
    tail = got[len(got) // 2:]
    return tail.count(code) / max(1, len(tail))


def strict():
    g, t = pair(1)
    expect(heard(g, t), 0, 'heard by a telephone on-hook')
    expect(heard(t, g), 0, 'heard of a telephone on-hook')
    g.ioctl(d.ONHOOKTRANSFER, 5000)
    expect(heard(g, t), 1, 'heard by a telephone on-hook in on-hook transmission')
    expect(heard(t, g), 0, 'heard of a telephone on-hook in on-hook transmission')
    t.hook(d.OFFHOOK)
    g.wait('ringoffhook', 1)
    expect(heard(g, t), 1, 'heard by a telephone off-hook')
    expect(heard(t, g), 1, 'heard of a telephone off-hook')
    idle(g, t)
    g.hook(d.RING)
    d.settle(0.2)
    expect(heard(g, t), 0, 'heard while it rings')
    idle(g, t)
    g.close(), t.close()


def polarity_and_lamps():
    g, t = pair(2)
    plus = t.stats()[0]
    g.ioctl(d.SETPOLARITY, 1)
    t.wait('polarity', 0.1)
    minus = t.stats()[0]
    assert plus == -minus == 48000, 'the telephone sees %d and %d mV' % (plus, minus)
    g.ioctl(d.SETPOLARITY, 0)
    t.wait('polarity', 0.1)
    g.hook(d.RING)
    d.settle(0.05)
    refused('EINVAL', lambda: g.ioctl(d.SETPOLARITY, 1))
    idle(g, t)
    g.ioctl(d.VMWI_CONFIG, 4)
    g.ioctl(d.VMWI, 2)
    t.wait('lamp-on', 0.1)
    g.ioctl(d.VMWI, 0)
    t.wait('lamp-off', 0.1)
    g.ioctl(d.VMWI_CONFIG, 1)
    g.ioctl(d.VMWI, 1)
    t.wait('polarity', 0.1)
    g.ioctl(d.VMWI, 0)
    t.wait('polarity', 0.1)
    g.ioctl(d.VMWI_CONFIG, 0)
    g.close(), t.close()


def registers():
    g, t = pair(3)
    expect((g.register(64), g.register(68)), (0x11, 0), 'feed and loop idle')
    tip, ring, battery = g.stats()
    assert -4000 < tip < -2000 and -53000 < ring < -49000 and battery < -49000, 'idle %d %d %d mV' % (tip, ring, battery)
    t.hook(d.OFFHOOK)
    g.wait('ringoffhook', 1)
    tip, ring, battery = g.stats()
    assert 5000 < tip - ring < 12000, 'off-hook %d mV' % (tip - ring)
    expect((g.register(68), g.register(79)), (1, 16), 'loop and current off-hook')
    idle(g, t)
    g.hook(d.RING)
    d.settle(0.1)
    expect(g.register(64), 0x44, 'feed while ringing')
    volts = []
    for _ in range(100):
        volts.append(t.stats()[0])
        d.settle(0.001)
    assert max(volts) > 60000 and min(volts) < -60000, 'ringing %d to %d mV' % (min(volts), max(volts))
    idle(g, t)
    g.set_register(64, 3)
    tip, ring, _ = g.stats()
    assert tip == 0 and ring < -49000, 'tip open: %d %d mV' % (tip, ring)
    g.set_register(64, 1)
    refused('EINVAL', lambda: t.set_register(64, 1))
    parameter('registers', 0)
    refused('ENOTTY', g.stats)
    parameter('registers', 1)
    g.close(), t.close()


def power_alarm():
    g, t = pair(4)
    t.hook(d.OFFHOOK)
    g.wait('ringoffhook', 1)
    parameter('power', '4 1')
    d.settle(3)
    expect(g.drain(), [], 'events at the gateway')
    expect((g.register(64), g.register(68), g.stats()[:2]), (0, 0, (0, 0)), 'feed, loop, tip and ring')
    expect(heard(g, t), 0, 'heard')
    g.set_register(64, 1)
    d.settle(0.01)
    expect((g.register(64), g.register(68)), (0x11, 1), 'feed and loop once re-armed')
    expect(heard(g, t), 1, 'heard once re-armed')
    parameter('power', '4 2')
    g.set_register(64, 1)
    expect(g.register(64), 0, 'feed of a sticky fault')
    parameter('power', '4 0')
    d.settle(0.01)
    expect(g.register(64), 0x11, 'feed once healthy')
    t.hook(d.ONHOOK)
    g.wait('onhook', 2)
    idle(g, t)
    g.close(), t.close()


def cut():
    g, t = pair(1)
    parameter('cut', '1 1')
    alarm = g.wait('alarm', 1)
    parameter('cut', '1 0')
    mended = g.wait('noalarm', 1)
    other = d.Channel(2)
    parameter('cut', '0 1')
    other.wait('alarm', 1)
    parameter('cut', '0 0')
    other.wait('noalarm', 1)
    idle(g, t)
    g.close(), t.close(), other.close()
    return 'alarm after %.1f ms, mended after %.1f ms' % (alarm, mended)


def pulled():
    import select
    g, t = pair(1)
    t.hook(d.OFFHOOK)
    g.wait('ringoffhook', 1)
    d.settle(STABLE)
    epoll = select.epoll()
    epoll.register(g.fd, select.EPOLLIN | select.EPOLLPRI | select.EPOLLET)
    parameter('pull', 1)
    removed = g.wait('removed', 1)
    t.wait('onhook', 1)
    start = time.monotonic()
    while True:
        try:
            os.read(g.fd, 80)
        except OSError as e:
            if e.errno == errno.ENODEV:
                break
        g.drain()
        d.settle(0.01)
        assert time.monotonic() - start < 3, 'never ENODEV'
    gone = (time.monotonic() - start) * 1000
    refused('ENODEV', lambda: g.ioctl(d.HOOK, 0))
    while open('/sys/module/fxbench/parameters/pull').read() != 'out\n':
        d.settle(0.01)
    # The file of the pulled card is still in an epoll while a new card comes and goes.
    for _ in range(2):
        subprocess.check_call(['/payload/guest/cards.sh', 'plug'])
        fresh = d.Channel(1)
        t.drain()
        expect(heard(fresh, t), 1, 'heard over the new card')
        fresh.close()
        epoll.poll(0)
        subprocess.check_call(['/payload/guest/cards.sh', 'pull'])
    epoll.close()
    g.close()
    subprocess.check_call(['/payload/guest/cards.sh', 'plug'])
    idle(t)
    t.close()
    return 'removed after %.1f ms, ENODEV after %.0f ms' % (removed, gone)


EXP = [0, 132, 396, 924, 1980, 4092, 8316, 16764]


def linear(code):
    code = ~code & 0xff
    v = EXP[code >> 4 & 7] + ((code & 15) << (code >> 4 & 7) + 3)
    return -v if code & 0x80 else v


def ulaw(v):
    return min(range(256), key=lambda c: abs(linear(c) - v))


def echo():
    g, t = pair(1)
    t.hook(d.OFFHOOK)
    g.wait('ringoffhook', 1)
    measured = []
    for db in (0, 6, 20):
        parameter('echo_db', db)
        import random
        r = random.Random(1)
        table = {}
        noise = bytes(table.setdefault(v, ulaw(v)) for v in (int(r.gauss(0, 3000)) // 64 * 64 for _ in range(8000)))
        sent, got = 0, bytearray()
        g.drain()
        g.ioctl(d.FLUSH, 7)
        os.write(g.fd, noise[:80]), os.write(g.fd, noise[80:160])
        sent = 160
        while sent < 8000:
            try:
                got += os.read(g.fd, 80)
                os.write(g.fd, noise[sent:sent + 80])
                sent += 80
            except OSError:
                g.drain()
                d.settle(0.001)
        power = lambda codes: sum(linear(c) ** 2 for c in codes) / len(codes)
        loss = 10 * math.log10(power(noise[800:7000]) / max(1e-3, power(got[800:7000])))
        measured.append(loss)
    parameter('echo_db', 0)
    assert measured[0] > 60 and 4 < measured[1] < 8 and 18 < measured[2] < 22, '%s dB' % measured
    idle(g, t)
    g.close(), t.close()
    return 'white noise comes back %.1f and %.1f dB down at 6 and 20' % tuple(measured[1:])


def opened_loop():
    g, t = pair(1)
    notes = []
    for on_hardware in (1, 0):
        parameter('drop_opens_loop', on_hardware)
        t.hook(d.OFFHOOK)
        g.wait('ringoffhook', 1)
        g.hook(d.OFFHOOK)
        d.settle(STABLE)
        t.drain()
        g.hook(d.ONHOOK)
        t.wait('onhook', 0.2)
        d.settle(2)
        notes.append('%s' % g.drain())
        idle(g, t)
    parameter('drop_opens_loop', 1)
    g.close(), t.close()
    return 'with the telephone off-hook the gateway sees %s; with drop_opens_loop=0 %s' % tuple(notes)


claim('a call rings, is answered, is hung up', ring_and_answer)
claim('flash and pulse digits', flash_and_pulse)
claim('samples arrive once, in order, on time', lambda: exact_audio(4, 10))
if sys.argv[1] == 'card':
    claim('a line passes what a real one would', strict)
    claim('polarity and lamps', polarity_and_lamps)
    claim('registers and voltages', registers)
    claim('a port loses its feed silently, and is re-armed', power_alarm)
    claim('a line is cut and mended', cut)
    claim('battery drop', opened_loop)
    claim('echo has the loss that was asked for', echo)
    claim('a card is pulled under open channels', pulled)
    claim('samples arrive after all that', lambda: exact_audio(2, 2))
sys.exit(failed != 0)
