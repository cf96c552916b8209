/*
 * How a setting gets its value: environment, .env, default, in this order, for each row of the
 * table; then config_rules.c decides what depends on other settings and refuses what must
 * not run. Problems are collected, so that --check-config
 * names all of them at once.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>

#include "buf.h"
#include "config_priv.h"
#include "config_table.h"
#include "limit.h"

void
config_problem_add(struct config *c, bool is_error, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	c->problems = xrealloc(c->problems, c->problem_count + 1, sizeof *c->problems);
	c->problems[c->problem_count++] =
	    (struct config_problem){ .is_error = is_error, .text = text };
}

static char **
text_field(struct config *c, const struct setting *s)
{
	return (char **)(void *)((char *)c + s->offset);
}

/* --- finding and reading the .env --- */

/* The directory part with its '/', or "" */
char *
config_path_beside(const char *path, const char *name)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	char *out = NULL;

	if (asprintf(&out, "%.*s%s", slash != NULL ? (int)(slash - path + 1) : 0,
		path != NULL ? path : "", name) < 0)
		abort();
	return out;
}

static enum err
read_file(const char *path, struct buf *out)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
	while ((n = read(fd, chunk, sizeof chunk)) > 0)
		if (buf_add(out, chunk, (size_t)n) != OK)
			return ERR_LIMIT;
	return n < 0 ? ERR_IO : OK;
}

/* app.conf beside the program (shared hosting: the secrets live outside the web root). */
static char *
named_by_app_conf(const char *self_path)
{
	auto_char *conf = config_path_beside(self_path, "app.conf");
	auto_buf text = BUF_INIT(LIMIT_ENV_BYTES);
	struct env_file f = { 0 };
	const struct env_entry *e;
	char *out = NULL;

	if (self_path == NULL || read_file(conf, &text) != OK ||
	    env_file_parse(text.data != NULL ? text.data : "", text.len, NULL, NULL, NULL, &f) !=
		OK)
		return NULL;
	e = env_file_find(&f, "ENV_FILE");
	if (e != NULL)
		out = xstrdup(e->value);
	env_file_free(&f);
	return out;
}

static const char *
from_environment(void *arg, const char *name)
{
	(void)arg;
	return getenv(name); /* NOLINT(concurrency-mt-unsafe): read before threads start */
}

static void
on_bad_line(void *arg, size_t line, const char *what)
{
	struct config_loader *l = arg;

	config_problem_add(l->c, true, "%s:%zu: %s", l->file, line, what);
}

/* Takes path if the file exists. must_exist: somebody named it. */
static bool
try_file(struct config_loader *l, const char *path, bool must_exist)
{
	auto_buf text = BUF_INIT(LIMIT_ENV_BYTES);
	enum err e = read_file(path, &text);

	if (e == ERR_NOT_FOUND && !must_exist)
		return false;
	l->c->env_file = xstrdup(path);
	l->file = l->c->env_file;
	if (e != OK)
		config_problem_add(l->c, true, "%s: %s", path,
		    e == ERR_NOT_FOUND ? "does not exist"
		    : e == ERR_LIMIT   ? "is too large"
				       : "cannot be read");
	else if (env_file_parse(text.data != NULL ? text.data : "", text.len, from_environment,
		     on_bad_line, l, &l->env) != OK)
		config_problem_add(l->c, true, "%s: holds a NUL byte: is it a text file?", path);
	return true;
}

/* True if app.conf named a file, whether it could be read or not. */
static bool
try_app_conf(struct config_loader *l, const char *self_path)
{
	char *path = named_by_app_conf(self_path);
	bool is_named = path != NULL;

	if (is_named)
		(void)try_file(l, path, true);
	free(path);
	return is_named;
}

static void
find_env_file(struct config_loader *l, const char *env_path, const char *self_path)
{
	const char *named = env_path != NULL ? env_path : from_environment(NULL, "ENV_FILE");
	auto_char *own = config_path_beside(self_path, ".env");

	if (named != NULL && *named != '\0')
		(void)try_file(l, named, true);
	else if (!try_app_conf(l, self_path) && !try_file(l, own, false) &&
		 !try_file(l, ".env", false))
		(void)try_file(l, "/etc/charla/charla.env", false);
}

/* --- one setting --- */

/* Calls find for each of the setting's names, its own first, until one is not empty. */
static const char *
find_by_names(struct config_loader *l, const struct setting *s,
    const char *(*find)(struct config_loader *l, const char *name, char *origin, size_t size),
    char *origin, size_t size)
{
	char names[256];
	char *rest = names, *name;
	const char *value = NULL, *found;

	(void)snprintf(names, sizeof names, "%s %s", s->name, s->aliases != NULL ? s->aliases : "");
	while ((value == NULL || *value == '\0') && (name = strsep(&rest, " ")) != NULL &&
	       *name != '\0')
		if ((found = find(l, name, origin, size)) != NULL)
			value = found;
	return value;
}

static const char *
find_in_environment(struct config_loader *l, const char *name, char *origin, size_t size)
{
	const char *value = from_environment(NULL, name);

	(void)l;
	if (value != NULL)
		(void)snprintf(origin, size, "environment: %s", name);
	return value;
}

/* The last one counts, as in Laravel; but whoever edits the other wonders why nothing changes. */
static void
warn_if_again(struct config_loader *l, const struct env_entry *last)
{
	for (const struct env_entry *e = l->env.entries; e < last; e++)
		if (strcmp(e->name, last->name) == 0 && strcmp(e->value, last->value) != 0) {
			config_problem_add(l->c, false,
			    "%s:%zu: %s stands there again: this one counts, not line %zu", l->file,
			    last->line, last->name, e->line);
			return;
		}
}

