#include "journal.h"

#include <stdio.h>

#include "json.h"

void
journal_init(struct journal *j)
{
	*j = (struct journal){ .queue = json_array(), .attempts = json_object() };
	directives_init(&j->defaults);
}

static void
forget_oldest(struct journal *j)
{
	size_t oldest = (j->head + JOURNAL_REQUESTS - j->count) % JOURNAL_REQUESTS;

	j->bytes -= strlen(j->ring[oldest]);
	free(j->ring[oldest]);
	j->ring[oldest] = NULL;
	j->count--;
}

void
journal_free(struct journal *j)
{
	while (j->count > 0)
		forget_oldest(j);
	json_decref(j->queue);
	json_decref(j->attempts);
}

void
journal_reset(struct journal *j, const struct directives *defaults)
{
	int64_t open = j->n.open_streams;

	journal_free(j);
	journal_init(j);
	j->defaults = *defaults;
	j->n.open_streams = j->n.max_open_streams = open;
}

int64_t
journal_attempt(struct journal *j, const char *prompt_key)
{
	int64_t attempt = json_member_int(j->attempts, prompt_key, 0) + 1;

	if (json_object_size(j->attempts) >= JOURNAL_PROMPTS)
		(void)json_object_clear(j->attempts);
	(void)json_object_set_new(j->attempts, prompt_key, json_integer(attempt));
	return attempt;
}

void
journal_remember(struct journal *j, const json_t *request)
{
	char *text = json_text(request);

	j->bytes += strlen(text);
	if (j->count == JOURNAL_REQUESTS)
		forget_oldest(j);
	j->ring[j->head] = text;
	j->head = (j->head + 1) % JOURNAL_REQUESTS;
	j->count++;
	while (j->bytes > JOURNAL_BYTES && j->count > 1)
		forget_oldest(j);
}

json_t *
journal_requests(const struct journal *j)
{
	json_t *list = json_array();

	for (size_t i = 0; i < j->count; i++) {
		size_t at = (j->head + JOURNAL_REQUESTS - j->count + i) % JOURNAL_REQUESTS;

		(void)json_array_append_new(list, json_loads(j->ring[at], 0, NULL));
	}
	return json_pack("{s:o}", "requests", list);
}

json_t *
journal_counters_json(const struct journal *j)
{
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{ "requests", j->n.requests },
		{ "streams", j->n.streams },
		{ "unary", j->n.unary },
		{ "counts", j->n.counts },
		{ "open_streams", j->n.open_streams },
		{ "max_open_streams", j->n.max_open_streams },
		{ "finished", j->n.finished },
		{ "aborted", j->n.aborted },
		{ "broken", j->n.broken },
		{ "refused", j->n.refused },
		{ "bytes", j->n.bytes },
		{ "queued", (int64_t)json_array_size(j->queue) },
	};
	json_t *counters = json_object();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		(void)json_object_set_new(counters, rows[i].name, json_integer(rows[i].value));
	return counters;
}

static enum err
check_queue(const struct journal *j, const json_t *next, char why[DIRECTIVES_WHY])
{
	if (json_array_size(j->queue) + json_array_size(next) > JOURNAL_QUEUE) {
		(void)snprintf(why, DIRECTIVES_WHY, "the queue is full");
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < json_array_size(next); i++) {
		struct directives d;
		enum err e;

		directives_init(&d);
		if ((e = directives_parse_json(&d, json_array_get(next, i), why)) != OK)
			return e;
	}
	return OK;
}

enum err
journal_control(struct journal *j, json_t *body, char why[DIRECTIVES_WHY])
{
	json_t *next = NULL, *defaults = NULL; /* borrowed from body */
	json_error_t error;
	enum err e;

	if (json_unpack_ex(body, &error, JSON_STRICT, "{s?o, s?o}", "next", &next, "default",
		&defaults) != 0) {
		(void)snprintf(why, DIRECTIVES_WHY, "%.100s", error.text);
		return ERR_INVALID;
	}
	if (next != NULL && !json_is_array(next)) {
		(void)snprintf(why, DIRECTIVES_WHY, "next must be an array of objects");
		return ERR_INVALID;
	}
	if ((e = check_queue(j, next, why)) != OK)
		return e;
	if (defaults != NULL && (e = directives_parse_json(&j->defaults, defaults, why)) != OK)
		return e;
	for (size_t i = 0; i < json_array_size(next); i++)
		(void)json_array_append(j->queue, json_array_get(next, i));
	return OK;
}

void
journal_take_next(struct journal *j, struct directives *d)
{
	char why[DIRECTIVES_WHY];

	if (json_array_size(j->queue) == 0)
		return;
	/* Checked when it came in. */
	if (directives_parse_json(d, json_array_get(j->queue, 0), why) != OK)
		abort();
	(void)json_array_remove(j->queue, 0);
}
