/*
 * quotas - the limits that count for one caller, by the settings. What is used of them: quota.h.
 *
 * Unset limits do not count at home: in local mode, for a loopback peer that no proxy speaks for.
 *
 * Threads: any.
 */
#ifndef QUOTAS_H
#define QUOTAS_H

#include "config.h"

struct quotas {                        /* 0: no limit */
	long requests, reads;          /* a minute */
	long replies, replies_address; /* at once: chats in which one runs or waits */
	long tokens, tokens_address;   /* a day */
	long tokens_site;
};
void quotas_of(const struct config *c, bool is_at_home, struct quotas *out);

#endif
