#include "token_command.h"

#include <stdio.h>

#include "clock.h"
#include "ids.h"
#include "store_access.h"
#include "token.h"

#define NAME_MAX_LEN 64
#define DAYS_MAX 36500
#define DAY_MS 86400000LL

struct command {
	const char *name;
	int64_t number, now_ms, expires_ms;
	char hash[SIGN_HEX_SIZE];
	char person_id[PERSON_ID_SIZE];
	int count;
};

static int
fail(const char *what)
{
	(void)fprintf(stderr, "fcgi-app: %s\n", what);
	return EXIT_FAILURE;
}

static int
no_database(const struct config *c)
{
	(void)fprintf(stderr, "fcgi-app: the database cannot be written: %s\n", c->db_path);
	return EXIT_FAILURE;
}

/* Runs fn in a transaction of its own, as the writer of a serving process would. */
static enum err
run(const struct config *c, enum err (*fn)(struct store *s, struct command *cmd),
    struct command *cmd)
{
	struct store *s = NULL;
	enum err e = store_open(&s, c->db_path, STORE_WRITE);

	if (e == OK)
		e = store_begin(s, STORE_DURABLE);
	if (e == OK && (e = fn(s, cmd)) == OK)
		e = store_commit(s);
	store_close(s);
	return e;
}

static enum err
create(struct store *s, struct command *cmd)
{
	return store_token_add(s, cmd->hash, cmd->name, cmd->now_ms, cmd->expires_ms);
}

int
token_create(const struct config *c, const char *name, const char *days)
{
	struct command cmd = { .name = name, .now_ms = clock_wall_ms() };
	char token[API_TOKEN_SIZE] = API_TOKEN_PREFIX;
	char *end;
	long n;

	if (!id_is_pusher_name(name, strlen(name), NAME_MAX_LEN))
		return fail("a token's name is 1 to 64 of A-Z a-z 0-9 _ - = @ , . ;");
	if (days != NULL) {
		n = strtol(days, &end, 10);
		if (*days == '\0' || *end != '\0' || n < 1 || n > DAYS_MAX)
			return fail("--days: a number from 1 to 36500");
		cmd.expires_ms = cmd.now_ms + n * DAY_MS;
	}
	token_random(token + sizeof API_TOKEN_PREFIX - 1);
	sign_sha256(token, API_TOKEN_LEN, cmd.hash);
	if (run(c, create, &cmd) != OK)
		return no_database(c);
	(void)puts(token);
	(void)fputs(
	    "Keep it: it is shown only now. Send it as \"Authorization: Bearer ...\".\n", stderr);
	return EXIT_SUCCESS;
}

static bool
print(void *arg, const struct api_token *t)
{
	const int64_t *now_ms = arg;
	char made[CLOCK_RFC3339_SIZE], expires[CLOCK_RFC3339_SIZE] = "never";
	const char *state = t->revoked_ms != 0                               ? "revoked"
			    : t->expires_ms != 0 && t->expires_ms <= *now_ms ? "expired"
									     : "valid";

	if (t->expires_ms != 0)
		(void)clock_rfc3339(t->expires_ms, expires);
	(void)printf("%lld\t%s\t%s\t%s\t%s\n", (long long)t->id, t->name,
	    clock_rfc3339(t->created_ms, made), expires, state);
	return true;
}

static enum err
list(struct store *s, struct command *cmd)
{
	return store_tokens_list(s, print, &cmd->now_ms);
}

int
token_list(const struct config *c)
{
	struct command cmd = { .now_ms = clock_wall_ms() };

	(void)puts("number\tname\tmade\texpires\tstate");
	return run(c, list, &cmd) == OK ? EXIT_SUCCESS : no_database(c);
}

static bool
note_name(void *arg, const struct api_token *t)
{
	struct command *cmd = arg;

	if (cmd->name == NULL ? t->id != cmd->number : strcmp(t->name, cmd->name) != 0)
		return true;
	(void)snprintf(cmd->person_id, sizeof cmd->person_id, "t:%s", t->name);
	return false;
}

static enum err
revoke_tokens(struct store *s, struct command *cmd)
{
	enum err e = store_tokens_list(s, note_name, cmd);

	if (e != OK || cmd->person_id[0] == '\0')
		return e != OK ? e : ERR_NOT_FOUND;
	if ((e = store_tokens_revoke(s, cmd->name, cmd->number, cmd->now_ms, &cmd->count)) != OK)
		return e;
	return store_sessions_end(s, cmd->person_id, cmd->now_ms);
}

int
token_revoke(const struct config *c, const char *name_or_number)
{
	struct command cmd = { .name = name_or_number, .now_ms = clock_wall_ms() };
	char *end;
	enum err e;

	/* A name may be a number as well: the name counts first. */
	e = run(c, revoke_tokens, &cmd);
	cmd.number = strtoll(name_or_number, &end, 10);
	if (e == ERR_NOT_FOUND && *name_or_number != '\0' && *end == '\0') {
		cmd.name = NULL;
		e = run(c, revoke_tokens, &cmd);
	}
	if (e == ERR_NOT_FOUND)
		return fail("there is no such token");
	if (e != OK)
		return no_database(c);
	(void)printf("revoked: %d\n", cmd.count);
	return EXIT_SUCCESS;
}
