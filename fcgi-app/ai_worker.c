/*
 * The worker's round: poll (provider, wake socket, push server's answers, stop), then, when
 * something is to be written, a tick, then a round of the publisher.
 *
 * When is a tick due? At once for the first text of a reply and for its end, so that both are seen
 * without delay (but not more often than URGENT_MS: a thousand replies may start together);
 * LIMIT_TICK_MS after the last one for all other text; LIMIT_HEARTBEAT_MS for leases.
 */
#include "ai_worker.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "ai_context.h"
#include "clock.h"
#include "killpoint.h"
#include "log.h"
#include "publisher.h"
#include "utf8.h"
#include "worker_tick.h"

#define URGENT_MS 4
#define LOOK_MS 250 /* for jobs whose wake-up was lost, and jobs that wait for their time */
#define DRAIN_MS 15000
#define DB_RETRY_MS 200 /* the database was busy or full */

enum { FD_WAKE, FD_STOP, FD_PUSH, FD_COUNT };

struct ai_worker {
	struct ai_worker_options o;
	struct store *reader;
	struct ai_client *client;
	struct publisher *publisher;
	int wake_fd, stop_fd;
	atomic_int stop; /* 0, 1 with grace, 2 at once */
	char owner[64];
	struct reply **replies;
	size_t count, cap;
	struct worker_status status;
	bool status_is_new, urgent, any_lease;
	/* monotonic */
	int64_t last_tick_ms, next_look_ms, stop_at_ms, idle_since_ms, retry_ms;
};

/* --- text from the provider --- */

static void
on_text(void *arg, const char *text, size_t n)
{
	struct reply *r = arg;
	size_t room = LIMIT_REPLY_BYTES - r->text.len;

	if (n > room) {
		n = utf8_cut(text, n, room);
		r->is_cut = true;
	}
	if (buf_add(&r->text, text, n) != OK)
		r->is_cut = true;
}

static void
on_end(void *arg, const struct ai_outcome *outcome)
{
	struct reply *r = arg;

	r->outcome = *outcome;
	r->has_ended = true;
	r->transfer = NULL;
}

static const struct ai_sink sink = { .on_text = on_text, .on_end = on_end };

/* A reply that is longer than we keep ends here, as the model's own limit would end it. */
static void
end_cut_reply(struct ai_worker *w, struct reply *r)
{
	ai_client_cancel(w->client, r->transfer);
	r->transfer = NULL;
	r->outcome.ok = true;
	r->outcome.finish = AI_FINISH_LENGTH;
	r->has_ended = true;
}

/* --- starting a reply --- */

struct history {
	struct ai_turn turns[LIMIT_CONTEXT_TURNS];
	size_t count;
};

/* Newest first. Our own sentences about failures are no part of the conversation. */
static bool
add_turn(void *arg, const struct message *m)
{
	struct history *h = arg;

	if (m->is_notice || m->content_len == 0)
		return true;
	h->turns[h->count++] = (struct ai_turn){
		.role = m->role == ROLE_USER ? AI_ROLE_USER : AI_ROLE_MODEL,
		.text = xstrndup(m->content, m->content_len),
		.len = m->content_len,
	};
	return h->count < LIMIT_CONTEXT_TURNS;
}

static void
turn_round(struct history *h)
{
	for (size_t i = 0; i < h->count / 2; i++) {
		struct ai_turn t = h->turns[i];

		h->turns[i] = h->turns[h->count - 1 - i];
		h->turns[h->count - 1 - i] = t;
	}
}

/* The owner's persona first, then what the client asked for. */
static char *
system_text(const struct ai_worker *w, const struct reply *r)
{
	const char *persona =
	    r->system_prompt != NULL ? r->system_prompt : w->o.config->ai_system_prompt;
	const char *client = r->client_system != NULL ? r->client_system : "";
	char *text = NULL;

	if (asprintf(&text, "%s%s%s", persona, *persona != '\0' && *client != '\0' ? "\n\n" : "",
		client) < 0)
		abort();
	return text;
}

