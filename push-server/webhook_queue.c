#include "webhook_queue.h"

#include <utlist.h>

#include "json.h"
#include "keyed_hash.h"
#include "limit.h"

/* --- posts ---------------------------------------------------------------------------------------
 */

static void
count(const struct webhook_queue *q, enum metric which, size_t n)
{
	metric_add(q->metrics, which, n);
}

/* Something waits for t, or nothing does any more. */
static void
settle_busy(struct webhook_queue *q, struct webhook_target *t)
{
	bool is_busy = t->posts > 0 || t->batch != NULL;

	if (is_busy == t->is_busy)
		return;
	t->is_busy = is_busy;
	if (is_busy)
		DL_APPEND2(q->busy, t, prev_busy, next_busy);
	else
		DL_DELETE2(q->busy, t, prev_busy, next_busy);
}

static void
post_remove(struct webhook_queue *q, struct post *p)
{
	struct webhook_target *t = p->target;

	DL_DELETE(t->lanes[p->lane], p);
	t->posts--;
	t->bytes -= p->out.body_len;
	q->posts--;
	q->bytes -= p->out.body_len;
	free(p->body);
	free(p);
	settle_busy(q, t);
}

static bool
has_room(const struct webhook_queue *q, const struct webhook_target *t, size_t n)
{
	return t->posts < LIMIT_WEBHOOK_POSTS && t->bytes + n <= LIMIT_WEBHOOK_BYTES &&
	       q->bytes + n <= LIMIT_WEBHOOK_ALL_BYTES;
}

/* events: borrowed. */
static void
post_add(struct webhook_queue *q, struct webhook_target *t, unsigned lane, json_t *events,
    int64_t now_ms)
{
	json_auto_t *root = json_pack(
	    "{s:I, s:O}", "time_ms", (json_int_t)q->transport->wall_ms(), "events", events);
	char *body = json_text(root);
	size_t n = strlen(body);
	struct post *p;

	if (!has_room(q, t, n)) {
		count(q, METRIC_WEBHOOK_DROPPED_QUEUE, json_array_size(events));
		free(body);
		return;
	}
	p = xcalloc(1, sizeof *p);
	p->target = t;
	p->lane = lane;
	p->due_ms = now_ms;
	p->body = body;
	p->out.body = body;
	p->out.body_len = n;
	DL_APPEND(t->lanes[lane], p);
	t->posts++;
	t->bytes += n;
	q->posts++;
	q->bytes += n;
	settle_busy(q, t);
}

/* --- targets -------------------------------------------------------------------------------------
 */

static void
hook_clear(struct webhook_target *t)
{
	free(t->key);
	free(t->secret);
	free(t->hook.url);
	free(t->hook.starts_with);
	free(t->hook.ends_with);
	for (char **h = t->hook.headers; h != NULL && *h != NULL; h++)
		free(*h);
	free(t->hook.headers);
}

static char *
copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

static char **
copy_headers(char *const *headers)
{
	size_t n = 0;
	char **list;

	if (headers == NULL)
		return NULL;
	while (headers[n] != NULL)
		n++;
	list = xcalloc(n + 1, sizeof(char *));
	for (size_t i = 0; i < n; i++)
		list[i] = xstrdup(headers[i]);
	return list;
}

static void
hook_take(struct webhook_target *t, const struct app *app, const struct app_webhook *hook)
{
	t->key = xstrdup(app->key);
	t->secret = xstrdup(app->secret);
	t->is_batch = app->has_webhook_batch;
	t->hook = (struct app_webhook){
		.url = xstrdup(hook->url),
		.events = hook->events,
		.starts_with = copy(hook->starts_with),
		.ends_with = copy(hook->ends_with),
		.headers = copy_headers(hook->headers),
	};
}

/* It has come to an end, or is broken off. */
static void
post_stopped(struct webhook_queue *q, struct post *p)
{
	p->is_started = false;
	p->target->started--;
	q->started--;
	q->probes -= p->is_probe;
}

/* A post that is under way points into the settings: it is begun anew with the new ones. */
static void
restart_posts(struct webhook_queue *q, struct webhook_target *t, int64_t now_ms)
{
	for (unsigned i = 0; i < WEBHOOK_LANES; i++) {
		struct post *p = t->lanes[i];

		if (p == NULL || !p->is_started)
			continue;
		q->transport->cancel(q->transport->ctx, &p->out);
		post_stopped(q, p);
		p->due_ms = now_ms;
	}
}

static struct webhook_target *
target_new(struct webhook_queue *q, const struct app *app)
{
	struct webhook_target *t = xcalloc(1, sizeof *t);

	t->app_id = xstrdup(app->id);
	DL_APPEND(q->targets, t);
	return t;
}

struct webhook_target *
webhook_target_get(struct webhook_queue *q, const struct app *app, const struct app_webhook *hook,
    struct webhook_target *const *old, size_t old_count)
{
	struct webhook_target *t = NULL;

	for (size_t i = 0; i < old_count && t == NULL; i++)
		if (!old[i]->is_found && strcmp(old[i]->hook.url, hook->url) == 0)
			t = old[i];
	if (t == NULL) {
		t = target_new(q, app);
	} else {
		restart_posts(q, t, q->transport->mono_ms());
		hook_clear(t);
	}
	hook_take(t, app, hook);
	t->is_found = true;
	return t;
}

