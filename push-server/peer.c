#include "peer.h"

#include "pusher_json.h"

enum err
peer_send(struct peer *p, struct frame *f)
{
	bool was_empty = outbox_is_empty(&p->outbox);

	if (peer_has_ended(p))
		return OK;
	if (was_empty && p->transport->write(p, f))
		return OK;
	if (outbox_push(&p->outbox, f) != OK) {
		outbox_clear(&p->outbox);
		peer_end(p, 4100, "You read too slowly");
		return ERR_LIMIT;
	}
	if (was_empty)
		p->transport->wake(p);
	return OK;
}

enum err
peer_give(struct peer *p, struct frame *f)
{
	enum err e = peer_send(p, f);

	frame_unref(f);
	return e;
}

void
peer_end(struct peer *p, uint16_t code, const char *text)
{
	struct frame *last;

	if (peer_has_ended(p))
		return;
	p->close_code = code;
	if (text == NULL) {
		p->transport->wake(p);
		return;
	}
	last = pusher_error(code, text);
	/* a full outbox must not keep the reason from the one who reads at last */
	if (outbox_push(&p->outbox, last) != OK) {
		outbox_clear(&p->outbox);
		(void)!outbox_push(&p->outbox, last);
	}
	frame_unref(last);
	p->transport->wake(p);
}