static void
fail_at_start(struct reply *r)
{
	r->outcome = (struct ai_outcome){ .phase = AI_PHASE_CONNECT,
		.failure = {
		    .kind = AI_FAIL_OVERLOADED, .message = "the history could not be read" } };
	r->has_ended = true;
}

static void
start_reply(struct ai_worker *w, struct reply *r)
{
	const struct config *c = w->o.config;
	struct history *h = xcalloc(1, sizeof *h);
	auto_char *system = system_text(w, r);
	size_t budget = (size_t)c->ai_context_tokens / (r->job.is_shortened ? 2 : 1);
	size_t count;

	r->is_started = true;
	if (store_branch(w->reader, r->job.parent_id, LIMIT_CONTEXT_TURNS, add_turn, h) != OK) {
		fail_at_start(r);
	} else {
		char *texts[LIMIT_CONTEXT_TURNS];
		struct ai_prompt prompt = {
			.system = *system != '\0' ? system : NULL,
			.turns = h->turns,
			.max_output_tokens = (int)c->ai_max_output_tokens,
			.thinking_level = c->ai_thinking_level,
			.model = r->job.is_swapped && *c->ai_fallback_model != '\0'
				     ? c->ai_fallback_model
				     : r->model,
		};

		turn_round(h);
		count = h->count;
		for (size_t i = 0; i < count; i++)
			texts[i] = (char *)(uintptr_t)h->turns[i].text;
		prompt.count = ai_context_fit(h->turns, h->count, budget);
		r->transfer = ai_client_start(w->client, &prompt, &sink, r);
		for (size_t i = 0; i < count; i++)
			free(texts[i]);
		h->count = 0;
	}
	for (size_t i = 0; i < h->count; i++)
		free((char *)(uintptr_t)h->turns[i].text);
	free(h);
}

/* --- ticks --- */

static bool
has_text_to_store(const struct reply *r)
{
	return r->text.len > r->stored;
}

/* What the replies ask for: urgent, text, or nothing but a renewal. */
static int64_t
tick_due_ms(struct ai_worker *w, int64_t now_ms, int64_t wall_ms)
{
	int64_t due = w->next_look_ms;

	for (size_t i = 0; i < w->count; i++) {
		const struct reply *r = w->replies[i];
		int64_t at;

		if (r->tick.is_over)
			continue;
		if (r->has_ended || (has_text_to_store(r) && r->stored == 0))
			at = w->last_tick_ms + URGENT_MS;
		else if (has_text_to_store(r))
			at = w->last_tick_ms + LIMIT_TICK_MS;
		else
			at = now_ms + (r->renew_ms - wall_ms);
		if (at < due)
			due = at;
	}
	return due < w->retry_ms ? w->retry_ms : due;
}

static void
add_reply(struct ai_worker *w, struct reply *r)
{
	if (w->count == w->cap) {
		w->cap = w->cap > 0 ? 2 * w->cap : 64;
		w->replies = xrealloc(w->replies, w->cap, sizeof(struct reply *));
	}
	w->replies[w->count++] = r;
}

/* The transaction is committed: what it wrote is so. */
static void
apply_tick(struct ai_worker *w, const struct tick *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct reply *r = t->replies[i];

		if (r->tick.wrote_text)
			reply_text_written(r);
		if (r->tick.renew_ms > 0)
			r->renew_ms = r->tick.renew_ms;
		if ((r->is_lost || r->is_stopped || r->tick.is_over) && r->transfer != NULL) {
			ai_client_cancel(w->client, r->transfer);
			r->transfer = NULL;
		}
		if (r->is_lost)
			log_warn("lease lost job=%s attempt=%d", r->job.uid, r->job.attempt);
		if (r->tick.is_over && r->has_ended)
			log_info("reply ended job=%s ok=%d bytes=%zu model=%s error=\"%s\" rid=%s",
			    r->job.uid, r->outcome.ok, r->text.len, r->outcome.model,
			    r->outcome.failure.message, r->job.rid);
	}
	for (size_t i = 0; i < t->claimed_count; i++) {
		struct reply *r = t->claimed[i];

		add_reply(w, r);
		if (r->has_ended)
			r->tick.is_over = true;
		else
			start_reply(w, r);
	}
}

