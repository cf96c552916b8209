#include "env_file.h"

#include <stdbool.h>

#include "buf.h"
#include "limit.h"

#define NAME_MAX_LEN 128

struct parser {
	const char *p, *end;
	size_t line;
	env_lookup_fn lookup;
	env_problem_fn on_problem;
	void *arg;
	struct env_file file;
};

static bool
is_name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       (!first && ((c >= '0' && c <= '9') || c == '.'));
}

static void
skip_blanks(struct parser *ps)
{
	while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\t'))
		ps->p++;
}

static bool
at_line_end(const struct parser *ps)
{
	return ps->p == ps->end || *ps->p == '\n' || *ps->p == '\r';
}

/* Behind the next line end, whatever stands before it. */
static void
skip_line(struct parser *ps)
{
	while (ps->p < ps->end && *ps->p != '\n')
		ps->p++;
	if (ps->p < ps->end)
		ps->p++;
	ps->line++;
}

static size_t
name_len(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && is_name_char(p[n], n == 0))
		n++;
	return n;
}

static const char *
value_of(struct parser *ps, const char *name)
{
	const struct env_entry *e = env_file_find(&ps->file, name);

	if (e != NULL)
		return e->value;
	return ps->lookup != NULL ? ps->lookup(ps->arg, name) : NULL;
}

/* At "${NAME}": appends its value and steps behind it. False if it is not that form. */
static bool
add_variable(struct parser *ps, struct buf *out, enum err *e)
{
	char name[NAME_MAX_LEN + 1];
	const char *start = ps->p + 2, *value;
	size_t n;

	if (ps->end - ps->p < 4 || ps->p[1] != '{')
		return false;
	n = name_len(start, ps->end);
	if (n == 0 || n > NAME_MAX_LEN || start + n == ps->end || start[n] != '}')
		return false;
	memcpy(name, start, n);
	name[n] = '\0';
	value = value_of(ps, name);
	if (value != NULL)
		*e = buf_adds(out, value);
	ps->p = start + n + 1;
	return true;
}

static char
unescaped(char c)
{
	switch (c) {
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return c;
	}
}

/* Behind the opening quote. NULL when it was closed, else what is wrong. */
static const char *
read_quoted(struct parser *ps, char quote, struct buf *out)
{
	enum err e = OK;

	while (ps->p < ps->end && e == OK) {
		char c = *ps->p;

		if (c == quote) {
			ps->p++;
			return NULL;
		}
		if (c == '$' && quote == '"' && add_variable(ps, out, &e))
			continue;
		if (c == '\\' && quote == '"' && ps->end - ps->p > 1) {
			c = unescaped(ps->p[1]);
			ps->p++;
		}
		if (*ps->p == '\n')
			ps->line++;
		ps->p++;
		e = buf_add(out, &c, 1);
	}
	return e != OK ? "the value is too long" : "the quote is never closed";
}

static const char *
read_bare(struct parser *ps, struct buf *out)
{
	enum err e = OK;

	while (!at_line_end(ps) && e == OK) {
		bool after_blank = out->len == 0 || ps->p[-1] == ' ' || ps->p[-1] == '\t';

		if (*ps->p == '#' && after_blank)
			break;
		if (*ps->p == '$' && add_variable(ps, out, &e))
			continue;
		e = buf_add(out, ps->p++, 1);
	}
	while (out->len > 0 && (out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\t'))
		out->data[--out->len] = '\0';
	return e != OK ? "the value is too long" : NULL;
}

static const char *
read_value(struct parser *ps, struct buf *out)
{
	const char *problem;

	skip_blanks(ps);
	if (at_line_end(ps) || (*ps->p != '"' && *ps->p != '\''))
		return read_bare(ps, out);
	problem = read_quoted(ps, *ps->p++, out);
	if (problem != NULL)
		return problem;
	skip_blanks(ps);
	return at_line_end(ps) || *ps->p == '#' ? NULL : "text after the closing quote";
}

static void
add_entry(struct env_file *f, const char *name, size_t n, struct buf *value, size_t line)
{
	f->entries = xrealloc(f->entries, f->count + 1, sizeof *f->entries);
	f->entries[f->count++] = (struct env_entry){
		.name = xstrndup(name, n),
		.value = buf_take(value),
		.line = line,
	};
}

/* One assignment; ps->p stands at its first byte that is not blank. NULL or what is wrong. */
static const char *
read_assignment(struct parser *ps)
{
	auto_buf value = BUF_INIT(LIMIT_ENV_LINE);
	size_t line = ps->line, n;
	const char *name, *problem;

	if (ps->end - ps->p > 7 && strncmp(ps->p, "export ", 7) == 0) {
		ps->p += 7;
		skip_blanks(ps);
	}
	name = ps->p;
	n = name_len(name, ps->end);
	if (n == 0 || n > NAME_MAX_LEN)
		return "not a name: expected NAME=value";
	ps->p += n;
	skip_blanks(ps);
	if (ps->p == ps->end || *ps->p != '=')
		return "expected '=' after the name";
	ps->p++;
	if ((problem = read_value(ps, &value)) == NULL)
		add_entry(&ps->file, name, n, &value, line);
	return problem;
}

enum err
env_file_parse(const char *p, size_t n, env_lookup_fn lookup, env_problem_fn on_problem, void *arg,
    struct env_file *out)
{
	struct parser ps = { .p = p,
		.end = p + n,
		.line = 1,
		.lookup = lookup,
		.on_problem = on_problem,
		.arg = arg };

	if (n > LIMIT_ENV_BYTES || (n > 0 && memchr(p, '\0', n) != NULL))
		return ERR_LIMIT;
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		ps.p += 3;
	while (ps.p < ps.end) {
		const char *problem = NULL;
		size_t line = ps.line;

		skip_blanks(&ps);
		if (!at_line_end(&ps) && *ps.p != '#')
			problem = read_assignment(&ps);
		if (problem != NULL && on_problem != NULL)
			on_problem(arg, line, problem);
		skip_line(&ps);
	}
	*out = ps.file;
	return OK;
}

const struct env_entry *
env_file_find(const struct env_file *f, const char *name)
{
	for (size_t i = f->count; i > 0; i--)
		if (strcmp(f->entries[i - 1].name, name) == 0)
			return &f->entries[i - 1];
	return NULL;
}

void
env_file_free(struct env_file *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->entries[i].name);
		free(f->entries[i].value);
	}
	free(f->entries);
	*f = (struct env_file){ 0 };
}
