#include "refusals.h"

#define OTHERS (-1)

static struct refusal *
entry_of(struct refusals *r, int64_t uid)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i].uid == uid)
			return &r->list[i];
	if (r->count >= REFUSALS_MAX && uid != OTHERS)
		return entry_of(r, OTHERS);
	r->list[r->count] = (struct refusal){ .uid = uid, .answered_ms = -REFUSALS_ANSWER_MS };
	return &r->list[r->count++];
}

struct refusal_advice
refusals_note(struct refusals *r, int64_t uid, int64_t now_ms)
{
	struct refusal *e = entry_of(r, uid);
	struct refusal_advice advice = {
		.is_first = e->count == 0,
		.is_answer = now_ms - e->answered_ms >= REFUSALS_ANSWER_MS,
	};

	e->count++;
	if (advice.is_answer)
		e->answered_ms = now_ms;
	return advice;
}