/* Jobs wait whose time has come, or leases have run out. */
static bool
work_waits(struct ai_worker *w, int64_t wall_ms)
{
	int64_t next_ms;

	return store_jobs_next(w->reader, &next_ms) == OK && next_ms <= wall_ms;
}

static bool
must_write(const struct ai_worker *w, int64_t wall_ms, size_t taken)
{
	if (taken > 0 || w->status_is_new)
		return true;
	for (size_t i = 0; i < w->count; i++) {
		const struct reply *r = w->replies[i];

		if (!r->tick.is_over &&
		    (r->has_ended || has_text_to_store(r) || r->renew_ms <= wall_ms))
			return true;
	}
	return false;
}

/* Durable when something ends: what a reader saw as final stays so after a power cut. */
static enum store_durability
durability_of(const struct ai_worker *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->replies[i]->has_ended && !w->replies[i]->tick.is_over)
			return STORE_DURABLE;
	return STORE_FAST;
}

/* Replies that have been written to their end stay only for their last delta. */
static size_t
running_replies(struct ai_worker *w, struct reply **out)
{
	size_t n = 0;

	for (size_t i = 0; i < w->count; i++)
		if (!w->replies[i]->tick.is_over && !w->replies[i]->is_lost)
			out[n++] = w->replies[i];
	return n;
}

static void
tick(struct ai_worker *w, bool is_leaving)
{
	int64_t now_ms = clock_mono_ms(), wall_ms = clock_wall_ms();
	size_t max = (size_t)w->o.config->ai_max_replies;
	struct reply **running = xcalloc(w->count + 1, sizeof(struct reply *));
	struct tick t = {
		.owner = w->owner,
		.provider = w->o.config->ai_provider,
		.model = w->o.config->ai_model,
		.now_ms = wall_ms,
		.random = random_unit(),
		.replies = running,
		.count = running_replies(w, running),
		.any_lease = w->any_lease,
		.is_leaving = is_leaving,
		.status = w->status_is_new ? &w->status : NULL,
	};
	enum err e = OK;

	t.taken = publisher_taken(w->publisher, &t.taken_count);
	t.may_claim = !is_leaving && atomic_load(&w->stop) == 0 && w->count < max &&
		      (w->any_lease || work_waits(w, wall_ms));
	t.capacity = w->count < max ? max - w->count : 0;
	if (t.may_claim || (is_leaving && t.count > 0) || must_write(w, wall_ms, t.taken_count))
		e = writer_submit(w->o.writer, durability_of(w), worker_tick, &t);
	if (e == OK) {
		publisher_deleted(w->publisher, t.taken_count);
		w->status_is_new = false;
		w->any_lease = w->any_lease && !t.claimed_all && !is_leaving;
		apply_tick(w, &t);
		w->retry_ms = 0;
	} else {
		log_warn("tick failed error=%d, again soon", (int)e);
		for (size_t i = 0; i < t.claimed_count; i++)
			reply_free(t.claimed[i]);
		w->retry_ms = now_ms + DB_RETRY_MS;
	}
	w->last_tick_ms = clock_mono_ms();
	w->next_look_ms = w->last_tick_ms + LOOK_MS;
	/* More than one transaction's worth of jobs waits. */
	if (t.may_claim && e == OK && !t.claimed_all)
		w->next_look_ms = w->last_tick_ms + URGENT_MS;
	free(t.claimed);
	free(running);
}

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
		w->next_look_ms = w->last_tick_ms + URGENT_MS;
}

