// SPDX-License-Identifier: GPL-2.0
/*
 * The chip on each port: feed states, the ioctls of a card driver, and enough of its registers for line supervision.
 *
 * Register numbers, units (376 mV) and the driver's habits are those of wctdm24xxp with a Si3210 module: SET_REG on
 * register 64 also updates the driver's own idea of the line state, on-hook transmission follows each ring for six
 * seconds, polarity cannot change while a line rings or is open. After too many power alarms that driver leaves the port
 * alone for good: the feed is open, and nothing is reported.
 */
#include <linux/bug.h>
#include <linux/fixp-arith.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "fxbench.h"

int fx_registers = 1;
module_param_named(registers, fx_registers, int, 0644);
MODULE_PARM_DESC(registers, "0: a card without register access, GET_STATS and its like answer ENOTTY (1)");

#define OHT_AFTER_RING	6000	/* ms */
enum { REG_FEED = 64, REG_LOOP = 68, REG_LIMIT = 71, REG_ONHOOK_VOLTS = 72, REG_LOOP_VOLTS = 78, REG_LOOP_CURRENT = 79,
       REG_TIP = 80, REG_RING = 81, REG_BATTERY = 82, REG_BATTERY2 = 83, REG_FXO_VOLTS = 29 };

int fx_feed(const struct fx_port *p)
{
	return p->dead ? FEED_OPEN : p->feed;
}

static bool lamp_reversal(const struct fx_port *p)
{
	return (p->vmwi_type & DAHDI_VMWI_LREV) && p->vmwi_messages;
}

/* The feed of a line that neither rings nor is open. */
static u8 idle(const struct fx_port *p)
{
	u8 feed = p->oht > 0 && !p->loop ? FEED_FORWARD_OHT : FEED_FORWARD;

	return p->reversed != lamp_reversal(p) ? feed + FEED_REVERSED : feed;
}

static bool is_idle(u8 feed)
{
	return feed == FEED_FORWARD || feed == FEED_FORWARD_OHT || feed == FEED_REVERSE || feed == FEED_REVERSE_OHT;
}

void fx_chip_reset(struct fx_port *p)
{
	p->feed = FEED_FORWARD;
	p->direct[0] = 0x05;			/* revision, as some chip says */
	p->direct[REG_LIMIT] = 0;		/* 20 mA */
	p->direct[REG_ONHOOK_VOLTS] = 0x20;	/* 48 V */
}

void fx_chip_millisecond(struct fx_port *p)
{
	if (p->feed == FEED_RINGING) {
		p->oht = OHT_AFTER_RING;
		if (p->loop && !p->cut && !p->dead) {	/* ring trip is the chip's own doing */
			p->trips++;
			p->feed = idle(p);
		}
		return;
	}
	if (p->oht > 0)
		p->oht--;
	if (is_idle(p->feed))
		p->feed = idle(p);
}

/* Called with the channel locked: only notes what is wanted, the next millisecond notifies the other end. */
static int hooksig(struct dahdi_chan *chan, enum dahdi_txsig sig)
{
	struct fx_card *card = chan->pvt;
	struct fx_port *p = &fx_port[chan->chanpos - 1];
	unsigned long flags;

	spin_lock_irqsave(&fx_lock, flags);
	if (card->side == FX_PHONES) {
		p->loop = sig == DAHDI_TXSIG_OFFHOOK || sig == DAHDI_TXSIG_START;
	} else if (sig == DAHDI_TXSIG_START) {
		if (p->feed != FEED_RINGING)
			p->rings++;
		p->feed = FEED_RINGING;
	} else if (sig == DAHDI_TXSIG_KEWL) {
		p->feed = FEED_OPEN;
	} else {
		p->feed = idle(p);
	}
	spin_unlock_irqrestore(&fx_lock, flags);
	return 0;
}

/* Millivolts on the card's terminals. */
static void terminals(const struct fx_port *p, int *tip, int *ring, int *battery)
{
	bool closed = p->loop && !p->cut;
	int half;

	*tip = *ring = 0;
	*battery = -51000;
	switch (fx_feed(p)) {
	case FEED_OPEN:
		break;
	case FEED_TIP_OPEN:
		*ring = -51000;
		*tip = closed ? *ring : 0;	/* through the telephone */
		break;
	case FEED_RING_OPEN:
		*tip = -51000;
		*ring = closed ? *tip : 0;
		break;
	case FEED_RINGING:			/* 45 V, 20 Hz, between the two */
		half = fixp_sin32(fx_ticks % 50 * 360 / 50) / (0x7fffffff / 32000);
		*tip = -37000 + half;
		*ring = -37000 - half;
		*battery = -75000;
		break;
	default:
		*tip = -3000;
		*ring = closed ? -12000 : -51000;	/* 20 mA through a telephone and its cable */
		if (closed)
			*battery = -20000;
		if (fx_feed(p) >= FEED_REVERSE)
			swap(*tip, *ring);
	}
}

static int on_the_phone(const struct fx_port *p)
{
	int tip, ring, battery;

	if (p->cut || !fx_card[FX_GATEWAY])
		return 0;
	terminals(p, &tip, &ring, &battery);
	return tip - ring;
}

static u8 volts(int mv)
{
	return clamp(-mv / 376, 0, 255);
}

