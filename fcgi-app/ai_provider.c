#include "ai_provider.h"

#include <stdarg.h>
#include <stdio.h>

#include "gemini.h"
#include "utf8.h"

static const struct ai_provider *const providers[] = { &gemini_provider };

const struct ai_provider *
ai_provider_find(const char *name)
{
	if (name == NULL || *name == '\0')
		return providers[0];
	for (size_t i = 0; i < ARRAY_LEN(providers); i++)
		if (strcasecmp(name, providers[i]->name) == 0)
			return providers[i];
	return NULL;
}

void
ai_failure_set(struct ai_failure *out, enum ai_fail kind, int http_status, const char *fmt, ...)
{
	char text[2 * AI_MESSAGE_SIZE] = "";
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	len = utf8_cut(text, strlen(text), AI_MESSAGE_SIZE - 1);
	*out = (struct ai_failure){ .kind = kind, .http_status = http_status };
	memcpy(out->message, text, len);
}
