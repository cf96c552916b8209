#include "ai_retry.h"

#include <stdlib.h>

#include "limit.h"

#define FIRST_DELAY_MS 1000
#define MAX_DELAY_MS 60000
#define JITTER 0.2

enum counter {
	COUNT_BY_PHASE, /* connect failures before the first text, stream failures after it */
	COUNT_STREAM,   /* a whole answer was paid for */
	COUNT_CRASH,
};

struct rule {
	const char *type; /* what clients see, in `error_type` */
	bool is_retried, is_operators;
	enum counter counter;
	const char *es, *en;
};

#define SENTENCE_LATER_ES "El modelo no responde ahora mismo. Vuelve a intentarlo en un momento."
#define SENTENCE_LATER_EN "The model is not answering right now. Please try again in a moment."
#define SENTENCE_SETUP_ES                                                                          \
	"Este chat no puede hablar con el modelo por un problema de configuración. "              \
	"El administrador lo verá en el registro."
#define SENTENCE_SETUP_EN                                                                          \
	"This chat cannot reach its model because of a configuration problem. "                    \
	"The administrator will find it in the log."
#define SENTENCE_BROKEN_ES "La respuesta llegó incompleta. Puedes pedirla de nuevo."
#define SENTENCE_BROKEN_EN "The answer arrived incomplete. You can ask for it again."

static const struct rule rules[AI_FAIL_COUNT] = {
	[AI_FAIL_NONE] = { "none", .es = "", .en = "" },
	[AI_FAIL_RATE_LIMITED] = { "rate_limited", .is_retried = true,
	    .es = "Hay demasiadas peticiones al modelo. Vuelve a intentarlo en un momento.",
	    .en = "There are too many requests to the model. Please try again in a moment." },
	[AI_FAIL_EXHAUSTED] = { "rate_limited", .is_operators = true,
	    .es = "Se ha agotado la cuota del modelo. Vuelve a intentarlo más tarde.",
	    .en = "The model's quota is used up. Please try again later." },
	[AI_FAIL_OVERLOADED] = { "overloaded", .is_retried = true,
	    .es = "El modelo está saturado. Vuelve a intentarlo en un momento.",
	    .en = "The model is overloaded. Please try again in a moment." },
	[AI_FAIL_TIMEOUT] = { "timeout", .is_retried = true,
	    .es = "El modelo ha tardado demasiado en responder. Vuelve a intentarlo.",
	    .en = "The model took too long to answer. Please try again." },
	[AI_FAIL_NETWORK] = { "network", .is_retried = true, .es = SENTENCE_LATER_ES,
	    .en = SENTENCE_LATER_EN },
	[AI_FAIL_PROTOCOL] = { "upstream", .is_retried = true, .es = SENTENCE_BROKEN_ES,
	    .en = SENTENCE_BROKEN_EN },
	[AI_FAIL_INCOMPLETE] = { "incomplete", .is_retried = true, .counter = COUNT_STREAM,
	    .es = SENTENCE_BROKEN_ES, .en = SENTENCE_BROKEN_EN },
	[AI_FAIL_EMPTY] = { "empty", .is_retried = true, .counter = COUNT_STREAM,
	    .es = "El modelo no ha dado ninguna respuesta. Prueba a preguntar de otra forma.",
	    .en = "The model gave no answer. Try to ask in another way." },
	[AI_FAIL_MALFORMED] = { "upstream", .is_retried = true, .counter = COUNT_STREAM,
	    .es = SENTENCE_BROKEN_ES, .en = SENTENCE_BROKEN_EN },
	[AI_FAIL_BLOCKED] = { "blocked",
	    .es = "El modelo no puede responder a esto por sus normas de seguridad.",
	    .en = "The model cannot answer this because of its safety rules." },
	[AI_FAIL_INVALID] = { "invalid", .is_operators = true,
	    .es = "El modelo no ha aceptado la petición.",
	    .en = "The model did not accept the request." },
	[AI_FAIL_TOO_LONG] = { "too_long", .is_retried = true,
	    .es = "La conversación es demasiado larga para el modelo. Empieza una nueva.",
	    .en = "The conversation is too long for the model. Please start a new one." },
	[AI_FAIL_AUTH] = { "unavailable", .is_operators = true, .es = SENTENCE_SETUP_ES,
	    .en = SENTENCE_SETUP_EN },
	[AI_FAIL_MODEL_MISSING] = { "unavailable", .is_operators = true, .es = SENTENCE_SETUP_ES,
	    .en = SENTENCE_SETUP_EN },
	[AI_FAIL_NO_ROUTE] = { "unavailable", .is_operators = true, .es = SENTENCE_SETUP_ES,
	    .en = SENTENCE_SETUP_EN },
	[AI_FAIL_THINKING] = { "invalid", .is_operators = true,
	    .es = "El modelo no ha aceptado la petición.",
	    .en = "The model did not accept the request." },
	[AI_FAIL_CRASHED] = { "interrupted", .is_retried = true, .counter = COUNT_CRASH,
	    .es = "La respuesta se interrumpió. Puedes pedirla de nuevo.",
	    .en = "The answer was interrupted. You can ask for it again." },
};

