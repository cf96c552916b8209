/*
 * Any bytes as a Cookie header: what is found is what a slow and simple reading finds, and only
 * when the name is there once.
 */
#include <stdint.h>

#include "buf.h"
#include "cookie.h"
#include "limit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Pairs end at ';'; spaces and tabs around them do not count. */
static size_t
count(char *header, const char *name, const char **out_value)
{
	size_t found = 0;
	char *pair;

	while ((pair = strsep(&header, ";")) != NULL) {
		size_t n;

		pair += strspn(pair, " \t");
		n = strlen(name);
		if (strncmp(pair, name, n) != 0 || pair[n] != '=')
			continue;
		*out_value = pair + n + 1;
		found++;
	}
	return found;
}

static void
check(const char *header, const char *name)
{
	char *copy = xstrdup(header);
	const char *want = NULL, *got;
	size_t len = 0, times = count(copy, name, &want);

	got = cookie_find(header, name, &len);
	if (strlen(header) > LIMIT_CREDENTIAL_BYTES || times != 1) {
		if (got != NULL)
			abort();
	} else if (got == NULL || strncmp(got, want, len) != 0 ||
		   strspn(want + len, " \t") != strlen(want + len)) {
		abort();
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *header = xstrndup((const char *)data, size);

	check(header, COOKIE_HTTP);
	check(header, COOKIE_HTTPS);
	free(header);
	return 0;
}
