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

/* Control bytes become spaces; a character that some cut tore spoils all that are not ASCII. */
static void
make_printable(char *text)
{
	bool is_valid = utf8_is_valid(text, strlen(text));

	for (char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f)
			*p = ' ';
		else if (c >= 0x80 && !is_valid)
			*p = '?';
	}
}

void
ai_failure_set(struct ai_failure *out, enum ai_fail kind, int http_status, const char *fmt, ...)
{
	char text[2 * AI_MESSAGE_SIZE] = "";
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text[utf8_cut(text, strlen(text), AI_MESSAGE_SIZE - 1)] = '\0';
	make_printable(text);
	*out = (struct ai_failure){ .kind = kind, .http_status = http_status };
	memcpy(out->message, text, strlen(text) + 1);
}
