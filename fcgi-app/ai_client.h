/*
 * ai_client - a thousand answers at once, from one thread.
 *
 * Within one reply the client itself walks: the model, on 404 the fallback model, and when both
 * are unknown the newest stable everyday model of the provider's list; thinkingConfig is left
 * out where the model refuses it; where there is no stream route the unary one is used. What it
 * learns it keeps for the life of the process (a missing model for a while only). Waiting and
 * trying again is the caller's: ai_retry.
 *
 * Owns:    what it is given is copied. A reply belongs to the client: it is gone after on_end or
 *          ai_client_cancel.
 * Threads: one. Callbacks come from ai_client_poll only, and may start and cancel any reply,
 *          their own included; they must not poll or free the client.
 * Units:   milliseconds. Errors: see each call; what the peer does wrong ends in on_end.
 * Proxy:   https_proxy, http_proxy, all_proxy, no_proxy of the environment, as curl reads them.
 */
#ifndef AI_CLIENT_H
#define AI_CLIENT_H

#include "ai_provider.h"
#include "ai_retry.h"

struct ai_client;
struct ai_reply;

struct ai_client_options {
	const char *provider;    /* NULL or "": gemini */
	const char *base_url;    /* "https://host[/prefix]"; its scheme is the only one allowed */
	const char *api_version; /* NULL or "": v1beta */
	const char *key;         /* NULL or "": no key is sent */
	const char *model, *fallback_model;                /* when a prompt names none */
	const char *ca_file;                               /* NULL: the system's */
	long connect_ms, first_byte_ms, idle_ms, total_ms; /* 0: limit.h */
	long max_connections;                              /* 0: as many as replies need */
};

struct ai_outcome {
	bool ok; /* finished, and there was text */
	bool had_text;
	enum ai_phase phase; /* where a failure happened */
	enum ai_finish finish;
	struct ai_usage usage;     /* as last heard, also of a failed attempt */
	char model[AI_MODEL_SIZE]; /* that answered, or that was asked last */
	char response_id[AI_ID_SIZE];
	struct ai_failure failure; /* kind AI_FAIL_NONE when ok */
};

/* text: whole UTF-8 characters, never empty, not NUL-terminated. */
struct ai_sink {
	void (*on_text)(void *arg, const char *text, size_t n);
	void (*on_end)(void *arg, const struct ai_outcome *outcome);
};

/* NULL: the options are unusable (base URL, key with control bytes, provider); logged. */
struct ai_client *ai_client_new(const struct ai_client_options *options);
void ai_client_free(struct ai_client *client); /* cancels what runs; NULL is fine */

/* Never NULL: also what fails at once fails in on_end. sink must outlive the reply. */
struct ai_reply *ai_client_start(struct ai_client *client, const struct ai_prompt *prompt,
    const struct ai_sink *sink, void *arg);

/* What was heard so far, and of which model: what a reply that is given up has cost. */
void ai_client_heard(
    const struct ai_reply *reply, struct ai_usage *out_usage, char out_model[AI_MODEL_SIZE]);

/* No callback comes afterwards; the transfer is closed, within on_text when that returns. */
void ai_client_cancel(struct ai_client *client, struct ai_reply *reply);

/*
 * Waits for the provider, for one of extra_fds (at most 32) to be readable or for timeout_ms
 * (negative: without end), then works once. Bit i of *out_ready: extra_fds[i] is readable or
 * broken. ERR_IO: logged.
 */
enum err ai_client_poll(struct ai_client *client, int timeout_ms, const int *extra_fds,
    size_t n_extra, unsigned *out_ready) MUST_CHECK;

size_t ai_client_active(const struct ai_client *client); /* replies that run */

/* NULL, or one sentence for health that stays until the next poll. */
const char *ai_client_note(const struct ai_client *client);

#endif
