/*
 * Any bytes as a .env: no value beyond its limit, no name that is none, no NUL; and what was read,
 * written with quotes, is read as the same again.
 */
#include <stdint.h>

#include "buf.h"
#include "env_file.h"
#include "limit.h"

#define TEXT_MAX (64UL * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
lookup(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "HOME") == 0 ? "/home/ana" : NULL;
}

static void
must(enum err e)
{
	if (e != OK)
		abort();
}

/* NAME="value", with everything escaped that means something inside the quotes. */
static void
write_entry(struct buf *b, const struct env_entry *e)
{
	must(buf_addf(b, "%s=\"", e->name));
	for (const char *p = e->value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\' || *p == '$')
			must(buf_adds(b, "\\"));
		must(buf_add(b, p, 1));
	}
	must(buf_adds(b, "\"\n"));
}

static void
check_same(const struct env_file *a, const struct env_file *b)
{
	if (a->count != b->count)
		abort();
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->entries[i].name, b->entries[i].name) != 0 ||
		    strcmp(a->entries[i].value, b->entries[i].value) != 0)
			abort();
}

static void
check_entries(const struct env_file *f, size_t lines)
{
	size_t last = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct env_entry *e = &f->entries[i];

		if (*e->name == '\0' || strpbrk(e->name, " =\"'$#\n") != NULL ||
		    strlen(e->value) > LIMIT_ENV_LINE || e->line <= last || e->line > lines)
			abort();
		last = e->line;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct env_file f = { 0 }, again = { 0 };
	auto_buf text = BUF_INIT(TEXT_MAX);
	size_t lines = 1;
	enum err e = env_file_parse((const char *)data, size, lookup, NULL, NULL, &f);

	if ((e == ERR_LIMIT) != (size > LIMIT_ENV_BYTES || memchr(data, 0, size) != NULL))
		abort();
	if (e != OK)
		return 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	check_entries(&f, lines);
	must(buf_adds(&text, ""));
	for (size_t i = 0; i < f.count; i++)
		write_entry(&text, &f.entries[i]);
	if (text.len <= LIMIT_ENV_BYTES) {
		must(env_file_parse(text.data, text.len, lookup, NULL, NULL, &again));
		check_same(&f, &again);
		env_file_free(&again);
	}
	env_file_free(&f);
	return 0;
}
