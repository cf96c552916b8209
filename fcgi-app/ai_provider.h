/*
 * ai_provider - what every provider of answers looks like to us: bytes to send, bytes read.
 *
 * A provider is pure: it knows no socket, no clock and no key. ai_client moves its bytes.
 *
 * Owns:    a prompt borrows everything; a request and an answer own nothing outside themselves.
 * Threads: any; a provider has no state.
 * Errors:  what the peer did wrong is a struct ai_failure, not an enum err.
 * Trust:   nothing of the peer's is trusted: unknown keys are ignored, ids, roles, numbers and
 *          depth are checked, sizes are capped (limit.h).
 */
#ifndef AI_PROVIDER_H
#define AI_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define AI_MODEL_SIZE 64    /* a model's name, with the NUL */
#define AI_ID_SIZE 64       /* the provider's id of an answer, with the NUL */
#define AI_MESSAGE_SIZE 200 /* a failure in words, for the log */

/* --- what we ask ----------------------------------------------------------------------------- */

enum ai_role { AI_ROLE_SYSTEM, AI_ROLE_USER, AI_ROLE_MODEL };

struct ai_turn {
	enum ai_role role;
	const char *text; /* valid UTF-8 */
	size_t len;
	const char *author; /* NULL, or the name put before a user's text (rooms) */
};

struct ai_prompt {
	const char *system; /* NULL: none; comes before the system turns */
	const struct ai_turn *turns;
	size_t count;
	int max_output_tokens;      /* 0: LIMIT_REPLY_TOKENS; thinking counts too */
	const char *thinking_level; /* NULL or "": the model's default */
	const char *safety; /* threshold of what is blocked; NULL or "": the model's default */
	const char *model;  /* NULL or "": the client's */
	const char *fallback_model; /* NULL or "": the client's */
};

/* --- what came of it ------------------------------------------------------------------------- */

struct ai_usage {
	int64_t prompt, output, thought, cached,
	    total; /* tokens; billed output = output + thought */
};

enum ai_finish {
	AI_FINISH_NONE, /* the peer never said so: the answer is not whole */
	AI_FINISH_STOP,
	AI_FINISH_LENGTH,
	AI_FINISH_BLOCKED,
	AI_FINISH_MALFORMED,
	AI_FINISH_OTHER,
};

enum ai_fail {
	AI_FAIL_NONE,
	AI_FAIL_RATE_LIMITED,  /* too fast; the same request works later */
	AI_FAIL_EXHAUSTED,     /* the quota of the day, or none at all */
	AI_FAIL_OVERLOADED,    /* 5xx */
	AI_FAIL_TIMEOUT,       /* theirs (408, 504) or one of our deadlines */
	AI_FAIL_NETWORK,       /* no connection, or a cut one */
	AI_FAIL_PROTOCOL,      /* an answer that is not the provider's */
	AI_FAIL_INCOMPLETE,    /* the stream ended without a finish */
	AI_FAIL_EMPTY,         /* finished without text */
	AI_FAIL_MALFORMED,     /* the model itself says that its answer is broken */
	AI_FAIL_BLOCKED,       /* safety, recitation, block list */
	AI_FAIL_INVALID,       /* our request is refused as it stands */
	AI_FAIL_TOO_LONG,      /* more tokens than the model takes */
	AI_FAIL_AUTH,          /* key, billing, region: the operator's to cure */
	AI_FAIL_MODEL_MISSING, /* no model of that name, or no longer */
	AI_FAIL_NO_ROUTE,      /* the peer has no such method; ai_client walks on by itself */
	AI_FAIL_THINKING,      /* thinkingConfig is refused; ai_client walks on by itself */
	AI_FAIL_CRASHED,       /* the runner died under it; made by the worker */
	AI_FAIL_COUNT,
};

struct ai_failure {
	enum ai_fail kind;
	int http_status;               /* 0: there was none */
	int64_t retry_after_ms;        /* the peer's wish; 0: none */
	bool is_final;                 /* asking again cannot help, whatever the kind */
	char message[AI_MESSAGE_SIZE]; /* for the operator's log; printable, never the key */
};

/* One answer as it grows: every event adds to it, the last word on each field wins. */
struct ai_answer {
	enum ai_finish finish;
	struct ai_usage usage;
	char model[AI_MODEL_SIZE]; /* "" until known */
	char response_id[AI_ID_SIZE];
	struct ai_failure failure; /* kind AI_FAIL_NONE: none */
};

/* --- the provider ---------------------------------------------------------------------------- */

enum ai_route { AI_ROUTE_STREAM, AI_ROUTE_UNARY, AI_ROUTE_MODELS };

struct ai_provider {
	const char *name;
	const char *key_header; /* "x-goog-api-key": the only place where the key goes */

	/*
	 * The path of a request, appended to path, starting with '/'. name is the model's, or for
	 * AI_ROUTE_MODELS the page token ("" for the first page).
	 * ERR_INVALID: not a name that can stand in a URL.
	 */
	enum err (*build_path)(enum ai_route route, const char *version, const char *name,
	    struct buf *path) MUST_CHECK;

	/*
	 * The JSON of a request (the same for stream and unary), appended to body.
	 * ERR_INVALID: no user turn with text, or text that is not UTF-8.
	 */
	enum err (*build_body)(const struct ai_prompt *prompt, struct buf *body) MUST_CHECK;

	/* The same body without what AI_FAIL_THINKING is about. ERR_NOT_FOUND: nothing to drop. */
	enum err (*drop_thinking)(struct buf *body) MUST_CHECK;

	/*
	 * One event of the stream, or a whole unary body: text is appended to text, the rest
	 * updates answer. ERR_INVALID: not the provider's JSON; ERR_LIMIT: too deep or too much
	 * text. answer.failure then says so as well.
	 */
	enum err (*on_event)(
	    const char *p, size_t n, struct buf *text, struct ai_answer *answer) MUST_CHECK;
	enum err (*on_unary)(
	    const char *p, size_t n, struct buf *text, struct ai_answer *answer) MUST_CHECK;

	/* Any status and body, the empty one included; kind is never AI_FAIL_NONE. */
	void (*classify_error)(int http_status, const char *p, size_t n, struct ai_failure *out);

	/*
	 * One page of the model list: best becomes the newest stable everyday model of what it
	 * held ("" for none) and this page; next the token of the next page or "".
	 */
	enum err (*on_models)(
	    const char *p, size_t n, char best[AI_MODEL_SIZE], struct buf *next) MUST_CHECK;
};

/* All of *out anew; the text is made printable and cut. */
void ai_failure_set(struct ai_failure *out, enum ai_fail kind, int http_status, const char *fmt,
    ...) PRINTF_LIKE(4, 5);

/* By the name in AI_PROVIDER; NULL: we know none of that name. "" and NULL: the default. */
const struct ai_provider *ai_provider_find(const char *name);

#endif
