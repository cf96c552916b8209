/*
 * refusals - which users were turned away at the datagram socket. Pure.
 *
 * Threads: the event-loop thread only. Times: monotonic milliseconds.
 * Limits:  REFUSALS_MAX users; of further ones only the sum is kept (uid -1).
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFUSALS_MAX 16
#define REFUSALS_ANSWER_MS 1000

struct refusal {
	int64_t uid;
	uint64_t count;
	int64_t answered_ms;
};

struct refusals { /* all zero: none */
	struct refusal list[REFUSALS_MAX + 1];
	size_t count;
};

struct refusal_advice {
	bool is_first;  /* say it in the log */
	bool is_answer; /* tell the sender: at most once in REFUSALS_ANSWER_MS */
};

struct refusal_advice refusals_note(struct refusals *r, int64_t uid, int64_t now_ms);

#endif