static void
publish(struct ai_worker *w)
{
	const char *note = ai_client_note(w->client);

	if (publisher_run(w->publisher, w->reader, w->replies, w->count, clock_mono_ms()) != OK)
		log_warn("publishing failed, again soon");
	killpoint("after-publish");
	if (publisher_status_changed(w->publisher) ||
	    strcmp(w->status.note, note != NULL ? note : "") != 0) {
		publisher_status(w->publisher, &w->status);
		(void)snprintf(
		    w->status.note, sizeof w->status.note, "%s", note != NULL ? note : "");
		w->status_is_new = true;
	}
	drop_finished(w);
}

static void
read_wake(struct ai_worker *w)
{
	char bytes[64];

	while (recv(w->wake_fd, bytes, sizeof bytes, 0) >= 0)
		continue;
	w->next_look_ms = 0;
}

static int
poll_timeout(struct ai_worker *w, int64_t now_ms)
{
	int64_t due = tick_due_ms(w, now_ms, clock_wall_ms());
	int64_t push = publisher_next_ms(w->publisher);

	if (push < due)
		due = push;
	if (w->stop_at_ms > 0 && w->stop_at_ms < due)
		due = w->stop_at_ms;
	return due <= now_ms ? 0 : due - now_ms > LOOK_MS ? LOOK_MS : (int)(due - now_ms);
}

static void
poll_once(struct ai_worker *w)
{
	int fds[FD_COUNT] = { w->wake_fd, w->stop_fd, publisher_fd(w->publisher) };
	size_t n = fds[FD_PUSH] >= 0 ? FD_COUNT : FD_PUSH;
	unsigned ready = 0;

	if (ai_client_poll(w->client, poll_timeout(w, clock_mono_ms()), fds, n, &ready) != OK)
		return;
	if (ready & 1U << FD_WAKE)
		read_wake(w);
	if (ready & 1U << FD_PUSH)
		publisher_read(w->publisher);
	for (size_t i = 0; i < w->count; i++)
		if (w->replies[i]->is_cut && w->replies[i]->transfer != NULL)
			end_cut_reply(w, w->replies[i]);
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
	if (w->count > 0 || publisher_next_ms(w->publisher) != INT64_MAX)
		w->idle_since_ms = now_ms;
	return w->o.drain && now_ms - w->idle_since_ms > DRAIN_MS && !work_waits(w, INT64_MAX - 1);
}

void
ai_worker_run(struct ai_worker *w)
{
	w->idle_since_ms = clock_mono_ms();
	w->any_lease = true; /* we hold the lock: whoever had them is gone */
	log_info("worker runs owner=%s", w->owner);
	while (!is_time_to_leave(w, clock_mono_ms())) {
		int64_t now_ms;

		poll_once(w);
		now_ms = clock_mono_ms();
		if (tick_due_ms(w, now_ms, clock_wall_ms()) <= now_ms) {
			tick(w, false);
			publish(w);
		} else if (publisher_next_ms(w->publisher) <= now_ms) {
			publish(w);
		}
	}
	tick(w, true); /* text so far is saved, unfinished jobs go back to the queue */
	publish(w);
	tick(w, true);
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
open_wake(struct ai_worker *w, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	w->wake_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)unlink(path); /* we hold the lock: nobody else's */
	if (w->wake_fd < 0 || bind(w->wake_fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    chmod(path, 0660) != 0) {
		log_errno("wake-up socket failed path=%s", path);
		return ERR_IO;
	}
	return OK;
}

static enum err
open_client(struct ai_worker *w)
{
	const struct config *c = w->o.config;
	struct ai_client_options options = {
		.provider = c->ai_provider,
		.base_url = c->ai_base_url,
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
	    (e = open_client(w)) == OK && (e = publisher_open(&w->publisher, o->config)) == OK &&
	    (e = open_wake(w, o->config->worker_socket)) == OK) {
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
	publisher_close(w->publisher);
	ai_client_free(w->client);
	store_close(w->reader);
	close_fd(&w->wake_fd);
	close_fd(&w->stop_fd);
	free(w);
}
