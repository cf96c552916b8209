/*
 * env_file - the text of a .env file -> names and values.
 *
 * Accepts what phpdotenv accepts and people write: comments, `export `, 'literal', "with \n
 * escapes and ${VAR}", bare values up to " #", CRLF, a BOM, values over several lines inside
 * quotes. ${VAR} is taken from an earlier line of the file, else from lookup (the environment).
 *
 * Pure; fuzzed. Owns: entries, env_file_free.
 * Errors: a bad line is skipped and told to on_problem with its line number; ERR_LIMIT when the
 *         text is larger than LIMIT_ENV_BYTES or has a NUL (nothing is taken then).
 */
#ifndef ENV_FILE_H
#define ENV_FILE_H

#include <stddef.h>

#include "util.h"

struct env_entry {
	char *name, *value;
	size_t line;
};

struct env_file {
	struct env_entry *entries;
	size_t count;
};

typedef const char *(*env_lookup_fn)(void *arg, const char *name); /* borrowed, or NULL */
typedef void (*env_problem_fn)(void *arg, size_t line, const char *what);

enum err env_file_parse(const char *p, size_t n, env_lookup_fn lookup, env_problem_fn on_problem,
    void *arg, struct env_file *out) MUST_CHECK;

/* The last entry of that name wins, as in phpdotenv; NULL if there is none. */
const struct env_entry *env_file_find(const struct env_file *f, const char *name);
void env_file_free(struct env_file *f);

#endif
