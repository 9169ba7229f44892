// SPDX-License-Identifier: GPL-2.0
/*
 * Echo at the telephone: what the card sends comes back, attenuated and smeared, under the telephone's own voice.
 *
 * The response is that of a badly balanced two-wire line: a first arrival, then a decaying oscillation over 4 ms, of
 * energy one before the loss is applied. It works on linear values, through the channel's own law tables.
 */
#include "fxbench.h"

int fx_echo_db;
module_param_named(echo_db, fx_echo_db, int, 0644);
MODULE_PARM_DESC(echo_db, "loss of the echo at the telephone, 1 to 60 dB; 0: no echo (0)");

/* Q15; the sum of squares is 1. */
static const s16 response[FX_TAPS] = {
	0, 4848, 13575, 21606, -2913, -8975, -6821, -5575,
	6050, 10515, -1666, -6235, -692, -515, 360, 4209,
	532, -3794, -417, 1333, -495, 801, 1137, -1562,
	-900, 1201, 66, -442, 664, -176, -827, 468,
};

/* 10^(-dB/20) in Q15 for 0 to 5 dB; six more are a half. */
static const s32 loss[6] = { 32768, 29205, 26029, 23198, 20675, 18427 };

void fx_hybrid(struct fx_port *p, struct dahdi_chan *gateway, struct dahdi_chan *phone, u8 *up)
{
	int db = clamp(fx_echo_db, 1, 60), n, tap;
	s64 gain = loss[db % 6];
	s64 sum;

	/* 6.0206 dB is a half; the 0.2 dB that this is wrong by at 60 dB does not matter. */
	for (n = 0; n < DAHDI_CHUNKSIZE; n++) {
		memmove(p->sent + 1, p->sent, sizeof(p->sent) - sizeof(p->sent[0]));
		p->sent[0] = DAHDI_XLAW(gateway->writechunk[n], gateway);
		for (sum = 0, tap = 0; tap < FX_TAPS; tap++)
			sum += p->sent[tap] * response[tap];
		sum = ((sum >> 15) * gain >> 15) >> (db / 6);
		sum += DAHDI_XLAW(up[n], phone);
		up[n] = DAHDI_LIN2X(clamp_t(s64, sum, -32768, 32767), gateway);
	}
}