static const char *
find_in_file(struct config_loader *l, const char *name, char *origin, size_t size)
{
	const struct env_entry *e = env_file_find(&l->env, name);

	if (e == NULL)
		return NULL;
	warn_if_again(l, e);
	(void)snprintf(origin, size, "%s:%zu: %s", l->file, e->line, name);
	return e->value;
}

/* Value and where it came from ("environment: NAME", "file:line: NAME"); NULL: nobody set it. */
static const char *
raw_value(struct config_loader *l, const struct setting *s, char *origin, size_t origin_size)
{
	const char *value = find_by_names(l, s, find_in_environment, origin, origin_size);

	return value != NULL ? value : find_by_names(l, s, find_in_file, origin, origin_size);
}

/* Laravel's words for no value at all. */
static bool
means_nothing(const char *value)
{
	static const char *const words[] = { "null", "(null)", "empty", "(empty)" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(value, words[i]) == 0)
			return true;
	return false;
}

/* Every .env of Laravel has LOG_LEVEL=debug, and there may be its other words. */
static const char *
log_level_of(const char *word)
{
	static const struct {
		const char *word, *level;
	} words[] = {
		{ "emergency", "0" },
		{ "alert", "0" },
		{ "critical", "0" },
		{ "error", "0" },
		{ "warning", "1" },
		{ "warn", "1" },
		{ "notice", "2" },
		{ "info", "2" },
		{ "debug", "3" },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(word, words[i].word) == 0)
			return words[i].level;
	return word;
}

static void
set_number(struct config *c, const struct setting *s, const char *value, const char *origin)
{
	long *field = (long *)(void *)((char *)c + s->offset);
	char *end;
	long n;

	if (s->offset == offsetof(struct config, log_level))
		value = log_level_of(value);
	errno = 0;
	n = strtol(value, &end, 10);
	if (*value == '\0' || *end != '\0' || errno != 0 || n < s->min || n > s->max)
		config_problem_add(
		    c, true, "%s: must be a number from %ld to %ld", origin, s->min, s->max);
	else
		*field = n;
}

static void
set_bool(struct config *c, const struct setting *s, const char *value, const char *origin)
{
	static const char *const words[] = { "false", "true", "0", "1", "no", "yes", "off", "on",
		"(false)", "(true)" };
	bool *field = (bool *)(void *)((char *)c + s->offset);

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0) {
			*field = i % 2 == 1;
			return;
		}
	if (*value == '\0' || means_nothing(value))
		*field = false;
	else
		config_problem_add(c, true, "%s: must be true or false", origin);
}

static void
set_text(struct config *c, const struct setting *s, const char *value, const char *origin)
{
	char **field = text_field(c, s);

	if (strlen(value) > (size_t)s->max) {
		config_problem_add(c, true, "%s: longer than %ld bytes", origin, s->max);
		return;
	}
	free(*field);
	*field = xstrdup(means_nothing(value) ? "" : value);
}

/* NAME= of a number, or of a text that is never empty, as the example prints it: the default. */
static bool
means_default(const struct setting *s, const char *value)
{
	return (*value == '\0' || means_nothing(value)) &&
	       (s->type == SETTING_NUMBER || (s->flags & SETTING_FILLED));
}

static void
set_value(struct config *c, const struct setting *s, const char *value, const char *origin)
{
	switch (s->type) {
	case SETTING_TEXT: set_text(c, s, value, origin); break;
	case SETTING_NUMBER: set_number(c, s, value, origin); break;
	case SETTING_BOOL: set_bool(c, s, value, origin); break;
	}
}

static void
set_all(struct config_loader *l)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings[i];
		char origin[4352];
		const char *value = raw_value(l, s, origin, sizeof origin);

		if (s->fallback != NULL)
			set_value(l->c, s, s->fallback, s->name);
		if (value != NULL && !means_default(s, value))
			set_value(l->c, s, value, origin);
	}
}

enum err
config_load(
    struct config *out, enum config_reader reader, const char *env_path, const char *self_path)
{
	struct config_loader l = { .c = out, .reader = reader };

	*out = (struct config){
		.ai_stop_seconds = -1,
		.rate_limit = -1,
		.rate_limit_reads = -1,
		.replies_at_once = -1,
		.replies_at_once_address = -1,
		.tokens_per_day = -1,
		.tokens_per_day_address = -1,
		.tokens_per_day_site = -1,
	};
	find_env_file(&l, env_path, self_path);
	set_all(&l);
	config_decide(out);
	config_check(&l);
	env_file_free(&l.env);
	for (size_t i = 0; i < out->problem_count; i++)
		if (out->problems[i].is_error)
			return ERR_INVALID;
	return OK;
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < settings_count; i++)
		if (settings[i].type == SETTING_TEXT)
			free(*text_field(c, &settings[i]));
	for (size_t i = 0; i < c->problem_count; i++)
		free(c->problems[i].text);
	free(c->problems);
	free(c->env_file);
	*c = (struct config){ 0 };
}

void
config_print_problems(FILE *f, const struct config *c)
{
	for (size_t i = 0; i < c->problem_count; i++)
		(void)fprintf(f, "%s: %s\n", c->problems[i].is_error ? "error" : "warning",
		    c->problems[i].text);
}
