#include "cookie.h"

#include <stdio.h>
#include <string.h>

#include "limit.h"

const char *
cookie_find(const char *header, const char *name, size_t *out_len)
{
	size_t name_len = strlen(name);
	const char *found = NULL;

	if (header == NULL || strlen(header) > LIMIT_CREDENTIAL_BYTES)
		return NULL;
	while (*header != '\0') {
		size_t n;

		header += strspn(header, "; \t");
		n = strcspn(header, ";");
		if (n > name_len && strncmp(header, name, name_len) == 0 &&
		    header[name_len] == '=') {
			if (found != NULL)
				return NULL;
			found = header + name_len + 1;
			*out_len = n - name_len - 1;
			while (*out_len > 0 && strchr(" \t", found[*out_len - 1]) != NULL)
				--*out_len;
		}
		header += n;
	}
	return found;
}

void
cookie_write(const char *value, bool is_https, long max_age_s, char out[COOKIE_LINE_SIZE])
{
	(void)snprintf(out, COOKIE_LINE_SIZE,
	    "%s=%s; Path=/; Max-Age=%ld; HttpOnly; SameSite=Lax%s",
	    is_https ? COOKIE_HTTPS : COOKIE_HTTP, value, max_age_s, is_https ? "; Secure" : "");
}
