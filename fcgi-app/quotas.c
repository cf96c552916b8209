#include "quotas.h"

#include "util.h"

/* What counts where nothing is set. */
#define REQUESTS 60 /* as in Laravel */
#define READS 600   /* a page that polls each second, in several tabs */
#define REPLIES 2
#define REPLIES_ADDRESS 8
#define TOKENS 200000
#define TOKENS_ADDRESS 1000000
#define TOKENS_SITE 5000000

void
quotas_of(const struct config *c, bool is_at_home, struct quotas *out)
{
	const struct {
		long set, fallback;
		long *out;
	} rows[] = {
		{ c->rate_limit, REQUESTS, &out->requests },
		{ c->rate_limit_reads, READS, &out->reads },
		{ c->replies_at_once, REPLIES, &out->replies },
		{ c->replies_at_once_address, REPLIES_ADDRESS, &out->replies_address },
		{ c->tokens_per_day, TOKENS, &out->tokens },
		{ c->tokens_per_day_address, TOKENS_ADDRESS, &out->tokens_address },
		{ c->tokens_per_day_site, TOKENS_SITE, &out->tokens_site },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		*rows[i].out = rows[i].set >= 0 ? rows[i].set : is_at_home ? 0 : rows[i].fallback;
}
