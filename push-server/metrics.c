#include "metrics.h"

#include <inttypes.h>
#include <stddef.h>

/* Rows of one family stand together; help is on its first row, the others repeat the name. */
static const struct {
	const char *family, *label, *help;
} table[METRIC_COUNT] = {
	/* clang-format off */
	[METRIC_CONNECTIONS_OPENED] = { "push_connections_opened_total", "", "WebSocket connections accepted." },
	[METRIC_CONNECTIONS_CLOSED] = { "push_connections_closed_total", "", "WebSocket connections gone, for any reason." },
	[METRIC_MESSAGES_RECEIVED] = { "push_messages_received_total", "", "WebSocket messages from clients." },
	[METRIC_MESSAGES_SENT] = { "push_messages_sent_total", "", "WebSocket messages to clients." },
	[METRIC_EVENTS_HTTP] = { "push_events_total", "source=\"http\"", "Events published, one a channel." },
	[METRIC_EVENTS_DATAGRAM] = { "push_events_total", "source=\"datagram\"", NULL },
	[METRIC_EVENTS_CLIENT] = { "push_events_total", "source=\"client\"", NULL },
	[METRIC_DATAGRAMS] = { "push_datagrams_total", "", "Datagrams read, refused ones included." },
	[METRIC_HTTP_REQUESTS] = { "push_http_requests_total", "", "HTTP requests answered." },
	[METRIC_ACCEPT_PAUSED] = { "push_accept_paused_total", "", "Pauses of accepting: no descriptor was free." },
	[METRIC_EVICTED] = { "push_evicted_total", "", "Connections closed by an evict line." },
	[METRIC_TERMINATED] = { "push_terminated_total", "", "Connections closed by terminate_connections." },
	[METRIC_CACHE_DROPPED] = { "push_cache_dropped_total", "", "Events of cache channels forgotten early, for want of room." },
	[METRIC_REFUSED_KEY] = { "push_refused_total", "reason=\"unknown_key\"", "Connections refused." },
	[METRIC_REFUSED_PROTOCOL] = { "push_refused_total", "reason=\"protocol\"", NULL },
	[METRIC_REFUSED_ORIGIN] = { "push_refused_total", "reason=\"origin\"", NULL },
	[METRIC_REFUSED_CAPACITY] = { "push_refused_total", "reason=\"capacity\"", NULL },
	[METRIC_REFUSED_DISABLED] = { "push_refused_total", "reason=\"disabled\"", NULL },
	[METRIC_REFUSED_UPGRADE] = { "push_refused_total", "reason=\"upgrade\"", NULL },
	[METRIC_CLOSED_SLOW] = { "push_closed_total", "reason=\"slow_reader\"", "Connections ended by the server." },
	[METRIC_CLOSED_SILENT] = { "push_closed_total", "reason=\"no_pong\"", NULL },
	[METRIC_CLOSED_DRAIN] = { "push_closed_total", "reason=\"drain\"", NULL },
	[METRIC_CLOSED_TOO_LONG] = { "push_closed_total", "reason=\"message_too_long\"", NULL },
	[METRIC_CLOSED_FRAGMENTS] = { "push_closed_total", "reason=\"too_many_fragments\"", NULL },
	[METRIC_CLOSED_UNAUTHORISED] = { "push_closed_total", "reason=\"not_authorised\"", NULL },
	[METRIC_CLOSED_SIGNIN] = { "push_closed_total", "reason=\"signin\"", NULL },
	[METRIC_BAD_MESSAGE] = { "push_messages_refused_total", "reason=\"not_pusher\"", "Client messages refused." },
	[METRIC_SUBSCRIBE_BAD_NAME] = { "push_messages_refused_total", "reason=\"channel_name\"", NULL },
	[METRIC_SUBSCRIBE_BAD_AUTH] = { "push_messages_refused_total", "reason=\"channel_auth\"", NULL },
	[METRIC_SUBSCRIBE_TOO_MANY] = { "push_messages_refused_total", "reason=\"channel_count\"", NULL },
	[METRIC_SUBSCRIBE_BAD_MEMBER] = { "push_messages_refused_total", "reason=\"channel_data\"", NULL },
	[METRIC_SUBSCRIBE_FULL] = { "push_messages_refused_total", "reason=\"presence_full\"", NULL },
	[METRIC_CLIENT_EVENT_REFUSED] = { "push_messages_refused_total", "reason=\"client_event\"", NULL },
	[METRIC_CLIENT_EVENT_RATE] = { "push_messages_refused_total", "reason=\"client_event_rate\"", NULL },
	[METRIC_WATCHLIST_CUT] = { "push_messages_refused_total", "reason=\"watchlist\"", NULL },
	[METRIC_DATAGRAM_BAD_LINE] = { "push_datagram_refused_total", "reason=\"bad_line\"", "Datagrams or their lines dropped." },
	[METRIC_DATAGRAM_TOO_LONG] = { "push_datagram_refused_total", "reason=\"too_long\"", NULL },
	[METRIC_DATAGRAM_UNKNOWN_APP] = { "push_datagram_refused_total", "reason=\"unknown_app\"", NULL },
	[METRIC_DATAGRAM_REFUSED_UID] = { "push_datagram_refused_total", "reason=\"uid\"", NULL },
	[METRIC_HTTP_BAD_SIGNATURE] = { "push_http_refused_total", "reason=\"signature\"", "HTTP API requests refused." },
	[METRIC_HTTP_BAD_REQUEST] = { "push_http_refused_total", "reason=\"bad_request\"", NULL },
	[METRIC_HTTP_FORBIDDEN] = { "push_http_refused_total", "reason=\"forbidden\"", NULL },
	[METRIC_HTTP_NOT_FOUND] = { "push_http_refused_total", "reason=\"not_found\"", NULL },
	[METRIC_HTTP_TOO_LARGE] = { "push_http_refused_total", "reason=\"too_large\"", NULL },
	[METRIC_HTTP_TIMEOUT] = { "push_http_refused_total", "reason=\"timeout\"", NULL },
	[METRIC_HTTP_RATE] = { "push_http_refused_total", "reason=\"rate\"", NULL },
	[METRIC_HTTP_BUSY] = { "push_http_refused_total", "reason=\"busy\"", NULL },
	[METRIC_WEBHOOK_EVENTS] = { "push_webhook_events_total", "", "Events for a webhook's receiver." },
	[METRIC_WEBHOOK_TAKEN] = { "push_webhook_posts_total", "result=\"taken\"", "Posts to receivers, by their end." },
	[METRIC_WEBHOOK_RETRIED] = { "push_webhook_posts_total", "result=\"retried\"", NULL },
	[METRIC_WEBHOOK_DROPPED_QUEUE] = { "push_webhook_dropped_total", "reason=\"queue_full\"", "Webhook events or posts given up." },
	[METRIC_WEBHOOK_DROPPED_RETRIES] = { "push_webhook_dropped_total", "reason=\"no_answer\"", NULL },
	[METRIC_WEBHOOK_DROPPED_REMOVED] = { "push_webhook_dropped_total", "reason=\"removed\"", NULL },
	/* clang-format on */
};

