#include "load_options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "load_payload.h"
#include "util.h"

/* Connections of one source address; the next 20,000 get another. */
#define CONNECTIONS_MAX 100000

static const char help[] =
    "usage: push_load --port N [option ...]\n"
    "\n"
    "Opens subscribers on a server of the Pusher protocol at 127.0.0.1, publishes, and checks at\n"
    "each subscriber that every message comes once, whole and in order. Prints one JSON object.\n"
    "One thread: give it a CPU of its own (taskset -c 1).\n"
    "\n"
    "  --connections N     subscribers (100)\n"
    "  --channels N        spread over so many channels, bench-0 and on (1)\n"
    "  --at-once N         connections that are being set up at once (128)\n"
    "  --datagram PATH     publish by the Unix datagram socket\n"
    "  --http              publish by the signed Pusher HTTP API\n"
    "  --text TEMPLATE     of a message: %c channel, %d payload (what push-server takes)\n"
    "  --messages N        to be measured (1000)\n"
    "  --warmup N          sent before that (0)\n"
    "  --size BYTES        of a payload, at least 32 (200)\n"
    "  --window N          at most so many messages undelivered (16); 1: one at a time\n"
    "  --rate N            so many messages a second, instead of --window\n"
    "  --idle SECONDS      hold the connections before publishing\n"
    "  --give-up SECONDS   without progress (30)\n"
    "  --server PID[,PID]  whose CPU time and memory are reported\n"
    "  --key, --app, --secret\n"
    "\n"
    "Ends with 0 when all was delivered in order, with 1 if not, with 2 after a wrong option.\n";

static const char datagram_text[] =
    "{\"v\":1,\"app\":\"local\",\"channels\":[\"%c\"],\"name\":\"msg\",\"data\":\"%d\"}";
static const char http_text[] = "{\"name\":\"msg\",\"channel\":\"%c\",\"data\":\"%d\"}";

_Noreturn static void
leave(FILE *to, const char *text, int status)
{
	(void)fputs(text, to);
	exit(status); /* NOLINT(concurrency-mt-unsafe): no other thread */
}

static double
number(const char *text, double min, double max)
{
	char *end;
	double v = strtod(text, &end);

	if (*text == '\0' || *end != '\0' || !(v >= min && v <= max))
		leave(stderr, "push_load: a number is out of range; try --help\n", 2);
	return v;
}

static size_t
count(const char *text, size_t min, size_t max)
{
	return (size_t)number(text, (double)min, (double)max);
}

static void
complete(struct load_options *o)
{
	if (o->port == 0 || o->channels > o->connections)
		leave(stderr,
		    "push_load: --port is needed, and no more channels than connections\n", 2);
	if (o->text == NULL)
		o->text = o->publish_by == PUBLISH_HTTP ? http_text : datagram_text;
}

/* clang-format off */
void
load_options_parse(int argc, char **argv, struct load_options *out)
{
	enum { PORT = 256, CONNECTIONS, CHANNELS, AT_ONCE, DATAGRAM, HTTP, TEXT, MESSAGES, WARMUP,
		SIZE, WINDOW, RATE, IDLE, GIVE_UP, SERVER, KEY, APP, SECRET, HELP };
	static const struct option names[] = {
		{ "port", 1, 0, PORT }, { "connections", 1, 0, CONNECTIONS },
		{ "channels", 1, 0, CHANNELS }, { "at-once", 1, 0, AT_ONCE },
		{ "datagram", 1, 0, DATAGRAM }, { "http", 0, 0, HTTP }, { "text", 1, 0, TEXT },
		{ "messages", 1, 0, MESSAGES }, { "warmup", 1, 0, WARMUP }, { "size", 1, 0, SIZE },
		{ "window", 1, 0, WINDOW }, { "rate", 1, 0, RATE }, { "idle", 1, 0, IDLE },
		{ "give-up", 1, 0, GIVE_UP }, { "server", 1, 0, SERVER }, { "key", 1, 0, KEY },
		{ "app", 1, 0, APP }, { "secret", 1, 0, SECRET }, { "help", 0, 0, HELP },
		{ NULL, 0, NULL, 0 },
	};
	struct load_options o = { .key = "local", .app_id = "local", .secret = "local",
		.connections = 100, .channels = 1, .connecting_at_once = 128, .messages = 1000,
		.window = 16, .size = 200, .give_up = 30 };
	int c;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case PORT: o.port = (uint16_t)count(optarg, 1, UINT16_MAX); break;
		case CONNECTIONS: o.connections = count(optarg, 1, CONNECTIONS_MAX); break;
		case CHANNELS: o.channels = count(optarg, 1, CONNECTIONS_MAX); break;
		case AT_ONCE: o.connecting_at_once = count(optarg, 1, CONNECTIONS_MAX); break;
		case DATAGRAM: o.publish_by = PUBLISH_DATAGRAM; o.socket = optarg; break;
		case HTTP: o.publish_by = PUBLISH_HTTP; break;
		case TEXT: o.text = optarg; break;
		case MESSAGES: o.messages = count(optarg, 1, SIZE_MAX / 2); break;
		case WARMUP: o.warmup = count(optarg, 0, SIZE_MAX / 2); break;
		case SIZE: o.size = count(optarg, PAYLOAD_BYTES_MIN, 100000); break;
		case WINDOW: o.window = count(optarg, 1, 1000000); break;
		case RATE: o.rate = number(optarg, 0.001, 1e6); break;
		case IDLE: o.idle_s = number(optarg, 0, 1e6); break;
		case GIVE_UP: o.give_up = number(optarg, 0.001, 1e6); break;
		case SERVER: o.pids = optarg; break;
		case KEY: o.key = optarg; break;
		case APP: o.app_id = optarg; break;
		case SECRET: o.secret = optarg; break;
		case HELP: leave(stdout, help, 0);
		default: leave(stderr, "push_load: try --help\n", 2);
		}
	if (optind < argc)
		leave(stderr, "push_load: try --help\n", 2);
	complete(&o);
	*out = o;
}
/* clang-format on */
