#include "refusal.h"

#include "identity.h"
#include "log.h"

void
refusal_answer(const struct http_request *q, struct http_response *r, int status, const char *code,
    const char *detail, const char *reason)
{
	log_warn("refused status=%d code=%s reason=\"%s\" route=%s identity=%d address=%s rid=%s",
	    status, code, reason, q->route != NULL ? q->route : "",
	    q->caller != NULL ? (int)q->caller->kind : 0,
	    q->caller != NULL ? q->caller->address : "", q->rid);
	http_problem(r, status, code, detail, q->rid);
}