static const struct rule *
rule_of(enum ai_fail kind)
{
	return &rules[(unsigned)kind < AI_FAIL_COUNT ? kind : AI_FAIL_PROTOCOL];
}

/* 1, 2, 4 ... s for the first, second, third failure. */
static int64_t
backoff_ms(int failures)
{
	int64_t delay = FIRST_DELAY_MS;

	for (int i = 1; i < failures && delay < MAX_DELAY_MS; i++)
		delay *= 2;
	return delay < MAX_DELAY_MS ? delay : MAX_DELAY_MS;
}

/* Counts the failure in the right place; true while another attempt is allowed. */
static bool
count_failure(enum counter counter, enum ai_phase phase, struct ai_attempts *a, int *out_failures)
{
	if (counter == COUNT_CRASH) {
		*out_failures = 0; /* the peer did nothing wrong: no waiting */
		return ++a->crashes < LIMIT_CRASH_ATTEMPTS;
	}
	if (counter == COUNT_STREAM || phase == AI_PHASE_STREAM) {
		*out_failures = ++a->stream_failures;
		return a->stream_failures <= LIMIT_STREAM_ATTEMPTS;
	}
	*out_failures = ++a->connect_failures;
	return a->connect_failures < LIMIT_CONNECT_ATTEMPTS;
}

struct ai_retry
ai_retry_decide(
    const struct ai_failure *failure, enum ai_phase phase, struct ai_attempts before, double random)
{
	const struct rule *rule = rule_of(failure->kind);
	struct ai_retry r = { .after = before };
	bool is_allowed;
	int failures;

	is_allowed = count_failure(rule->counter, phase, &r.after, &failures);
	if (!is_allowed || !rule->is_retried || failure->is_final ||
	    failure->retry_after_ms > LIMIT_AI_RETRY_AFTER_MS)
		return r;
	if (failure->kind == AI_FAIL_TOO_LONG) {
		r.again = r.shorten = !before.was_shortened;
		r.after.was_shortened = true;
		return r;
	}
	r.again = true;
	r.swap_models = failure->kind != AI_FAIL_NETWORK && r.after.connect_failures > 2;
	if (failures == 0)
		return r;
	r.delay_ms = backoff_ms(failures);
	if (r.delay_ms < failure->retry_after_ms)
		r.delay_ms = failure->retry_after_ms;
	r.delay_ms += (int64_t)((double)r.delay_ms * JITTER * random);
	return r;
}

enum ai_fail
ai_retry_judge(enum ai_finish finish, bool had_text)
{
	switch (finish) {
	case AI_FINISH_NONE: return AI_FAIL_INCOMPLETE;
	case AI_FINISH_BLOCKED: return AI_FAIL_BLOCKED;
	case AI_FINISH_MALFORMED: return AI_FAIL_MALFORMED;
	case AI_FINISH_STOP:
	case AI_FINISH_LENGTH:
	case AI_FINISH_OTHER: break;
	}
	return had_text ? AI_FAIL_NONE : AI_FAIL_EMPTY;
}

const char *
ai_failure_type(enum ai_fail kind)
{
	return rule_of(kind)->type;
}

const char *
ai_failure_sentence(enum ai_fail kind, const char *language)
{
	bool is_spanish = language != NULL && strncmp(language, "es", 2) == 0;

	return is_spanish ? rule_of(kind)->es : rule_of(kind)->en;
}

bool
ai_failure_is_operators(enum ai_fail kind)
{
	return rule_of(kind)->is_operators;
}
