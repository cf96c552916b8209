#include "jwt.h"

#include <stdio.h>

#include "base64url.h"
#include "json.h"
#include "utf8.h"

#define NOT_BEFORE_LEEWAY_S 5 /* the issuer's clock may be ahead of ours by that */

struct part {
	const char *p;
	size_t n;
};

/* header.payload.signature */
static bool
split(const char *p, size_t n, struct part parts[3])
{
	size_t count = 0, from = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && p[i] != '.')
			continue;
		if (count == 3 || i == from)
			return false;
		parts[count++] = (struct part){ p + from, i - from };
		from = i + 1;
	}
	return count == 3;
}

bool
jwt_is_one(const char *p, size_t n)
{
	struct part parts[3];

	return n <= LIMIT_CREDENTIAL_BYTES && split(p, n, parts);
}

static json_t *
decode_json(const struct part *part)
{
	char text[LIMIT_CREDENTIAL_BYTES];
	json_t *root = NULL;
	size_t n;

	if (base64url_decode(part->p, part->n, text, sizeof text, &n) != OK ||
	    json_parse(text, n, LIMIT_JSON_DEPTH, true, &root, NULL, 0) != OK)
		return NULL;
	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

/* "alg" decides nothing: it must be what we use anyway. "crit" names what we do not know. */
static bool
is_our_algorithm(const struct part *header)
{
	json_auto_t *root = decode_json(header);
	const char *alg = root != NULL ? json_member_string(root, "alg") : NULL;

	return alg != NULL && strcmp(alg, "HS256") == 0 && json_object_get(root, "crit") == NULL;
}

static bool
is_signed(const struct part parts[3], const char *secret)
{
	unsigned char want[SIGN_RAW_SIZE], got[SIGN_RAW_SIZE];
	size_t len = 0;

	sign_hmac_sha256_raw(secret, strlen(secret), parts[0].p, parts[0].n + 1 + parts[1].n, want);
	return base64url_decode(parts[2].p, parts[2].n, got, sizeof got, &len) == OK &&
	       sign_equal((const char *)got, len, (const char *)want, sizeof want);
}

/* A NumericDate, which may have a fraction. False if the member is there and no such number. */
static bool
read_date(const json_t *claims, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(claims, name);
	double n;

	if (value == NULL)
		return true;
	n = json_number_value(value);
	if (!json_is_number(value) || !(n >= 0 && n < 1e12))
		return false;
	*out = (int64_t)n;
	return true;
}

static const char *
check_times(const json_t *claims, int64_t now_s, struct jwt_claims *out)
{
	int64_t not_before_s = 0;

	out->expires_s = -1;
	if (!read_date(claims, "exp", &out->expires_s) ||
	    !read_date(claims, "nbf", &not_before_s) || !read_date(claims, "iat", &out->issued_s))
		return "bad time";
	if (out->expires_s < 0)
		return "no expiry";
	if (now_s >= out->expires_s)
		return "expired";
	return now_s + NOT_BEFORE_LEEWAY_S < not_before_s ? "not yet valid" : NULL;
}

/* aud is a string or a list of them. */
static bool
has_audience(const json_t *claims, const char *wanted)
{
	const json_t *aud = json_object_get(claims, "aud"), *one;
	size_t i;

	if (json_is_string(aud))
		return strcmp(json_string_value(aud), wanted) == 0;
	json_array_foreach(aud, i, one)
	{
		if (json_is_string(one) && strcmp(json_string_value(one), wanted) == 0)
			return true;
	}
	return false;
}

static const char *
check_claims(const json_t *claims, const struct jwt_rules *rules, struct jwt_claims *out)
{
	const char *iss = json_member_string(claims, "iss");
	const char *sub = json_member_string(claims, "sub");
	const char *name = json_member_string(claims, "name");
	const char *why = check_times(claims, rules->now_s, out);
	size_t n;

	if (why != NULL)
		return why;
	if (*rules->issuer != '\0' && (iss == NULL || strcmp(iss, rules->issuer) != 0))
		return "another issuer";
	if (*rules->audience != '\0' && !has_audience(claims, rules->audience))
		return "another audience";
	if (json_is_integer(json_object_get(claims, "sub")))
		(void)snprintf(out->subject, sizeof out->subject, "%lld",
		    (long long)json_integer_value(json_object_get(claims, "sub")));
	else if (sub == NULL || *sub == '\0' || strlen(sub) > LIMIT_SUBJECT_BYTES)
		return "no subject";
	else
		(void)snprintf(out->subject, sizeof out->subject, "%s", sub);
	n = name != NULL ? utf8_cut(name, strlen(name), LIMIT_NAME_BYTES) : 0;
	(void)snprintf(out->name, sizeof out->name, "%.*s", (int)n, name != NULL ? name : "");
	return NULL;
}

const char *
jwt_verify(const char *p, size_t n, const struct jwt_rules *rules, struct jwt_claims *out)
{
	struct jwt_claims claims = { 0 };
	json_auto_t *payload = NULL;
	struct part parts[3];
	const char *why;

	if (n > LIMIT_CREDENTIAL_BYTES || !split(p, n, parts))
		return "malformed";
	if (!is_our_algorithm(&parts[0]))
		return "not HS256";
	if (*rules->secret == '\0' || !is_signed(parts, rules->secret))
		return "forged";
	if ((payload = decode_json(&parts[1])) == NULL)
		return "malformed";
	if ((why = check_claims(payload, rules, &claims)) == NULL)
		*out = claims;
	return why;
}
