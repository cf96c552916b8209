/*
 * push_load - load generator and checker for servers of the Pusher protocol: push_load --help.
 *
 * Rooms, in push/: load_options (command line), load_crowd (subscribers), load_publisher,
 * load_payload, load_frame and load_tally (pure), load_usage (/proc), poller (epoll).
 */
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "push/fail.h"
#include "push/load_crowd.h"
#include "push/load_publisher.h"
#include "push/load_usage.h"

#define ROUND_NS INT64_C(100000000)  /* progress is looked at so often */
#define SURPLUS_NS INT64_C(50000000) /* for what comes although nothing is awaited */

struct load {
	struct load_options options;
	struct poller poller;
	struct payload_format format;
	struct tally tally;
	struct crowd crowd;
	struct publisher publisher;
	uint64_t first, next,
	    end;           /* messages of this phase: its first, to be sent next, behind it */
	uint64_t first_ns; /* when the first was sent; 0: not yet */
	uint64_t late_ns;  /* how much the publisher was behind its rate at most */
	bool has_given_up;
};

/* What is printed. */
struct figures {
	double connect_s, connect_cpu_s, idle_cpu_s, kb_each, rss_mb, rss_end_mb;
	double seconds, cpu_s, own_cpu_s;
	uint64_t delivered;
};

static void
raise_descriptors(size_t connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < connections + 64)
		fail("the limit of open files is too low for %zu connections", connections);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- publishing --- */

/* Nanoseconds until the next message is due, 0: now. */
static int64_t
until_due(const struct load *l, uint64_t now_ns)
{
	uint64_t due_ns;

	if (l->options.rate <= 0 || l->first_ns == 0)
		return 0;
	due_ns = l->first_ns + (uint64_t)((double)(l->next - l->first) * 1e9 / l->options.rate);
	return now_ns < due_ns ? (int64_t)(due_ns - now_ns) : 0;
}

static void
note_lateness(struct load *l, uint64_t now_ns)
{
	uint64_t due_ns =
	    l->first_ns + (uint64_t)((double)(l->next - l->first) * 1e9 / l->options.rate);

	if (now_ns > due_ns && now_ns - due_ns > l->late_ns)
		l->late_ns = now_ns - due_ns;
}

/* Messages count by their deliveries, so that window means the same for one channel and many. */
static bool
is_window_full(const struct load *l, size_t members)
{
	const struct load_options *o = &l->options;
	uint64_t flying = tally_flying(&l->tally);

	return o->rate <= 0 && flying > 0 &&
	       flying + members > o->window * o->connections / o->channels;
}

/* Publishes what may be published now. Returns nanoseconds to wait for the next, -1: for events. */
static int64_t
pump(struct load *l)
{
	while (l->next < l->end) {
		uint64_t now_ns = load_now_ns(), channel = l->next % l->options.channels;
		size_t members = crowd_members(&l->crowd, channel);
		int64_t wait_ns = until_due(l, now_ns);

		if (wait_ns > 0)
			return wait_ns;
		if (is_window_full(l, members) ||
		    !publisher_send(&l->publisher, channel, l->next / l->options.channels))
			return -1;
		if (l->first_ns == 0)
			l->first_ns = l->crowd.progress_ns = now_ns;
		else if (l->options.rate > 0)
			note_lateness(l, now_ns);
		l->tally.expected += members;
		l->next++;
	}
	return -1;
}

/* A long round must not hold back a publisher at a fixed rate. */
static void
on_interval(void *ctx)
{
	struct load *l = ctx;

	if (l->options.rate > 0)
		(void)pump(l);
}

/* --- phases --- */

static void
round_of(struct load *l, int64_t wait_ns)
{
	poller_wait(&l->poller, wait_ns < 0 || wait_ns > ROUND_NS ? ROUND_NS : wait_ns);
	if ((double)(load_now_ns() - l->crowd.progress_ns) / 1e9 > l->options.give_up)
		l->has_given_up = true;
}

static double
connect_all(struct load *l)
{
	uint64_t start_ns = load_now_ns();
	const struct load_options *o = &l->options;

	l->crowd.progress_ns = start_ns;
	while (l->crowd.ready < o->connections) {
		while (l->crowd.opened < o->connections &&
		       l->crowd.opened - l->crowd.ready < o->connecting_at_once)
			crowd_open_next(&l->crowd);
		round_of(l, -1);
		if (l->has_given_up)
			fail("connections that were not made: %zu of %zu",
			    o->connections - l->crowd.ready, o->connections);
	}
	return (double)(load_now_ns() - start_ns) / 1e9;
}

static void
hold(struct load *l, int64_t ns)
{
	uint64_t end_ns = load_now_ns() + (uint64_t)ns, now_ns;

	while ((now_ns = load_now_ns()) < end_ns) {
		l->crowd.progress_ns = now_ns;
		round_of(l, (int64_t)(end_ns - now_ns));
	}
}