static void live_registers(struct fx_port *p)
{
	int tip, ring, battery, feed = fx_feed(p);
	bool closed = p->loop && !p->cut && feed != FEED_OPEN;

	terminals(p, &tip, &ring, &battery);
	p->direct[REG_FEED] = feed | feed << 4;		/* commanded, and what the chip does */
	p->direct[REG_LOOP] = closed;
	p->direct[REG_LOOP_VOLTS] = min(abs(tip - ring) / 1500, 63) | (tip < ring ? 0x40 : 0);
	p->direct[REG_LOOP_CURRENT] = closed ? 20000 / 1250 | (tip < ring ? 0x40 : 0) : 0;
	p->direct[REG_TIP] = volts(tip);
	p->direct[REG_RING] = volts(ring);
	p->direct[REG_BATTERY] = p->direct[REG_BATTERY2] = volts(battery);
}

static int get_stats(const struct fx_card *card, struct fx_port *p, void __user *to)
{
	struct wctdm_stats stats;
	unsigned long flags;

	spin_lock_irqsave(&fx_lock, flags);
	if (card->side == FX_PHONES) {
		stats.tipvolt = stats.ringvolt = stats.batvolt = on_the_phone(p) / 1000 * 1000;
	} else {
		live_registers(p);
		stats.tipvolt = p->direct[REG_TIP] * -376;
		stats.ringvolt = p->direct[REG_RING] * -376;
		stats.batvolt = p->direct[REG_BATTERY] * -376;
	}
	spin_unlock_irqrestore(&fx_lock, flags);
	return copy_to_user(to, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static int get_regs(const struct fx_card *card, struct fx_port *p, void __user *to)
{
	struct wctdm_regs *regs = kzalloc(sizeof(*regs), GFP_KERNEL);
	unsigned long flags;
	int result;

	if (!regs)
		return -ENOMEM;
	spin_lock_irqsave(&fx_lock, flags);
	if (card->side == FX_PHONES) {
		regs->direct[REG_FXO_VOLTS] = on_the_phone(p) / 1000;
	} else {
		live_registers(p);
		memcpy(regs->direct, p->direct, sizeof(regs->direct));
		memcpy(regs->indirect, p->indirect, sizeof(regs->indirect));
	}
	spin_unlock_irqrestore(&fx_lock, flags);
	result = copy_to_user(to, regs, sizeof(*regs)) ? -EFAULT : 0;
	kfree(regs);
	return result;
}

static int set_reg(const struct fx_card *card, struct fx_port *p, const void __user *from)
{
	struct wctdm_regop op;
	unsigned long flags;

	if (copy_from_user(&op, from, sizeof(op)))
		return -EFAULT;
	if (card->side == FX_PHONES || op.reg >= (op.indirect ? NUM_INDIRECT_REGS : NUM_REGS))
		return -EINVAL;
	spin_lock_irqsave(&fx_lock, flags);
	if (op.indirect) {
		p->indirect[op.reg] = op.val;
	} else if (op.reg == REG_FEED) {
		p->feed = op.val & 7;
		p->rearms += p->dead;
		if (p->fault != FX_STICKY) {
			p->fault = FX_HEALTHY;
			p->dead = false;
		}
	} else {
		p->direct[op.reg] = op.val;
	}
	spin_unlock_irqrestore(&fx_lock, flags);
	return 0;
}

static int set_line(struct fx_port *p, unsigned int cmd, int value)
{
	unsigned long flags;
	int result = 0;

	spin_lock_irqsave(&fx_lock, flags);
	switch (cmd) {
	case DAHDI_ONHOOKTRANSFER:
		p->oht = value;
		break;
	case DAHDI_SETPOLARITY:
		if (p->feed == FEED_RINGING || p->feed == FEED_OPEN)
			result = -EINVAL;
		else
			p->reversed = value;
		break;
	case DAHDI_VMWI:
		if (value < 0)
			result = -EFAULT;
		else
			p->vmwi_messages = value;
		break;
	}
	if (is_idle(p->feed))
		p->feed = idle(p);
	spin_unlock_irqrestore(&fx_lock, flags);
	return result;
}

static int answer(struct dahdi_chan *chan, unsigned int cmd, unsigned long data)
{
	struct fx_card *card = chan->pvt;
	struct fx_port *p = &fx_port[chan->chanpos - 1];
	void __user *user = (void __user *)data;
	struct dahdi_vmwi_info vmwi;
	int value;

	switch (cmd) {
	case WCTDM_GET_STATS:
		return fx_registers ? get_stats(card, p, user) : -ENOTTY;
	case WCTDM_GET_REGS:
		return fx_registers ? get_regs(card, p, user) : -ENOTTY;
	case WCTDM_SET_REG:
		return fx_registers ? set_reg(card, p, user) : -ENOTTY;
	case DAHDI_TONEDETECT:
		return -ENOSYS;
	case DAHDI_VMWI_CONFIG:
		if (card->side == FX_PHONES)
			return -EINVAL;
		if (copy_from_user(&vmwi, user, sizeof(vmwi)))
			return -EFAULT;
		p->vmwi_type = vmwi.vmwi_type;
		return 0;
	case DAHDI_ONHOOKTRANSFER:
	case DAHDI_SETPOLARITY:
	case DAHDI_VMWI:
		if (card->side == FX_PHONES)
			return -EINVAL;
		if (get_user(value, (int __user *)user))
			return -EFAULT;
		return set_line(p, cmd, value);
	default:
		return -ENOTTY;
	}
}

const struct dahdi_span_ops fx_span_ops = {
	.owner = THIS_MODULE,
	.hooksig = hooksig,
	.ioctl = answer,
};
