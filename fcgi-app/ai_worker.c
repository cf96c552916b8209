/*
 * The worker's round: poll (provider, wake socket, push server's answers, stop), then, when
 * something is to be written, a tick (worker_round.c), then a round of the publisher.
 */
#include "ai_worker_priv.h"

#include <stdio.h>
#include <sys/eventfd.h>

#include "clock.h"
#include "killpoint.h"
#include "log.h"
#include "reply_stream.h"
#include "wake.h"

enum { FD_WAKE, FD_STOP, FD_PUSH, FD_COUNT };

/* --- the loop --- */

static void
drop_finished(struct ai_worker *w)
{
	size_t kept = 0;
	bool freed = false;

	for (size_t i = 0; i < w->count; i++) {
		struct reply *r = w->replies[i];

		if (r->is_lost || (r->tick.is_over && r->push_seq == 0)) {
			reply_free(r);
			freed = true;
		} else {
			w->replies[kept++] = r;
		}
	}
	w->count = kept;
	/* Its chat, or its place among the running ones, may be what another job waits for. */
	if (freed)
		w->next_look_ms = w->next_tick_ms;
}

static void
publish(struct ai_worker *w)
{
	const char *note = ai_breaker_is_open(&w->breaker)
			       ? "the provider fails: replies wait, one at a time tries it"
			       : ai_client_note(w->client);

	if (publisher_run(w->publisher, w->reader, w->replies, w->count, clock_mono_ms()) != OK)
		log_warn("publishing failed, again soon");
	killpoint("after-publish");
	if (push_link_changed(w->link) || strcmp(w->status.note, note != NULL ? note : "") != 0) {
		push_link_status(w->link, &w->status);
		(void)snprintf(
		    w->status.note, sizeof w->status.note, "%s", note != NULL ? note : "");
		w->status_is_new = true;
	}
	drop_finished(w);
}

static int
poll_timeout(struct ai_worker *w, int64_t now_ms)
{
	int64_t due = worker_round_due_ms(w, now_ms, clock_wall_ms());
	int64_t push = publisher_next_ms(w->publisher);

	if (push < due)
		due = push;
	if (w->stop_at_ms > 0 && w->stop_at_ms < due)
		due = w->stop_at_ms;
	return due <= now_ms                   ? 0
	       : due - now_ms > WORKER_LOOK_MS ? WORKER_LOOK_MS
					       : (int)(due - now_ms);
}

static void
poll_once(struct ai_worker *w)
{
	int fds[FD_COUNT] = { w->wake_fd, w->stop_fd, push_link_fd(w->link) };
	size_t n = fds[FD_PUSH] >= 0 ? FD_COUNT : FD_PUSH;
	unsigned ready = 0;

	if (ai_client_poll(w->client, poll_timeout(w, clock_mono_ms()), fds, n, &ready) != OK)
		return;
	if (ready & 1U << FD_WAKE) {
		w->next_look_ms = w->next_tick_ms;
		if (wake_read(w->wake_fd) == WAKE_ANY)
			w->next_check_ms = 0;
	}
	if (ready & 1U << FD_PUSH)
		push_link_read(w->link);
	for (size_t i = 0; i < w->count; i++)
		reply_stream_check(w->replies[i], w->client);
	if (titles_save(w->titles, w->o.writer))
		w->next_look_ms = 0; /* readers are told */
}

/* Who comes back soon (--drain alone, by cron) does not wait for a push server that is away. */
static bool
has_events_to_send(const struct ai_worker *w)
{
	return publisher_next_ms(w->publisher) != INT64_MAX &&
	       (w->o.drain_ms > 0 || push_link_is_well(w->link));
}

/* True when the worker is to leave now. */
static bool
is_time_to_leave(struct ai_worker *w, int64_t now_ms)
{
	int stop = atomic_load(&w->stop);

	if (stop > 0) {
		if (w->stop_at_ms == 0)
			w->stop_at_ms = now_ms + w->o.stop_grace_ms;
		return stop > 1 || w->count == 0 || now_ms >= w->stop_at_ms;
	}
	if (w->count > 0 || titles_are_coming(w->titles) || has_events_to_send(w))
		w->idle_since_ms = now_ms;
	return w->o.drain && now_ms - w->idle_since_ms > w->o.drain_ms &&
	       !worker_round_has_work(w, INT64_MAX - 1);
}

void
ai_worker_run(struct ai_worker *w)
{
	w->idle_since_ms = clock_mono_ms();
	w->wall_offset_ms = clock_wall_ms() - clock_mono_ms();
	w->clock_is_back = true; /* perhaps, since somebody last looked */
	w->any_lease = true;     /* we hold the lock: whoever had them is gone */
	log_info("worker runs owner=%s", w->owner);
	while (!is_time_to_leave(w, clock_mono_ms())) {
		int64_t now_ms;

		poll_once(w);
		now_ms = clock_mono_ms();
		if (worker_round_due_ms(w, now_ms, clock_wall_ms()) <= now_ms) {
			worker_round(w, false);
			publish(w);
		} else if (publisher_next_ms(w->publisher) <= now_ms) {
			publish(w);
		}
	}
	worker_round(w, true); /* text so far is saved, unfinished jobs go back to the queue */
	publish(w);
	push_link_flush(w->link); /* what has not arrived by then is the next worker's to send */
	do
		worker_round(w, true);
	while (w->tick_error == OK && worker_round_has_arrivals(w));
	log_info("worker leaves");
}

void
ai_worker_stop(struct ai_worker *w, bool at_once)
{
	uint64_t one = 1;

	atomic_store(&w->stop, at_once ? 2 : 1);
	if (write(w->stop_fd, &one, sizeof one) < 0)
		return; /* it is set already */
}

/* --- start and end --- */

static enum err
open_client(struct ai_worker *w)
{
	const struct config *c = w->o.config;
	struct ai_client_options options = {
		.provider = c->ai_provider,
		.base_url = c->ai_base_url,
		.ca_file = *c->ai_ca_file != '\0' ? c->ai_ca_file : NULL,
		.api_version = c->ai_api_version,
		.key = c->is_demo ? "demo" : c->ai_api_key,
		.model = c->ai_model,
		.fallback_model = c->ai_fallback_model,
	};

	w->client = ai_client_new(&options);
	return w->client != NULL ? OK : ERR_IO;
}

enum err
ai_worker_new(struct ai_worker **out, const struct ai_worker_options *o)
{
	struct ai_worker *w = xcalloc(1, sizeof *w);
	char id[ID_SIZE];
	enum err e;

	w->o = *o;
	w->wake_fd = -1;
	w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	id_random(id);
	(void)snprintf(w->owner, sizeof w->owner, "%d-%s", (int)getpid(), id);
	if ((e = store_open(&w->reader, o->config->db_path, STORE_READ)) == OK &&
	    (e = open_client(w)) == OK && (e = push_link_open(&w->link, o->config)) == OK &&
	    (e = wake_listen(o->config->worker_socket, &w->wake_fd)) == OK) {
		w->titles = titles_new(o->config, w->client);
		w->publisher = publisher_new(w->link, o->config);
		*out = w;
		return OK;
	}
	ai_worker_free(w);
	return e;
}

void
ai_worker_free(struct ai_worker *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		reply_free(w->replies[i]);
	free(w->replies);
	publisher_free(w->publisher);
	push_link_close(w->link);
	titles_free(w->titles);
	ai_client_free(w->client);
	store_close(w->reader);
	close_fd(&w->wake_fd);
	close_fd(&w->stop_fd);
	free(w);
}
