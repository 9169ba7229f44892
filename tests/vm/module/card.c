// SPDX-License-Identifier: GPL-2.0
/*
 * The two DAHDI devices and the clock.
 *
 * An hrtimer ticks every millisecond and makes up for late ticks one after the other, so that no sample is ever lost to
 * a late interrupt. Pulling the gateway's card stops its ticks first, as hardware that is gone would, and then
 * unregisters it under its open channels, from a worker as a hot-unplug does. DAHDI hands the open files to operations
 * that answer ENODEV, but an epoll of some process may hang on a channel's wait queue until that file is closed: a
 * pulled card's memory is therefore never freed, and plugging makes a new card.
 */
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/workqueue.h>
#include "fxbench.h"

struct fx_card *fx_card[2];
int fx_ports = 24;
unsigned long fx_ticks;
static char *law = "mulaw";
module_param_named(ports, fx_ports, int, 0444);
MODULE_PARM_DESC(ports, "lines between the two cards (24)");
module_param(law, charp, 0444);
MODULE_PARM_DESC(law, "mulaw or alaw");

static struct hrtimer clock;
static bool want_out;
static void change_slot(struct work_struct *work);
static DECLARE_WORK(slot_work, change_slot);

static enum hrtimer_restart on_clock(struct hrtimer *timer)
{
	fx_ticks++;
	fx_millisecond();
	hrtimer_forward(timer, hrtimer_get_expires(timer), ms_to_ktime(1));	/* from when it was due, not from now */
	return HRTIMER_RESTART;
}

static void free_card(struct fx_card *card)
{
	int i;

	if (!card)
		return;
	for (i = 0; i < fx_ports; i++)
		kfree(card->chans[i]);
	if (card->device)
		dahdi_free_device(card->device);
	kfree(card);
}

static struct fx_card *new_card(enum fx_side side)
{
	struct fx_card *card = kzalloc(sizeof(*card), GFP_KERNEL);
	struct dahdi_span *span;
	int i;

	if (!card)
		return NULL;
	card->side = side;
	card->device = dahdi_create_device();
	if (!card->device)
		goto no_memory;
	card->device->manufacturer = "Tipring tests";
	card->device->devicetype = side == FX_PHONES ? "FXBENCH telephones" : "FXBENCH FXS card";
	card->device->hardware_id = side == FX_PHONES ? "fxbench:phones" : "fxbench:card";
	card->device->location = side == FX_PHONES ? "bench, far end" : "bench, slot 1";
	dev_set_name(&card->device->dev, "fxbench:%d", side);
	span = &card->span;
	snprintf(span->name, sizeof(span->name), "FXBENCH/%d", side);
	snprintf(span->desc, sizeof(span->desc), side == FX_PHONES ? "Simulated telephones" : "Simulated FXS card");
	span->spantype = side == FX_PHONES ? SPANTYPE_ANALOG_FXO : SPANTYPE_ANALOG_FXS;
	span->deflaw = strcmp(law, "alaw") ? DAHDI_LAW_MULAW : DAHDI_LAW_ALAW;
	span->flags = DAHDI_FLAG_RBS;
	span->ops = &fx_span_ops;
	span->chans = card->chans;
	span->channels = fx_ports;
	for (i = 0; i < fx_ports; i++) {
		struct dahdi_chan *chan = kzalloc(sizeof(*chan), GFP_KERNEL);

		if (!chan)
			goto no_memory;
		card->chans[i] = chan;
		snprintf(chan->name, sizeof(chan->name), "FXBENCH/%d/%d", side, i);
		chan->sigcap = side == FX_PHONES ? DAHDI_SIG_FXSKS | DAHDI_SIG_FXSLS : DAHDI_SIG_FXOKS | DAHDI_SIG_FXOLS;
		chan->chanpos = i + 1;
		chan->pvt = card;
	}
	list_add_tail(&span->device_node, &card->device->spans);
	return card;
no_memory:
	free_card(card);
	return NULL;
}

static int plug(enum fx_side side)
{
	struct fx_card *card = new_card(side);
	int result;

	if (!card)
		return -ENOMEM;
	result = dahdi_register_device(card->device, NULL);
	if (result) {
		free_card(card);
		return result;
	}
	fx_card[side] = card;
	return 0;
}

static void change_slot(struct work_struct *work)
{
	struct fx_card *card = fx_card[FX_GATEWAY];
	int i;

	if (want_out == !card)
		return;
	hrtimer_cancel(&clock);		/* it keeps when it was due, and makes up for the pause */
	if (want_out)
		fx_card[FX_GATEWAY] = NULL;
	else
		for (i = 0; i < fx_ports; i++)
			fx_port_power_up(&fx_port[i]);
	if (!want_out && plug(FX_GATEWAY))
		pr_err("fxbench: the card could not be registered again\n");
	hrtimer_restart(&clock);
	if (want_out) {
		dahdi_unregister_device(card->device);
		dahdi_free_device(card->device);	/* the channels stay, see above */
	}
}

int fx_pull(bool out)
{
	want_out = out;
	schedule_work(&slot_work);
	return 0;
}

const char *fx_pull_state(void)
{
	return work_busy(&slot_work) ? "changing" : fx_card[FX_GATEWAY] ? "in" : "out";
}

static int __init fx_init(void)
{
	int i, result;

	if (fx_ports < 1 || fx_ports > FX_MAX_PORTS) {
		pr_err("fxbench: ports=%d: 1 to %d are possible\n", fx_ports, FX_MAX_PORTS);
		return -EINVAL;
	}
	for (i = 0; i < fx_ports; i++)
		fx_port_power_up(&fx_port[i]);
	result = plug(FX_GATEWAY);
	if (result)
		return result;
	result = plug(FX_PHONES);
	if (!result)
		result = fx_controls_init();
	if (result)
		goto failed;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(&clock, on_clock, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#else
	hrtimer_init(&clock, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	clock.function = on_clock;
#endif
	hrtimer_start(&clock, ms_to_ktime(1), HRTIMER_MODE_REL);
	return 0;
failed:
	for (i = 0; i < 2; i++) {
		if (fx_card[i])
			dahdi_unregister_device(fx_card[i]->device);
		free_card(fx_card[i]);
	}
	return result;
}

static void __exit fx_exit(void)
{
	int i;

	fx_controls_exit();
	flush_work(&slot_work);
	hrtimer_cancel(&clock);
	for (i = 0; i < 2; i++) {
		if (fx_card[i])
			dahdi_unregister_device(fx_card[i]->device);
		free_card(fx_card[i]);
	}
}

module_init(fx_init);
module_exit(fx_exit);
MODULE_DESCRIPTION("Back-to-back FXS card and telephones for tests");
MODULE_LICENSE("GPL v2");
