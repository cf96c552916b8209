#include "metrics.h"

#include <inttypes.h>
#include <stddef.h>

/*
 * Rows of one family stand together; help is on its first row, the others repeat the name. What
 * has no row is told by app (app_metrics.c).
 */
static const struct {
	const char *family, *label, *help;
} table[METRIC_COUNT] = {
	/* clang-format off */
	[METRIC_DATAGRAMS] = { "charla_push_datagrams_total", "", "Datagrams read, refused ones included." },
	[METRIC_HTTP_REQUESTS] = { "charla_push_http_requests_total", "", "HTTP requests answered." },
	[METRIC_ACCEPT_PAUSED] = { "charla_push_accept_paused_total", "", "Pauses of accepting: no descriptor was free." },
	[METRIC_EVICTED] = { "charla_push_evicted_total", "", "Connections closed by an evict line." },
	[METRIC_TERMINATED] = { "charla_push_terminated_total", "", "Connections closed by terminate_connections." },
	[METRIC_CACHE_DROPPED] = { "charla_push_cache_dropped_total", "", "Events of cache channels forgotten early, for want of room." },
	[METRIC_REFUSED_KEY] = { "charla_push_refused_total", "reason=\"unknown_key\"", "Connections refused." },
	[METRIC_REFUSED_PROTOCOL] = { "charla_push_refused_total", "reason=\"protocol\"", NULL },
	[METRIC_REFUSED_ORIGIN] = { "charla_push_refused_total", "reason=\"origin\"", NULL },
	[METRIC_REFUSED_CAPACITY] = { "charla_push_refused_total", "reason=\"capacity\"", NULL },
	[METRIC_REFUSED_DISABLED] = { "charla_push_refused_total", "reason=\"disabled\"", NULL },
	[METRIC_REFUSED_ADDRESS] = { "charla_push_refused_total", "reason=\"address\"", NULL },
	[METRIC_REFUSED_UPGRADE] = { "charla_push_refused_total", "reason=\"upgrade\"", NULL },
	[METRIC_CLOSED_SLOW] = { "charla_push_closed_total", "reason=\"slow_reader\"", "Connections ended by the server." },
	[METRIC_CLOSED_SILENT] = { "charla_push_closed_total", "reason=\"no_pong\"", NULL },
	[METRIC_CLOSED_DRAIN] = { "charla_push_closed_total", "reason=\"drain\"", NULL },
	[METRIC_CLOSED_TOO_LONG] = { "charla_push_closed_total", "reason=\"message_too_long\"", NULL },
	[METRIC_CLOSED_FRAGMENTS] = { "charla_push_closed_total", "reason=\"too_many_fragments\"", NULL },
	[METRIC_CLOSED_PROTOCOL] = { "charla_push_closed_total", "reason=\"websocket_protocol\"", NULL },
	[METRIC_CLOSED_UNAUTHORISED] = { "charla_push_closed_total", "reason=\"not_authorised\"", NULL },
	[METRIC_CLOSED_SIGNIN] = { "charla_push_closed_total", "reason=\"signin\"", NULL },
	[METRIC_BAD_MESSAGE] = { "charla_push_messages_refused_total", "reason=\"not_pusher\"", "Client messages refused." },
	[METRIC_SUBSCRIBE_BAD_NAME] = { "charla_push_messages_refused_total", "reason=\"channel_name\"", NULL },
	[METRIC_SUBSCRIBE_BAD_AUTH] = { "charla_push_messages_refused_total", "reason=\"channel_auth\"", NULL },
	[METRIC_SUBSCRIBE_TOO_MANY] = { "charla_push_messages_refused_total", "reason=\"channel_count\"", NULL },
	[METRIC_SUBSCRIBE_BAD_MEMBER] = { "charla_push_messages_refused_total", "reason=\"channel_data\"", NULL },
	[METRIC_SUBSCRIBE_FULL] = { "charla_push_messages_refused_total", "reason=\"presence_full\"", NULL },
	[METRIC_CLIENT_EVENT_REFUSED] = { "charla_push_messages_refused_total", "reason=\"client_event\"", NULL },
	[METRIC_CLIENT_EVENT_RATE] = { "charla_push_messages_refused_total", "reason=\"client_event_rate\"", NULL },
	[METRIC_WATCHLIST_CUT] = { "charla_push_messages_refused_total", "reason=\"watchlist\"", NULL },
	[METRIC_DATAGRAM_BAD_LINE] = { "charla_push_datagram_refused_total", "reason=\"bad_line\"", "Datagrams or their lines dropped." },
	[METRIC_DATAGRAM_TOO_LONG] = { "charla_push_datagram_refused_total", "reason=\"too_long\"", NULL },
	[METRIC_DATAGRAM_UNKNOWN_APP] = { "charla_push_datagram_refused_total", "reason=\"unknown_app\"", NULL },
	[METRIC_DATAGRAM_REFUSED_UID] = { "charla_push_datagram_refused_total", "reason=\"uid\"", NULL },
	[METRIC_HTTP_BAD_SIGNATURE] = { "charla_push_http_refused_total", "reason=\"signature\"", "HTTP API requests refused." },
	[METRIC_HTTP_BAD_REQUEST] = { "charla_push_http_refused_total", "reason=\"bad_request\"", NULL },
	[METRIC_HTTP_FORBIDDEN] = { "charla_push_http_refused_total", "reason=\"forbidden\"", NULL },
	[METRIC_HTTP_NOT_FOUND] = { "charla_push_http_refused_total", "reason=\"not_found\"", NULL },
	[METRIC_HTTP_TOO_LARGE] = { "charla_push_http_refused_total", "reason=\"too_large\"", NULL },
	[METRIC_HTTP_TIMEOUT] = { "charla_push_http_refused_total", "reason=\"timeout\"", NULL },
	[METRIC_HTTP_RATE] = { "charla_push_http_refused_total", "reason=\"rate\"", NULL },
	[METRIC_HTTP_BUSY] = { "charla_push_http_refused_total", "reason=\"busy\"", NULL },
	[METRIC_WEBHOOK_EVENTS] = { "charla_push_webhook_events_total", "", "Events for a webhook's receiver." },
	[METRIC_WEBHOOK_TAKEN] = { "charla_push_webhook_posts_total", "result=\"taken\"", "Posts to receivers, by their end." },
	[METRIC_WEBHOOK_RETRIED] = { "charla_push_webhook_posts_total", "result=\"retried\"", NULL },
	[METRIC_WEBHOOK_DROPPED_QUEUE] = { "charla_push_webhook_dropped_total", "reason=\"queue_full\"", "Webhook events or posts given up." },
	[METRIC_WEBHOOK_DROPPED_RETRIES] = { "charla_push_webhook_dropped_total", "reason=\"no_answer\"", NULL },
	[METRIC_WEBHOOK_DROPPED_REMOVED] = { "charla_push_webhook_dropped_total", "reason=\"removed\"", NULL },
	/* clang-format on */
};

static enum err
write_row(struct buf *b, enum metric which, uint64_t value)
{
	const char *family = table[which].family, *label = table[which].label;
	enum err e = OK;

	if (family == NULL)
		return OK;
	if (table[which].help != NULL)
		e = buf_addf(
		    b, "# HELP %s %s\n# TYPE %s counter\n", family, table[which].help, family);
	if (e != OK)
		return e;
	if (*label == '\0')
		return buf_addf(b, "%s %" PRIu64 "\n", family, value);
	return buf_addf(b, "%s{%s} %" PRIu64 "\n", family, label, value);
}

enum err
metrics_write(struct buf *b, const struct metrics *m)
{
	enum err e = OK;

	for (size_t i = 0; i < METRIC_COUNT && e == OK; i++)
		e = write_row(b, (enum metric)i, m->count[i]);
	return e;
}
