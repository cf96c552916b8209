#include "stats.h"

#include <pthread.h>

#include "log.h"

struct batch {
	struct stats_row *rows;
	size_t count;
};

struct stats {
	struct stats_options o;
	struct stats_db *reader;
	int64_t began_s; /* the interval that is counted */
	/* of the thread */
	struct stats_db *writer;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct batch batches[STATS_BATCHES]; /* {lock} */
	size_t batch_count;                  /* {lock} */
	bool is_stopping;                    /* {lock} */
	int64_t pruned_s;
};

/* --- the thread ----------------------------------------------------------------------------------
 */

static void
batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->rows[i].app);
	free(b->rows);
}

static void
write_batch(struct stats *s, struct batch *b)
{
	int64_t now_s = b->count > 0 ? b->rows[0].at_s : 0;

	if (stats_db_add(s->writer, b->rows, b->count) != OK)
		log_warn("statistics of one interval are lost apps=%zu", b->count);
	if (now_s - s->pruned_s >= 3600 &&
	    stats_db_prune(s->writer, now_s, s->o.retention_days) == OK)
		s->pruned_s = now_s;
	batch_free(b);
}

static void *
work(void *arg)
{
	struct stats *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		struct batch b;

		while (s->batch_count == 0 && !s->is_stopping)
			(void)pthread_cond_wait(&s->wake, &s->lock);
		if (s->batch_count == 0)
			break;
		b = s->batches[0];
		memmove(s->batches, s->batches + 1, --s->batch_count * sizeof *s->batches);
		(void)pthread_mutex_unlock(&s->lock);
		write_batch(s, &b);
		(void)pthread_mutex_lock(&s->lock);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- counting ------------------------------------------------------------------------------------
 */

static int64_t
interval_of(const struct stats *s, int64_t now_ms)
{
	int64_t now_s = now_ms / 1000;

	return now_s - now_s % s->o.interval_seconds;
}

static bool
is_idle(const struct app *app)
{
	return app->counts.peak == 0 && app->connections == 0 &&
	       memcmp(&app->counts.now, &app->counts.saved, sizeof app->counts.now) == 0;
}

static struct stats_row
row_of(const struct app *app, int64_t at_s)
{
	const struct app_totals *now = &app->counts.now, *old = &app->counts.saved;

	return (struct stats_row){
		.app = xstrdup(app->id),
		.at_s = at_s,
		.peak = (int64_t)app->counts.peak,
		.websocket = (int64_t)(now->received - old->received),
		.api = (int64_t)(now->events_http - old->events_http + now->events_datagram -
				 old->events_datagram),
		.sent = (int64_t)(now->sent - old->sent),
		.received_bytes = (int64_t)(now->received_bytes - old->received_bytes),
		.sent_bytes = (int64_t)(now->sent_bytes - old->sent_bytes),
		.slow = (int64_t)(now->slow - old->slow),
	};
}

static struct batch
collect(const struct stats *s)
{
	struct batch b = { .rows = NULL };
	struct app *app;
	size_t n = 0;

	while (apps_at(s->o.apps, n) != NULL)
		n++;
	b.rows = xcalloc(n + 1, sizeof *b.rows);
	for (size_t i = 0; (app = apps_at(s->o.apps, i)) != NULL; i++) {
		size_t before = b.count;

		if (app->has_statistics && !is_idle(app))
			b.rows[b.count++] = row_of(app, s->began_s);
		if (b.count > before && s->o.on_row != NULL)
			s->o.on_row(s->o.ctx, &b.rows[before]);
		app->counts.saved = app->counts.now;
		app->counts.peak = app->connections;
	}
	return b;
}

static void
save(struct stats *s)
{
	(void)pthread_mutex_lock(&s->lock);
	/* a full queue: what was counted stays where it is and goes with the next */
	if (s->batch_count < STATS_BATCHES) {
		struct batch b = collect(s);

		if (b.count > 0)
			s->batches[s->batch_count++] = b;
		else
			batch_free(&b);
		(void)pthread_cond_signal(&s->wake);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

void
stats_tick(struct stats *s, int64_t now_ms)
{
	int64_t at_s = interval_of(s, now_ms);

	if (at_s == s->began_s || s->writer == NULL)
		return;
	save(s);
	s->began_s = at_s;
}

/* --- life ----------------------------------------------------------------------------------------
 */

struct stats *
stats_new(const struct stats_options *o, int64_t now_ms)
{
	struct stats *s = xcalloc(1, sizeof *s);

	s->o = *o;
	s->began_s = interval_of(s, now_ms);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->wake, NULL);
	if (stats_db_open(o->path, &s->writer) == OK && stats_db_open(o->path, &s->reader) == OK &&
	    pthread_create(&s->thread, NULL, work, s) == 0)
		return s;
	log_warn("no statistics are kept: PUSH_DB_PATH cannot be used path=%s", o->path);
	stats_db_close(s->writer);
	stats_db_close(s->reader);
	s->writer = s->reader = NULL;
	return s;
}

void
stats_free(struct stats *s)
{
	if (s == NULL)
		return;
	if (s->writer != NULL) {
		save(s);
		(void)pthread_mutex_lock(&s->lock);
		s->is_stopping = true;
		(void)pthread_cond_signal(&s->wake);
		(void)pthread_mutex_unlock(&s->lock);
		(void)pthread_join(s->thread, NULL);
	}
	stats_db_close(s->writer);
	stats_db_close(s->reader);
	(void)pthread_cond_destroy(&s->wake);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

enum err
stats_each(struct stats *s, const char *app, enum stats_span span, int64_t from_s, int limit,
    stats_row_fn fn, void *ctx)
{
	if (s->reader == NULL)
		return ERR_NOT_FOUND;
	return stats_db_each(s->reader, app, span, from_s, limit, fn, ctx);
}

long
stats_interval(const struct stats *s)
{
	return s->o.interval_seconds;
}
