#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "ai_http_priv.h"
#include "clock.h"
#include "log.h"

/*
 * A thousand answers trickle: two thousand events a second, each in a round of its own. With
 * curl_multi_poll every round asks all thousand (measured: a third of a core); so curl tells us
 * its sockets and its next timer, and an epoll set answers in the number of events.
 *
 * curl forbids to add or remove transfers within its callbacks. So ai_http_on_write only collects
 * what came, and ai_http_poll hands it on when curl has returned: our callers may then start and
 * cancel as they like.
 *
 * First byte and idle have one length each for all transfers, so two queues in the order of
 * their start keep the next deadline at the head: nothing is ever searched. Connect and total
 * are curl's own.
 */

#define EXTRA_FDS_MAX 32
#define EVENTS_A_ROUND 256
#define WAIT_MAX_S INT64_C(1000000000)

/* --- called by curl -------------------------------------------------------------------------- */

/* Called by curl: it wants to hear of this socket, of something else, or no more. */
int
ai_http_on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct ai_http *http = arg;
	struct epoll_event event = { .data.fd = fd };

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(http->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
		       (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
	if (epoll_ctl(http->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 &&
	    epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		return -1; /* curl gives up this transfer */
	return 0;
}

int
ai_http_on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct ai_http *http = arg;

	(void)multi;
	http->timer_ms = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
	return 0;
}

/* Called by curl; curl itself caps what comes at once. */
size_t
ai_http_on_write(char *p, size_t size, size_t n, void *arg)
{
	struct ai_http_transfer *t = arg;
	struct ai_http *http = t->http;

	n *= size;
	if (n == 0)
		return 0;
	if (n > http->max_bytes - t->total || buf_add(&t->in, p, n) != OK) {
		t->is_too_big = true;
		return 0;
	}
	t->total += n;
	ai_http_enter(t, &http->flowing);
	if (!t->is_dirty) {
		t->is_dirty = true;
		TAILQ_INSERT_TAIL(&http->dirty, t, dirty_link);
	}
	return n;
}

/* --- the end of a transfer ------------------------------------------------------------------- */

static enum ai_http_end
end_of(const struct ai_http_transfer *t, CURLcode code)
{
	switch (code) {
	case CURLE_OK: return AI_HTTP_DONE;
	case CURLE_OPERATION_TIMEDOUT: return AI_HTTP_TIMEOUT;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING: return AI_HTTP_GARBAGE;
	default: return t->is_too_big ? AI_HTTP_TOO_BIG : AI_HTTP_NETWORK;
	}
}

static int
status_of(CURL *easy)
{
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static void
end_transfer(struct ai_http_transfer *t, enum ai_http_end end, const char *detail)
{
	curl_off_t retry_after_s = 0;
	struct ai_http_result result = { .end = end, .status = status_of(t->easy) };

	(void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	if (retry_after_s > 0) /* the peer's word, of any size */
		result.retry_after_ms =
		    1000 * (retry_after_s < WAIT_MAX_S ? retry_after_s : WAIT_MAX_S);
	result.detail = detail;
	ai_http_detach(t);
	t->handler->on_done(t->arg, &result);
	ai_http_transfer_free(t);
}

/* --- the loop -------------------------------------------------------------------------------- */

static void
hand_over(struct ai_http *http)
{
	struct ai_http_transfer *t;

	while ((t = TAILQ_FIRST(&http->dirty)) != NULL) {
		TAILQ_REMOVE(&http->dirty, t, dirty_link);
		t->is_dirty = false;
		if (t->handler->on_bytes(t->arg, status_of(t->easy), t->in.data, t->in.len) == OK)
			buf_clear(&t->in);
		else
			ai_http_cancel(http, t);
	}
}

static void
end_what_is_done(struct ai_http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		struct ai_http_transfer *t = NULL;

		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) !=
			CURLE_OK ||
		    t == NULL)
			continue;
		end_transfer(
		    t, end_of(t, code), t->error[0] != '\0' ? t->error : curl_easy_strerror(code));
	}
}

static void
end_what_is_late(struct transfer_queue *queue, int64_t period_ms, const char *detail)
{
	int64_t now_ms = clock_mono_ms();
	struct ai_http_transfer *t;

	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it does not see that an end empties the queue */
	while ((t = TAILQ_FIRST(queue)) != NULL && now_ms - t->since_ms >= period_ms)
		end_transfer(t, AI_HTTP_TIMEOUT, detail);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static int
sooner(int timeout_ms, int64_t at_ms)
{
	int64_t left_ms = at_ms - clock_mono_ms();

	if (left_ms < 0)
		left_ms = 0;
	return left_ms < timeout_ms ? (int)left_ms : timeout_ms;
}

static int
until_next(const struct ai_http *http, int timeout_ms)
{
	const struct ai_http_transfer *t;

	if (timeout_ms < 0)
		timeout_ms = INT32_MAX;
	if (http->timer_ms >= 0)
		timeout_ms = sooner(timeout_ms, http->timer_ms);
	if ((t = TAILQ_FIRST(&http->starting)) != NULL)
		timeout_ms = sooner(timeout_ms, t->since_ms + http->first_byte_ms);
	if ((t = TAILQ_FIRST(&http->flowing)) != NULL)
		timeout_ms = sooner(timeout_ms, t->since_ms + http->idle_ms);
	return timeout_ms;
}

static int
curl_events(uint32_t events)
{
	return (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
	       (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
	       (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
}

/* Lets curl read and write what it can without waiting. */
static enum err
run_curl(struct ai_http *http)
{
	struct epoll_event events[EVENTS_A_ROUND];
	int n = epoll_wait(http->epoll_fd, events, EVENTS_A_ROUND, 0);
	CURLMcode code = CURLM_OK;
	int running;

	for (int i = 0; i < n && code == CURLM_OK; i++)
		code = curl_multi_socket_action(
		    http->multi, events[i].data.fd, curl_events(events[i].events), &running);
	if (code == CURLM_OK && http->timer_ms >= 0 && clock_mono_ms() >= http->timer_ms) {
		http->timer_ms = -1; /* curl sets it anew if it wants */
		code = curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	if (code == CURLM_OK)
		return OK;
	log_error("curl failed error=\"%s\"", curl_multi_strerror(code));
	return ERR_IO;
}

static enum err
wait_for_any(
    struct ai_http *http, int timeout_ms, const int *extra_fds, size_t n_extra, unsigned *out_ready)
{
	struct pollfd fds[1 + EXTRA_FDS_MAX] = { { .fd = http->epoll_fd, .events = POLLIN } };

	for (size_t i = 0; i < n_extra; i++)
		fds[1 + i] = (struct pollfd){ .fd = extra_fds[i], .events = POLLIN };
	*out_ready = 0;
	if (poll(fds, 1 + n_extra, timeout_ms) < 0 && errno != EINTR) {
		log_errno("poll failed");
		return ERR_IO;
	}
	for (size_t i = 0; i < n_extra; i++)
		*out_ready |= fds[1 + i].revents != 0 ? 1U << i : 0;
	return OK;
}

enum err
ai_http_poll(
    struct ai_http *http, int timeout_ms, const int *extra_fds, size_t n_extra, unsigned *out_ready)
{
	unsigned ready = 0;
	enum err e = ERR_INVALID;

	if (n_extra <= EXTRA_FDS_MAX)
		e = wait_for_any(http, until_next(http, timeout_ms), extra_fds, n_extra, &ready);
	if (e == OK)
		e = run_curl(http);
	if (e != OK)
		return e;
	hand_over(http);
	end_what_is_done(http);
	end_what_is_late(&http->starting, http->first_byte_ms, "no byte of the answer in time");
	end_what_is_late(&http->flowing, http->idle_ms, "the answer stopped coming");
	*out_ready = ready;
	return OK;
}