static enum err
write_row(struct buf *b, enum metric which, uint64_t value)
{
	const char *family = table[which].family, *label = table[which].label;
	enum err e = OK;

	if (table[which].help != NULL)
		e = buf_addf(
		    b, "# HELP %s %s\n# TYPE %s counter\n", family, table[which].help, family);
	if (e != OK)
		return e;
	if (*label == '\0')
		return buf_addf(b, "%s %" PRIu64 "\n", family, value);
	return buf_addf(b, "%s{%s} %" PRIu64 "\n", family, label, value);
}

static enum err
write_gauge(struct buf *b, const char *name, const char *help, uint64_t value)
{
	return buf_addf(
	    b, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRIu64 "\n", name, help, name, name, value);
}

enum err
metrics_write(struct buf *b, const struct metrics *m, const struct metrics_now *now)
{
	enum err e;

	if ((e = write_gauge(
		 b, "push_connections", "WebSocket connections open.", now->connections)) != OK ||
	    (e = write_gauge(b, "push_channels", "Channels occupied.", now->channels)) != OK ||
	    (e = write_gauge(b, "push_subscriptions",
		 "Subscriptions, one a connection and channel.", now->subscriptions)) != OK)
		return e;
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if ((e = write_row(b, (enum metric)i, m->count[i])) != OK)
			return e;
	return OK;
}
