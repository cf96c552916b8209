#include "poller.h"

#include <errno.h>
#include <time.h>

#include "fail.h"

#define INTERVAL 32

static void
control(const struct poller *p, int op, struct poller_entry *e, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = e };

	if (epoll_ctl(p->fd, op, e->fd, &ev) != 0)
		fail_errno("epoll_ctl");
}

void
poller_open(struct poller *p)
{
	*p = (struct poller){ .fd = epoll_create1(EPOLL_CLOEXEC) };
	if (p->fd < 0)
		fail_errno("epoll_create1");
}

void
poller_add(const struct poller *p, struct poller_entry *e, uint32_t events)
{
	control(p, EPOLL_CTL_ADD, e, events);
}

void
poller_change(const struct poller *p, struct poller_entry *e, uint32_t events)
{
	control(p, EPOLL_CTL_MOD, e, events);
}

void
poller_wait(const struct poller *p, int64_t wait_ns)
{
	struct epoll_event ready[POLLER_EVENTS];
	struct timespec wait = { .tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000 };
	int n = epoll_pwait2(p->fd, ready, POLLER_EVENTS, wait_ns < 0 ? NULL : &wait, NULL);

	if (n < 0 && errno != EINTR)
		fail_errno("epoll_pwait2");
	for (int i = 0; i < n; i++) {
		struct poller_entry *e = ready[i].data.ptr;

		e->on_event(e, ready[i].events);
		if (p->on_interval != NULL && i % INTERVAL == INTERVAL - 1)
			p->on_interval(p->ctx);
	}
}
