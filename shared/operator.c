#include "operator.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "base64url.h"
#include "ids.h"
#include "sign.h"
#include "util.h"

#define SIGNED_SIZE 64 /* expiry, dot, nonce */
#define CREDENTIAL_MAX 1024

static bool
is_set(const char *password)
{
	return password != NULL && *password != '\0';
}

/* The key of cookies is not the password itself. */
static void
sign(const char *password, const char *text, char out[SIGN_HEX_SIZE])
{
	char key[SIGN_HEX_SIZE];

	sign_hmac_sha256(password, "charla operator cookie", 22, key);
	sign_hmac_sha256(key, text, strlen(text), out);
}

void
operator_cookie_make(const char *password, int64_t now_s, char out[OPERATOR_VALUE_SIZE])
{
	char nonce[ID_SIZE], text[SIGNED_SIZE], mac[SIGN_HEX_SIZE];

	id_random(nonce);
	(void)snprintf(text, sizeof text, "%" PRId64 ".%s", now_s + OPERATOR_SECONDS, nonce);
	sign(password, text, mac);
	(void)snprintf(out, OPERATOR_VALUE_SIZE, "%s.%s", text, mac);
}

static bool
value_holds(const char *password, const char *p, size_t n, int64_t now_s)
{
	char text[SIGNED_SIZE], mac[SIGN_HEX_SIZE];
	size_t mac_len = sizeof mac - 1, text_len;
	char *end;

	if (n < mac_len + 2 || n - mac_len - 1 >= sizeof text || p[n - mac_len - 1] != '.')
		return false;
	text_len = n - mac_len - 1;
	memcpy(text, p, text_len);
	text[text_len] = '\0';
	sign(password, text, mac);
	return sign_equal(mac, mac_len, p + n - mac_len, mac_len) &&
	       strtoll(text, &end, 10) > now_s && *end == '.';
}

bool
operator_cookie_holds(const char *password, const char *header, int64_t now_s)
{
	static const char name[] = OPERATOR_COOKIE "=";

	if (!is_set(password) || header == NULL)
		return false;
	while (*header != '\0') {
		size_t n;

		header += strspn(header, "; ");
		n = strcspn(header, ";");
		if (n >= sizeof name && strncmp(header, name, sizeof name - 1) == 0 &&
		    value_holds(password, header + sizeof name - 1, n - (sizeof name - 1), now_s))
			return true;
		header += n;
	}
	return false;
}

bool
operator_password_is(const char *password, const char *given)
{
	return is_set(password) && given != NULL &&
	       sign_equal(given, strlen(given), password, strlen(password));
}

/* "user:password" in base64, whose other alphabet and padding are made base64url's. */
static bool
basic_holds(const char *password, const char *text)
{
	char url[CREDENTIAL_MAX], plain[CREDENTIAL_MAX];
	size_t n = strlen(text), len;
	const char *colon;

	while (n > 0 && text[n - 1] == '=')
		n--;
	if (n >= sizeof url)
		return false;
	for (size_t i = 0; i < n; i++)
		url[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	if (base64url_decode(url, n, plain, sizeof plain - 1, &len) != OK)
		return false;
	plain[len] = '\0';
	colon = strchr(plain, ':');
	return colon != NULL && strlen(plain) == len && operator_password_is(password, colon + 1);
}

bool
operator_authorization_holds(const char *password, const char *header)
{
	if (header == NULL)
		return false;
	if (strncasecmp(header, "Bearer ", 7) == 0)
		return operator_password_is(password, header + 7);
	return strncasecmp(header, "Basic ", 6) == 0 && is_set(password) &&
	       basic_holds(password, header + 6);
}
