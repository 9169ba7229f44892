// SPDX-License-Identifier: GPL-2.0
/*
 * What breaks and mends: writable parameters under /sys/module/fxbench/parameters, and /proc/fxbench that shows all.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include "fxbench.h"

static int pair(const char *text, int least, int most_state, int *port, int *state)
{
	if (sscanf(text, "%d %d", port, state) != 2 || *port < least || *port > fx_ports || *state < 0 ||
	    *state > most_state)
		return -EINVAL;
	return 0;
}

static int cut_set(const char *text, const struct kernel_param *kp)
{
	int port, on;

	if (pair(text, 0, 1, &port, &on))
		return -EINVAL;
	if (port)
		fx_port[port - 1].cut = on;
	else
		fx_span_cut = on;
	return 0;
}
static const struct kernel_param_ops cut_ops = { .set = cut_set };
module_param_cb(cut, &cut_ops, NULL, 0200);
MODULE_PARM_DESC(cut, "PORT 1: the line is cut, red alarm; PORT 0: mended; port 0: the whole card");

static int power_set(const char *text, const struct kernel_param *kp)
{
	unsigned long flags;
	int port, fault;

	if (pair(text, 1, FX_STICKY, &port, &fault))
		return -EINVAL;
	spin_lock_irqsave(&fx_lock, flags);
	fx_port[port - 1].fault = fault;
	fx_port[port - 1].dead = fault != FX_HEALTHY;
	spin_unlock_irqrestore(&fx_lock, flags);
	return 0;
}
static const struct kernel_param_ops power_ops = { .set = power_set };
module_param_cb(power, &power_ops, NULL, 0200);
MODULE_PARM_DESC(power, "PORT 1: the feed is lost until SET_REG 64; PORT 2: until PORT 0");

static int pull_set(const char *text, const struct kernel_param *kp)
{
	bool out;

	return kstrtobool(text, &out) ?: fx_pull(out);
}
static int pull_get(char *text, const struct kernel_param *kp)
{
	return sprintf(text, "%s\n", fx_pull_state());
}
static const struct kernel_param_ops pull_ops = { .set = pull_set, .get = pull_get };
module_param_cb(pull, &pull_ops, NULL, 0644);
MODULE_PARM_DESC(pull, "1: the card is pulled under its open channels; 0: plugged in again. Reads in, out or changing");

static int show(struct seq_file *out, void *unused)
{
	static const char *const feeds[] = { "open", "forward", "forward-oht", "tip-open", "ringing", "reverse",
					     "reverse-oht", "ring-open" };
	int i;

	seq_printf(out, "card=%s ticks=%lu span-cut=%d\n", fx_pull_state(), fx_ticks, fx_span_cut);
	for (i = 0; i < fx_ports; i++) {
		struct fx_port p = fx_port[i];

		seq_printf(out, "port=%d loop=%d feed=%s commanded=%s oht=%d rings=%lu trips=%lu vmwi=%u/%x cut=%d fault=%d rearms=%lu\n",
			   i + 1, p.loop, feeds[fx_feed(&p) & 7], feeds[p.feed & 7], p.oht, p.rings, p.trips,
			   p.vmwi_messages, p.vmwi_type, p.cut, p.fault, p.rearms);
	}
	return 0;
}

int fx_controls_init(void)
{
	return proc_create_single("fxbench", 0444, NULL, show) ? 0 : -ENOMEM;
}

void fx_controls_exit(void)
{
	remove_proc_entry("fxbench", NULL);
}
