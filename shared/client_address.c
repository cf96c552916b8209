#include "client_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IPv4 as ::ffff:a.b.c.d, so that there is one kind. */
struct address {
	unsigned char b[16];
};

static const unsigned char v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

static bool
is_v4(const struct address *a)
{
	return memcmp(a->b, v4_prefix, sizeof v4_prefix) == 0;
}

/* "1.2.3.4", "1.2.3.4:80", "2001:db8::1", "[2001:db8::1]:80" */
static bool
parse(const char *p, size_t n, struct address *out)
{
	char text[64];
	char *colon;

	if (n > 0 && *p == '[') {
		const char *end = memchr(p, ']', n);

		if (end == NULL)
			return false;
		n = (size_t)(end - p) - 1;
		p++;
	}
	if (n == 0 || n >= sizeof text)
		return false;
	memcpy(text, p, n);
	text[n] = '\0';
	colon = strchr(text, ':');
	if (colon != NULL && strchr(colon + 1, ':') == NULL)
		*colon = '\0'; /* one colon: a port */
	memcpy(out->b, v4_prefix, sizeof v4_prefix);
	return inet_pton(AF_INET, text, out->b + 12) == 1 || inet_pton(AF_INET6, text, out->b) == 1;
}

static bool
has_prefix(const struct address *a, const struct address *net, unsigned bits)
{
	if (memcmp(a->b, net->b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a->b[bits / 8] ^ net->b[bits / 8]) >> (8 - bits % 8)) == 0;
}

/* One entry of a list: an address or a prefix, which is of so many bits. */
static bool
parse_entry(const char *p, size_t n, struct address *out_net, unsigned *out_bits)
{
	const char *slash = memchr(p, '/', n);
	unsigned long bits = 128;

	if (!parse(p, slash != NULL ? (size_t)(slash - p) : n, out_net))
		return false;
	if (slash != NULL) {
		char *end;
		unsigned long most = is_v4(out_net) ? 32 : 128;

		if (slash[1] < '0' || slash[1] > '9')
			return false;
		bits = strtoul(slash + 1, &end, 10);
		if (end != p + n || bits > most)
			return false;
		bits += 128 - most;
	}
	*out_bits = (unsigned)bits;
	return true;
}

bool
client_address_is_entry(const char *p, size_t n)
{
	struct address net;
	unsigned bits;

	return parse_entry(p, n, &net, &bits);
}

static bool
entry_holds(const char *p, size_t n, const struct address *a)
{
	struct address net;
	unsigned bits;

	return parse_entry(p, n, &net, &bits) && has_prefix(a, &net, bits);
}

static bool
list_holds(const char *list, const struct address *a)
{
	while (*list != '\0') {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n > 0 && entry_holds(list, n, a))
			return true;
		list += n;
	}
	return false;
}

bool
client_address_in(const char *address, const char *list)
{
	struct address a;

	return parse(address, strlen(address), &a) && list_holds(list, &a);
}

bool
client_address_is_loopback(const char *address)
{
	return client_address_in(address, "127.0.0.0/8,::1");
}

/* From the right: each trusted proxy wrote down whom it talked to. What stands further left than
 * the first that is not trusted is anybody's invention. */
static void
through_proxies(const char *forwarded_for, const char *trusted, struct address *client)
{
	size_t end = strlen(forwarded_for);

	while (end > 0 && list_holds(trusted, client)) {
		size_t from = end;
		struct address next;

		while (from > 0 && forwarded_for[from - 1] != ',')
			from--;
		while (from < end && strchr(" \t", forwarded_for[from]) != NULL)
			from++;
		while (end > from && strchr(" \t", forwarded_for[end - 1]) != NULL)
			end--;
		if (!parse(forwarded_for + from, end - from, &next))
			return; /* "unknown": the proxy is all we know */
		*client = next;
		while (from > 0 && forwarded_for[from - 1] != ',')
			from--;
		end = from > 0 ? from - 1 : 0;
	}
}

void
client_address(
    const char *peer, const char *forwarded_for, const char *trusted, char out[CLIENT_ADDRESS_SIZE])
{
	struct address client;

	if (!parse(peer, strlen(peer), &client)) { /* a Unix socket has no address */
		(void)snprintf(out, CLIENT_ADDRESS_SIZE, "unknown");
		return;
	}
	if (forwarded_for != NULL)
		through_proxies(forwarded_for, trusted, &client);
	if (is_v4(&client)) {
		(void)inet_ntop(AF_INET, client.b + 12, out, CLIENT_ADDRESS_SIZE);
		return;
	}
	memset(client.b + 8, 0, 8);
	(void)inet_ntop(AF_INET6, client.b, out, CLIENT_ADDRESS_SIZE - 3);
	memcpy(out + strlen(out), "/64", 4);
}
