#include "search_query.h"

#include <stdbool.h>

#include "limit.h"

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What the tokenizer may make a word of: ASCII letters and digits, anything beyond ASCII. */
static bool
has_word(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80)
			return true;
	}
	return false;
}

struct term {
	const char *p;
	size_t n;
	bool is_prefix;
};

/* The next term of *text, which is advanced behind it. False at the end. */
static bool
next_term(const char **text, struct term *out)
{
	const char *p = *text;
	size_t n = 0;

	while (is_space(*p))
		p++;
	if (*p == '\0')
		return false;
	*out = (struct term){ 0 };
	if (*p == '"') {
		n = strcspn(++p, "\"");
		*text = p + n + (p[n] == '"');
	} else {
		while (p[n] != '\0' && p[n] != '"' && !is_space(p[n]))
			n++;
		*text = p + n;
		out->is_prefix = n > 1 && p[n - 1] == '*';
	}
	out->p = p;
	out->n = n;
	return true;
}

/* A quote cannot stand inside a term: it ends one. */
static enum err
add_term(struct buf *out, const struct term *t)
{
	enum err e = buf_adds(out, "\"");

	if (e == OK)
		e = buf_add(out, t->p, t->n);
	return e == OK ? buf_adds(out, t->is_prefix ? "\" * " : "\" ") : e;
}

enum err
search_query_write(struct buf *out, const char *text)
{
	struct term t;
	int count = 0;
	enum err e = buf_adds(out, "content : (");

	if (strlen(text) > LIMIT_SEARCH_BYTES)
		return ERR_LIMIT;
	while (e == OK && next_term(&text, &t)) {
		if (!has_word(t.p, t.n))
			continue;
		if (++count > LIMIT_SEARCH_TERMS)
			return ERR_LIMIT;
		e = add_term(out, &t);
	}
	if (e == OK && count == 0)
		return ERR_INVALID;
	return e == OK ? buf_adds(out, ")") : e;
}

enum err
search_query_scope(struct buf *out, const int64_t *chat_nos, size_t count)
{
	enum err e = buf_adds(out, " AND chat : (");

	for (size_t i = 0; i < count && e == OK; i++)
		e = buf_addf(out, "%sc%lld", i > 0 ? " OR " : "", (long long)chat_nos[i]);
	return e == OK ? buf_adds(out, ")") : e;
}
