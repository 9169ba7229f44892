/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fxbench: an FXS card and the telephones on it, back to back, for tests without hardware.
 *
 * Span "FXBENCH/0" has FXS ports (a gateway configures them fxoks or fxols), span "FXBENCH/1" the telephones (fxsks or
 * fxsls). Port n of one is wired to port n of the other. See README.md for what it can do and break.
 *
 * card.c      the two DAHDI devices, the clock, pulling and plugging
 * line.c      one millisecond: audio across, each end gets notice of the other
 * slic.c      the chip on each port: feed states, ioctls, registers, voltages, power alarms
 * hybrid.c    echo at the telephone
 * controls.c  module parameters, /proc/fxbench
 *
 * fx_lock guards struct fx_port. It is locked inside a channel's lock (DAHDI calls us with it held) and therefore never
 * around a call into DAHDI.
 */
#ifndef FXBENCH_H
#define FXBENCH_H

#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <dahdi/kernel.h>
#include <dahdi/wctdm_user.h>

#define FX_MAX_PORTS	96
#define FX_TAPS		32

enum fx_side { FX_GATEWAY, FX_PHONES };

/* Linefeed states, register 64 of the chip. */
enum {
	FEED_OPEN = 0, FEED_FORWARD = 1, FEED_FORWARD_OHT = 2, FEED_TIP_OPEN = 3,
	FEED_RINGING = 4, FEED_REVERSE = 5, FEED_REVERSE_OHT = 6, FEED_RING_OPEN = 7,
	FEED_REVERSED = 4,	/* added to forward */
};

enum fx_fault { FX_HEALTHY, FX_TRIPPED, FX_STICKY };

struct fx_port {
	/* the telephone */
	bool loop;			/* off-hook */
	/* the copper */
	bool cut;
	/* the chip on the card */
	u8 feed;			/* as last commanded */
	bool reversed;			/* SETPOLARITY */
	int oht;			/* ms of on-hook transmission left */
	enum fx_fault fault;
	bool dead;			/* after power alarms: the feed is gone, whatever was commanded */
	u32 vmwi_type, vmwi_messages;
	u8 direct[NUM_REGS];
	u16 indirect[NUM_INDIRECT_REGS];
	/* counted */
	unsigned long rings, trips, rearms;
	/* what was last reported to each end; -1: nothing yet */
	int reported_loop, reported_feed, reported_reversed, reported_lamp, reported_cut;
	/* what the gateway sent, newest first, linear */
	s16 sent[FX_TAPS];
};

struct fx_card {
	enum fx_side side;
	struct dahdi_device *device;
	struct dahdi_span span;
	struct dahdi_chan *chans[FX_MAX_PORTS];
};

/* card.c */
extern struct fx_card *fx_card[2];	/* fx_card[FX_GATEWAY] is NULL while it is pulled */
extern int fx_ports;
extern unsigned long fx_ticks;
int fx_pull(bool out);			/* asks; the work is done by a worker */
const char *fx_pull_state(void);

/* line.c */
extern struct fx_port fx_port[FX_MAX_PORTS];
extern spinlock_t fx_lock;
extern bool fx_span_cut;
extern int fx_strict, fx_drop_opens_loop;
void fx_port_power_up(struct fx_port *p);
void fx_millisecond(void);

/* slic.c */
extern const struct dahdi_span_ops fx_span_ops;
extern int fx_registers;
int fx_feed(const struct fx_port *p);	/* what is really on the wires */
void fx_chip_millisecond(struct fx_port *p);
void fx_chip_reset(struct fx_port *p);

/* hybrid.c */
extern int fx_echo_db;
void fx_hybrid(struct fx_port *p, struct dahdi_chan *gateway, struct dahdi_chan *phone, u8 *up);

/* controls.c */
int fx_controls_init(void);
void fx_controls_exit(void);

#endif