static void
publish(struct load *l, uint64_t count)
{
	l->first = l->next;
	l->end = l->next + count;
	l->first_ns = 0;
	l->crowd.progress_ns = load_now_ns();
	while (!l->has_given_up && (l->next < l->end || tally_flying(&l->tally) > 0))
		round_of(l, pump(l));
	l->tally.lost += tally_flying(&l->tally);
}

static void
measure(struct load *l, struct figures *f)
{
	struct usage before, after;
	uint64_t delivered;

	publisher_open(&l->publisher, &l->options, &l->poller, &l->format);
	if (l->options.warmup > 0)
		publish(l, l->options.warmup);
	before = usage_of(l->options.pids);
	delivered = l->tally.delivered;
	f->own_cpu_s = usage_own_cpu_s();
	l->late_ns = 0;
	l->tally.bytes = 0;
	l->tally.is_measuring = true;
	if (!l->has_given_up)
		publish(l, l->options.messages);
	after = usage_of(l->options.pids);
	f->cpu_s = after.cpu_s - before.cpu_s;
	f->own_cpu_s = usage_own_cpu_s() - f->own_cpu_s;
	f->rss_end_mb = after.rss_kb / 1024;
	f->delivered = l->tally.delivered - delivered;
	f->seconds = (double)(l->tally.last_ns - l->first_ns) / 1e9;
	hold(l, SURPLUS_NS);
	publisher_close(&l->publisher);
}

static void
run(struct load *l, struct figures *f)
{
	struct usage start = usage_of(l->options.pids), connected, held;

	f->connect_s = connect_all(l);
	connected = usage_of(l->options.pids);
	f->connect_cpu_s = connected.cpu_s - start.cpu_s;
	hold(l, (int64_t)(l->options.idle_s * 1e9));
	held = usage_of(l->options.pids);
	f->idle_cpu_s = held.cpu_s - connected.cpu_s;
	f->kb_each = (held.rss_kb - start.rss_kb) / (double)l->options.connections;
	f->rss_mb = held.rss_kb / 1024;
	if (l->options.publish_by != PUBLISH_NOTHING)
		measure(l, f);
}

/* --- what came of it --- */

static double
ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static json_t *
report(const struct load *l, const struct figures *f)
{
	const struct load_options *o = &l->options;
	const struct histogram *h = &l->tally.latency;
	double n = (double)f->delivered, connections = (double)o->connections;
	json_t *all = json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "connections",
	    (json_int_t)o->connections, "connect_per_s", ratio(connections, f->connect_s),
	    "connect_cpu_us", f->connect_cpu_s * 1e6 / connections, "kb_each", f->kb_each, "rss_mb",
	    f->rss_mb, "idle_cpu_s", f->idle_cpu_s, "rss_end_mb", f->rss_end_mb);
	json_t *messages = json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
	    "delivered", (json_int_t)f->delivered, "seconds", f->seconds, "per_s",
	    ratio(n, f->seconds), "mb_per_s", ratio((double)l->tally.bytes / 1e6, f->seconds),
	    "p50_us", histogram_us(h, 0.5), "p99_us", histogram_us(h, 0.99), "max_us",
	    (double)h->max / 1e3, "cpu_s_per_million", ratio(f->cpu_s * 1e6, n), "own_cpu_share",
	    ratio(f->own_cpu_s, f->seconds), "late_ms", (double)l->late_ns / 1e6);
	json_t *bad = json_pack("{s:I, s:I, s:I, s:b}", "lost", (json_int_t)l->tally.lost,
	    "reordered", (json_int_t)l->tally.reordered, "corrupt", (json_int_t)l->tally.corrupt,
	    "has_given_up", l->has_given_up);

	if (json_object_update_new(all, messages) != 0 || json_object_update_new(all, bad) != 0)
		abort();
	return all;
}

int
main(int argc, char **argv)
{
	struct load *l = xcalloc(1, sizeof *l);
	struct figures f = { .connect_s = 0 };
	json_t *said;
	bool is_bad;

	log_init("push_load", LOG_INFO);
	(void)signal(SIGPIPE, SIG_IGN);
	load_options_parse(argc, argv, &l->options);
	raise_descriptors(l->options.connections);
	payload_format_init(&l->format, l->options.size);
	poller_open(&l->poller);
	l->poller.on_interval = on_interval;
	l->poller.ctx = l;
	crowd_init(&l->crowd, &l->options, &l->poller, &l->format, &l->tally);
	run(l, &f);
	is_bad = l->tally.lost + l->tally.reordered + l->tally.corrupt > 0 || l->has_given_up;
	said = report(l, &f);
	(void)json_dumpf(said, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	(void)putchar('\n');
	json_decref(said);
	crowd_close(&l->crowd);
	close_fd(&l->poller.fd);
	payload_format_free(&l->format);
	free(l);
	return is_bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
