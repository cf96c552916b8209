/*
 * directives - what a reply shall look like and how it shall fail, as tests ask for it.
 *
 *   [[bytes=5000,seed=7,frames=40,delay=20]]        in the last user text
 *   --fault=first=300,delay=40                      on the command line
 *   {"status":429,"retry_delay":"0.2s","times":1}   in the control queue
 *
 * README.md lists every name. Pure. Owns nothing: a struct directives is a plain value.
 * Errors: ERR_INVALID with a sentence in why: an unknown name, or a value out of its range.
 */
#ifndef DIRECTIVES_H
#define DIRECTIVES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define DIRECTIVE_UNSET (-1) /* of the numbers; 0 is a value: reset_after=0 is before any text */
#define DIRECTIVE_WORD 48
#define DIRECTIVE_BYTES_MAX (16 << 20)
#define DIRECTIVES_WHY 160

struct directives {
	/* the text; without echo and bytes it is the demonstration answer */
	bool echo;
	int64_t bytes, seed;
	/* its shape */
	int64_t frames, chunk, first, delay, slice;
	bool thoughts, no_last_empty, finish_everywhere, lf, done_marker, comments, ascii, stamp;
	/* instead of an answer */
	int64_t status, late, no_stream;
	bool per_day, limit_zero, plain_json, hang;
	char retry_delay[DIRECTIVE_WORD];
	/* in the middle, after so many frames of text */
	int64_t stall_after, error_after, bare_error_after, reset_after, drop_after, cut_after,
	    code;
	bool torn;
	/* in the end */
	bool empty_stop, thoughts_only;
	char finish[DIRECTIVE_WORD], block[DIRECTIVE_WORD];
	/* all faults only for the first so many attempts of one prompt */
	int64_t times;
};

void directives_init(struct directives *d);

/* "name=value,name,...": sets what is named, leaves the rest. */
enum err directives_parse(
    struct directives *d, const char *p, size_t n, char why[DIRECTIVES_WHY]) MUST_CHECK;

/* {"name": number | string | bool, ...}; only read (Jansson iterates over no const) */
enum err directives_parse_json(
    struct directives *d, json_t *object, char why[DIRECTIVES_WHY]) MUST_CHECK;

/*
 * Takes the [[...]] groups out of a person's text; what remains, trimmed, is appended to rest.
 * A group is ours if its first name is: anything else in double brackets stays text.
 */
enum err directives_take(struct directives *d, const char *p, size_t n, struct buf *rest,
    char why[DIRECTIVES_WHY]) MUST_CHECK;

/* Everything that makes an attempt fail; text and shape stay. */
void directives_drop_faults(struct directives *d);

#endif