void
webhook_target_drop(struct webhook_queue *q, struct webhook_target *t)
{
	for (unsigned i = 0; i < WEBHOOK_LANES; i++) {
		struct post *p, *next;

		DL_FOREACH_SAFE(t->lanes[i], p, next)
		{
			if (p->is_started) {
				q->transport->cancel(q->transport->ctx, &p->out);
				post_stopped(q, p);
			}
			count(q, METRIC_WEBHOOK_DROPPED_REMOVED, 1);
			post_remove(q, p);
		}
	}
	count(q, METRIC_WEBHOOK_DROPPED_REMOVED, json_array_size(t->batch));
	json_decref(t->batch);
	t->batch = NULL;
	settle_busy(q, t);
	DL_DELETE(q->targets, t);
	hook_clear(t);
	free(t->app_id);
	free(t);
}

/* --- adding --------------------------------------------------------------------------------------
 */

static void
close_batch(struct webhook_queue *q, struct webhook_target *t, int64_t now_ms)
{
	post_add(q, t, 0, t->batch, now_ms);
	json_decref(t->batch);
	t->batch = NULL;
	settle_busy(q, t);
}

void
webhook_queue_add(struct webhook_queue *q, struct webhook_target *t, const char *channel,
    json_t *event, int64_t now_ms)
{
	unsigned lane = (unsigned)(keyed_hash(channel, strlen(channel)) % WEBHOOK_LANES);

	count(q, METRIC_WEBHOOK_EVENTS, 1);
	if (!t->is_batch) {
		json_auto_t *events = json_pack("[O]", event);

		post_add(q, t, lane, events, now_ms);
		return;
	}
	if (t->batch == NULL) {
		t->batch = json_array();
		t->batch_due_ms = now_ms + LIMIT_WEBHOOK_BATCH_MS;
		settle_busy(q, t);
	}
	(void)json_array_append(t->batch, event);
	if (json_array_size(t->batch) >= LIMIT_WEBHOOK_BATCH_EVENTS)
		close_batch(q, t, now_ms);
}

/* --- running -------------------------------------------------------------------------------------
 */

static bool
may_start(const struct webhook_queue *q, const struct webhook_target *t)
{
	unsigned half = LIMIT_WEBHOOK_CONNECTIONS / 2;

	if (q->started >= LIMIT_WEBHOOK_CONNECTIONS || (t->started > 0 && q->started >= half))
		return false;
	return t->is_proven || (t->started == 0 && q->probes < half);
}

static void
start(struct webhook_queue *q, struct post *p, int64_t now_ms)
{
	struct webhook_target *t = p->target;

	if (p->attempts == 0)
		p->first_ms = now_ms;
	p->is_started = true;
	p->is_probe = !t->is_proven;
	t->started++;
	q->started++;
	q->probes += p->is_probe;
	p->attempts++;
	p->out.url = t->hook.url;
	p->out.key = t->key;
	p->out.headers = t->hook.headers;
	sign_hmac_sha256(t->secret, p->out.body, p->out.body_len, p->out.signature);
	q->transport->start(q->transport->ctx, &p->out);
}

/* What is due and may not be started yet, is looked at again when one of the others has ended. */
static int64_t
run_target(struct webhook_queue *q, struct webhook_target *t, int64_t now_ms)
{
	int64_t next_ms = INT64_MAX;

	if (t->batch != NULL && t->batch_due_ms <= now_ms)
		close_batch(q, t, now_ms);
	if (t->batch != NULL)
		next_ms = t->batch_due_ms;
	for (unsigned i = 0; i < WEBHOOK_LANES; i++) {
		struct post *p = t->lanes[i];

		if (p == NULL || p->is_started)
			continue;
		if (p->due_ms > now_ms)
			next_ms = p->due_ms < next_ms ? p->due_ms : next_ms;
		else if (may_start(q, t))
			start(q, p, now_ms);
	}
	return next_ms;
}

int64_t
webhook_queue_run(struct webhook_queue *q, int64_t now_ms)
{
	int64_t next_ms = INT64_MAX;
	struct webhook_target *t, *next, *last = q->busy != NULL ? q->busy->prev_busy : NULL;

	for (t = q->busy; t != NULL; t = next) {
		unsigned before = t->started;
		bool is_last = t == last;
		int64_t ms = run_target(q, t, now_ms);

		next_ms = ms < next_ms ? ms : next_ms;
		next = is_last ? NULL : t->next_busy;
		if (t->started == before || !t->is_busy)
			continue;
		DL_DELETE2(
		    q->busy, t, prev_busy, next_busy); /* his next turn is behind the others' */
		DL_APPEND2(q->busy, t, prev_busy, next_busy);
	}
	return next_ms;
}

/* 1, 2, 4 ... seconds, at most LIMIT_WEBHOOK_PAUSE_MS. */
static int64_t
pause_ms(unsigned attempts)
{
	int64_t ms = 1000;

	for (unsigned i = 1; i < attempts && ms < LIMIT_WEBHOOK_PAUSE_MS; i++)
		ms *= 2;
	return ms < LIMIT_WEBHOOK_PAUSE_MS ? ms : LIMIT_WEBHOOK_PAUSE_MS;
}

void
webhook_queue_done(struct webhook_queue *q, struct webhook_post *out, bool is_taken, int64_t now_ms)
{
	struct post *p = (struct post *)(void *)out;

	post_stopped(q, p);
	p->target->is_proven = is_taken;
	if (is_taken) {
		count(q, METRIC_WEBHOOK_TAKEN, 1);
		post_remove(q, p);
		return;
	}
	p->due_ms = now_ms + pause_ms(p->attempts);
	if (p->due_ms - p->first_ms > LIMIT_WEBHOOK_RETRY_MS) {
		count(q, METRIC_WEBHOOK_DROPPED_RETRIES, 1);
		post_remove(q, p);
		return;
	}
	count(q, METRIC_WEBHOOK_RETRIED, 1);
}
