/*
 * ai_http_priv - what the two halves of ai_http share; nobody else sees curl.
 *
 *   ai_http.c        options, headers, and one transfer from start to free
 *   ai_http_loop.c   sockets, timers, deadlines, and the callbacks to the owner
 */
#ifndef AI_HTTP_PRIV_H
#define AI_HTTP_PRIV_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "ai_http.h"
#include "buf.h"

TAILQ_HEAD(transfer_queue, ai_http_transfer);

struct ai_http_transfer {
	CURL *easy;
	struct ai_http *http;
	const struct ai_http_handler *handler;
	void *arg;
	struct buf in; /* arrived, not yet handed over */
	size_t total;
	int64_t since_ms;             /* the start, or the last byte */
	struct transfer_queue *queue; /* starting or flowing of http */
	TAILQ_ENTRY(ai_http_transfer) link, dirty_link;
	bool is_dirty, is_too_big;
	char error[CURL_ERROR_SIZE];
};

struct ai_http {
	CURLM *multi;
	int epoll_fd;         /* curl's sockets */
	int64_t timer_ms;     /* when curl wants to be called without an event; -1: not at all */
	char *base, *ca_file; /* base: without the last '/' */
	bool is_https;
	struct curl_slist *headers;
	long connect_ms, first_byte_ms, idle_ms, total_ms;
	size_t max_bytes;
	struct transfer_queue starting; /* no byte yet, the oldest first */
	struct transfer_queue flowing;  /* the longest silent first */
	struct transfer_queue dirty;    /* bytes to hand over; by dirty_link */
};

/* --- ai_http.c --- */
void ai_http_enter(
    struct ai_http_transfer *t, struct transfer_queue *queue); /* since now, at its tail */
void ai_http_detach(struct ai_http_transfer *t); /* out of curl and all queues; memory stays */
void ai_http_transfer_free(struct ai_http_transfer *t);

/* --- ai_http_loop.c: called by curl --- */
int ai_http_on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused);
int ai_http_on_timer(CURLM *multi, long timeout_ms, void *arg);
size_t ai_http_on_write(char *p, size_t size, size_t n, void *arg);

#endif
