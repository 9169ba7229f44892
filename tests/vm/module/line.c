// SPDX-License-Identifier: GPL-2.0
/*
 * One millisecond of every line: eight samples each way, and each end gets notice of what the other did.
 *
 * In strict mode (the default) a line passes only what a real one would: nothing without feed or while it rings, the
 * telephone's voice only off-hook, the card's towards a telephone on-hook only in on-hook transmission.
 */
#include "fxbench.h"

struct fx_port fx_port[FX_MAX_PORTS];
DEFINE_SPINLOCK(fx_lock);
bool fx_span_cut;
static bool reported_span_cut;
int fx_strict = 1;
module_param_named(strict, fx_strict, int, 0644);
MODULE_PARM_DESC(strict, "1: audio only where a real line passes it (1)");
int fx_drop_opens_loop = 1;
module_param_named(drop_opens_loop, fx_drop_opens_loop, int, 0644);
MODULE_PARM_DESC(drop_opens_loop, "1: a battery drop is seen as an open loop by the card's detector, as on hardware (1)");

void fx_port_power_up(struct fx_port *p)
{
	bool loop = p->loop, cut = p->cut;

	memset(p, 0, sizeof(*p));
	p->loop = loop;		/* the telephone and the copper do not depend on the card's power */
	p->cut = cut;
	p->reported_loop = p->reported_feed = p->reported_reversed = p->reported_lamp = p->reported_cut = -1;
	fx_chip_reset(p);
}

/* What the telephone sees on its wires: 0 nothing, 1 battery, 2 ringing. */
static int battery(const struct fx_port *p)
{
	int feed = fx_card[FX_GATEWAY] && !p->cut ? fx_feed(p) : FEED_OPEN;

	switch (feed) {
	case FEED_OPEN:
	case FEED_TIP_OPEN:
	case FEED_RING_OPEN:
		return 0;
	case FEED_RINGING:
		return 2;
	default:
		return 1;
	}
}

static bool loop_seen(const struct fx_port *p)
{
	if (!p->loop || p->cut)
		return false;
	return !fx_drop_opens_loop || battery(p);
}

static void report_changes(int i, struct dahdi_chan *gateway, struct dahdi_chan *phone)
{
	static const enum dahdi_rxsig seen[] = { DAHDI_RXSIG_ONHOOK, DAHDI_RXSIG_OFFHOOK, DAHDI_RXSIG_RING };
	struct fx_port *p = &fx_port[i];
	int loop, feed, reversed, lamp, lost;
	unsigned long flags;
	bool new_loop, new_feed, new_reversed, new_lamp, new_cut;

	spin_lock_irqsave(&fx_lock, flags);
	feed = battery(p);
	reversed = feed == 1 && fx_feed(p) >= FEED_REVERSE;
	/* A port that lost its feed reports nothing to its driver any more. */
	loop = p->dead && p->reported_loop >= 0 ? p->reported_loop : loop_seen(p);
	lamp = p->vmwi_messages && (p->vmwi_type & (DAHDI_VMWI_HVDC | DAHDI_VMWI_HVAC)) && feed;
	lost = p->cut || fx_span_cut;
	new_feed = feed != p->reported_feed;
	new_reversed = feed == 1 && reversed != p->reported_reversed;
	new_lamp = lamp != p->reported_lamp && (lamp || p->reported_lamp > 0);
	p->reported_feed = feed;
	if (feed == 1) {
		if (p->reported_reversed < 0)
			new_reversed = false;
		p->reported_reversed = reversed;
	}
	p->reported_lamp = lamp;
	new_loop = gateway && loop != p->reported_loop;
	new_cut = gateway && lost != p->reported_cut && (lost || p->reported_cut > 0);
	if (gateway) {
		p->reported_loop = loop;
		p->reported_cut = lost;
	}
	spin_unlock_irqrestore(&fx_lock, flags);

	if (new_loop)
		dahdi_hooksig(gateway, loop ? DAHDI_RXSIG_OFFHOOK : DAHDI_RXSIG_ONHOOK);
	if (new_cut)
		dahdi_alarm_channel(gateway, lost ? DAHDI_ALARM_RED : 0);
	if (new_feed)
		dahdi_hooksig(phone, seen[feed]);
	if (new_reversed)
		dahdi_qevent_lock(phone, DAHDI_EVENT_POLARITY);
	if (new_lamp)
		dahdi_qevent_lock(phone, lamp ? DAHDI_EVENT_NEONMWI_ACTIVE : DAHDI_EVENT_NEONMWI_INACTIVE);
}

static void carry(struct fx_port *p, struct dahdi_chan *gateway, struct dahdi_chan *phone)
{
	u8 silence = DAHDI_LIN2X(0, phone);
	bool up = false, down = false;
	u8 voice[DAHDI_CHUNKSIZE];
	unsigned long flags;
	int feed;

	spin_lock_irqsave(&fx_lock, flags);
	if (gateway && !p->cut && !fx_span_cut && !p->dead) {
		feed = fx_feed(p);
		up = battery(p) == 1 && p->loop;
		down = up || (battery(p) == 1 && (feed == FEED_FORWARD_OHT || feed == FEED_REVERSE_OHT));
		if (!fx_strict)
			up = down = true;
	}
	spin_unlock_irqrestore(&fx_lock, flags);

	memcpy(voice, phone->writechunk, DAHDI_CHUNKSIZE);
	if (gateway && fx_echo_db > 0)
		fx_hybrid(p, gateway, phone, voice);
	if (gateway) {
		if (up)
			memcpy(gateway->readchunk, voice, DAHDI_CHUNKSIZE);
		else
			memset(gateway->readchunk, silence, DAHDI_CHUNKSIZE);
	}
	if (down)
		memcpy(phone->readchunk, gateway->writechunk, DAHDI_CHUNKSIZE);
	else
		memset(phone->readchunk, silence, DAHDI_CHUNKSIZE);
}

void fx_millisecond(void)
{
	struct fx_card *card = fx_card[FX_GATEWAY], *phones = fx_card[FX_PHONES];
	unsigned long flags;
	bool cut;
	int i;

	if (card)
		dahdi_transmit(&card->span);
	dahdi_transmit(&phones->span);
	for (i = 0; i < fx_ports; i++) {
		struct dahdi_chan *gateway = card ? card->chans[i] : NULL;

		spin_lock_irqsave(&fx_lock, flags);
		fx_chip_millisecond(&fx_port[i]);
		spin_unlock_irqrestore(&fx_lock, flags);
		carry(&fx_port[i], gateway, phones->chans[i]);
		report_changes(i, gateway, phones->chans[i]);
	}
	cut = fx_span_cut;
	if (card && cut != reported_span_cut) {
		reported_span_cut = cut;
		card->span.alarms = cut ? DAHDI_ALARM_RED : 0;
		dahdi_alarm_notify(&card->span);
	}
	if (card)
		dahdi_ec_span(&card->span);
	dahdi_ec_span(&phones->span);
	dahdi_receive(&phones->span);
	if (card)
		dahdi_receive(&card->span);
}
