#include "http_message.h"

#include <string.h>

const char *
http_request_param(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->param_count; i++)
		if (strcmp(r->params[i].name, name) == 0)
			return r->params[i].value;
	return NULL;
}

void
http_response_free(struct http_response *r)
{
	buf_free(&r->body);
}
