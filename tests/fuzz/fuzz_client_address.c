/*
 * Any bytes as X-Forwarded-For: the client is an address, never a proxy's word for it; without a
 * trusted peer the header changes nothing.
 */
#include <stdint.h>

#include "client_address.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *header = xstrndup((const char *)data, size);
	char out[CLIENT_ADDRESS_SIZE];

	client_address("203.0.113.7", header, "10.0.0.0/8", out);
	must(strcmp(out, "203.0.113.7") == 0);
	client_address("10.0.0.1", header, "10.0.0.0/8,2001:db8::/32", out);
	must(strlen(out) < sizeof out && strspn(out, "0123456789abcdef.:/") == strlen(out));
	/* Ours, or somebody whom no trusted proxy is. */
	must(strchr(out, ':') != NULL || client_address_in(out, "0.0.0.0/0"));
	(void)client_address_in("10.0.0.1", header);
	(void)client_address_in(header, "10.0.0.0/8");
	free(header);
	return 0;
}
