#include "packet.h"

#include <stdlib.h>

void
packet_init(struct packet *p, struct push_link *link)
{
	*p = (struct packet){ .link = link, .lines = BUF_INIT(LIMIT_DATAGRAM_BYTES) };
}

void
packet_free(struct packet *p)
{
	buf_free(&p->lines);
	free(p->replies);
	free(p->taken);
	free(p->taken_in);
}

static void
take(struct packet *p, int64_t id)
{
	if (p->taken_count == p->taken_cap) {
		p->taken_cap = p->taken_cap > 0 ? 2 * p->taken_cap : 64;
		p->taken = xrealloc(p->taken, p->taken_cap, sizeof *p->taken);
		p->taken_in = xrealloc(p->taken_in, p->taken_cap, sizeof *p->taken_in);
	}
	p->taken_in[p->taken_count] = push_link_sent(p->link);
	p->taken[p->taken_count++] = id;
}

void
packet_clear(struct packet *p)
{
	buf_clear(&p->lines);
	for (size_t i = 0; i < p->reply_count; i++)
		p->replies[i]->is_in_packet = false;
	p->reply_count = p->row_count = 0;
}

static void
drop_deltas(struct packet *p)
{
	for (size_t i = 0; i < p->reply_count; i++)
		p->replies[i]->push_seq = 0;
}

/* What was in it is with the push server. */
static void
sent(struct packet *p)
{
	drop_deltas(p);
	for (size_t i = 0; i < p->row_count; i++) {
		if (p->rows[i] > 0)
			take(p, p->rows[i]);
		p->last_row = llabs(p->rows[i]);
	}
	packet_clear(p);
}

enum err
packet_send(struct packet *p, int64_t now_ms)
{
	enum err e = OK;

	if (p->lines.len > 0) /* else there may be rows without a line */
		e = push_link_send(p->link, p->lines.data, p->lines.len, now_ms);
	if (e == OK) {
		sent(p);
		return OK;
	}
	if (e != ERR_BUSY)
		drop_deltas(p);
	packet_clear(p);
	return e;
}

enum err
packet_add(struct packet *p, const struct notify_line *line, int64_t now_ms)
{
	enum err e = notify_line_write(&p->lines, line);

	if (e != ERR_LIMIT || p->lines.len == 0)
		return e;
	if ((e = packet_send(p, now_ms)) != OK)
		return e;
	return notify_line_write(&p->lines, line);
}

void
packet_note_reply(struct packet *p, struct reply *r)
{
	if (p->reply_count == p->reply_cap) {
		p->reply_cap = p->reply_cap > 0 ? 2 * p->reply_cap : 64;
		p->replies = xrealloc(p->replies, p->reply_cap, sizeof(struct reply *));
	}
	p->replies[p->reply_count++] = r;
	r->is_in_packet = true;
}

void
packet_note_row(struct packet *p, int64_t id)
{
	p->rows[p->row_count++] = id;
}

void
packet_pass_over(struct packet *p, int64_t id)
{
	packet_note_row(p, -id);
}

size_t
packet_arrived(const struct packet *p)
{
	int64_t arrived = push_link_taken(p->link);
	size_t n = 0;

	while (n < p->taken_count && p->taken_in[n] <= arrived)
		n++;
	return n;
}

void
packet_deleted(struct packet *p, size_t count)
{
	if (count == 0)
		return;
	p->taken_count -= count;
	memmove(p->taken, p->taken + count, p->taken_count * sizeof *p->taken);
	memmove(p->taken_in, p->taken_in + count, p->taken_count * sizeof *p->taken_in);
}
