/*
 * Accepting: we do it ourselves. At the limit of descriptors the listeners rest until one is free,
 * where libwebsockets would spin.
 */
#include "ws_internal.h"

#include <errno.h>
#include <unistd.h>

#include "limit.h"
#include "listener.h"
#include "log.h"
#include "program.h"

#define ACCEPTS_PER_ROUND 64
#define REAP_SECONDS 5.0

/*
 * Not simply to the hard limit: libwebsockets sizes a table by the soft one and walks all of it for
 * each descriptor that comes or goes (an assertion of 4.1.6 that Debian's build keeps). 20,000
 * places cost 4 us a connection; the million that containers like to allow, half a millisecond.
 */
size_t
ws_raise_descriptors(size_t max)
{
	size_t now = program_set_descriptors(max + LIMIT_FD_RESERVE);

	return now > 2 * LIMIT_FD_RESERVE ? now - LIMIT_FD_RESERVE : LIMIT_FD_RESERVE;
}

static void
pause_listeners(struct ws *w)
{
	static struct log_limit limit;
	unsigned long suppressed;

	w->is_paused = true;
	metric_add(w->o.env->metrics, METRIC_ACCEPT_PAUSED, 1);
	ev_io_stop(w->loop, &w->plain.io);
	ev_io_stop(w->loop, &w->tls.io);
	if (log_allowed(&limit, &suppressed))
		log_warn("no descriptor is free: accepting pauses connections=%zu", w->sockets);
}

static void
resume_listeners(struct ws *w)
{
	if (!w->is_paused || w->sockets >= w->socket_max)
		return;
	w->is_paused = false;
	if (w->plain.fd >= 0)
		ev_io_start(w->loop, &w->plain.io);
	if (w->tls.fd >= 0)
		ev_io_start(w->loop, &w->tls.io);
}

void
ws_gone(struct ws *w)
{
	w->gone++;
	if (w->sockets > 0)
		w->sockets--;
	resume_listeners(w);
}

static void
adopt(struct ws *w, const struct ws_listener *l, int fd)
{
	lws_adoption_type kind =
	    l == &w->tls ? LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL : LWS_ADOPT_SOCKET;
	size_t gone = w->gone;

	/* it closes what it does not adopt, but says so only if it came as far as a wsi */
	if (lws_adopt_descriptor_vhost(
		l->vhost, kind, (lws_sock_file_fd_type){ .sockfd = fd }, NULL, NULL) == NULL &&
	    w->gone == gone)
		ws_gone(w);
}

static void
on_connect(struct ev_loop *loop, ev_io *io, int events)
{
	struct ws_listener *l = io->data;
	struct ws *w = ev_userdata(loop);

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
		int fd;

		if (w->sockets >= w->socket_max) {
			pause_listeners(w);
			return;
		}
		fd = listener_accept(l->fd);
		if (fd < 0) {
			/* who stays in the queue would wake us for ever: the next tick tries again
			 */
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			    errno == ENOMEM)
				pause_listeners(w);
			return;
		}
		w->sockets++;
		adopt(w, l, fd);
		if (!ev_is_active(io))
			return;
	}
}

enum err
ws_open_listener(struct ws *w, struct ws_listener *l, int port)
{
	enum err e = listener_open(w->o.host, port, &l->fd, &l->port);

	if (e != OK)
		return e;
	ev_io_init(&l->io, on_connect, l->fd, EV_READ);
	l->io.data = l;
	ev_io_start(w->loop, &l->io);
	return OK;
}

void
ws_close_listener(struct ws *w, struct ws_listener *l)
{
	ev_io_stop(w->loop, &l->io);
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}

/*
 * On each tick: what was short may be there again, though nobody of ours has gone. Who only holds
 * a descriptor makes room.
 */
void
ws_retry_accept(struct ws *w)
{
	if (w->is_paused)
		http_front_reap(&w->front, REAP_SECONDS);
	resume_listeners(w);
}
