/*
 * poller - descriptors, and who is told when one is ready: epoll.
 *
 * Owns:    its own descriptor; entries are borrowed until their descriptor is closed.
 * Threads: one. Errors: the program ends.
 */
#ifndef POLLER_H
#define POLLER_H

#include <stdint.h>
#include <sys/epoll.h>

#define POLLER_EVENTS 512 /* a round */

struct poller {
	int fd;
	/* Called after every 32 events of a round; may be NULL. */
	void (*on_interval)(void *ctx);
	void *ctx;
};

struct poller_entry {
	int fd;
	void (*on_event)(struct poller_entry *e, uint32_t events);
};

void poller_open(struct poller *p);
void poller_add(const struct poller *p, struct poller_entry *e, uint32_t events);
void poller_change(const struct poller *p, struct poller_entry *e, uint32_t events);

/* One round. wait_ns < 0: for ever. */
void poller_wait(const struct poller *p, int64_t wait_ns);

#endif
