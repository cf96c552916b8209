/*
 * operator_gate - may this request see what is for operators? Pure.
 *
 * With DASHBOARD_PASSWORD: who has it, by the cookie of the sign-in or in Authorization. Without:
 * this machine itself (loopback peer and Host, no proxy between), and only in local mode. What
 * changes something must not come from another site: its Origin, if it has one, is our Host.
 *
 * Wrong passwords are counted by address: beyond GATE_FAILURES a minute even a right one has to
 * wait; who is signed in does not notice. Behind a proxy all share the proxy's address.
 *
 * Threads: the event-loop thread only. Limits: GATE_ADDRESSES are remembered, the oldest goes.
 */
#ifndef OPERATOR_GATE_H
#define OPERATOR_GATE_H

#include "http_message.h"

#define GATE_FAILURES 5
#define GATE_SECONDS 60
#define GATE_ADDRESSES 256

struct operator_gate {        /* all zero but the first two */
	const char *password; /* borrowed; "" or NULL: none */
	bool is_production;
	struct {
		char address[HTTP_ADDRESS_SIZE];
		int64_t since_s;
		unsigned failures;
	} tried[GATE_ADDRESSES];
};

enum gate_verdict { GATE_IN, GATE_PASSWORD, GATE_CLOSED, GATE_WAIT, GATE_CROSS_SITE };

enum gate_verdict operator_gate(
    struct operator_gate *g, const struct http_request *r, int64_t now_s) MUST_CHECK;

/* The sign-in itself: GATE_IN, GATE_PASSWORD (wrong), GATE_WAIT, GATE_CLOSED (there is none). */
enum gate_verdict operator_gate_try(struct operator_gate *g, const struct http_request *r,
    const char *given, int64_t now_s) MUST_CHECK;

bool operator_gate_is_own_site(const struct http_request *r);

#endif
