/*
 * Any request that reads: method, path, query, headers, and a body for /broadcasting. Whatever
 * comes, the answer is well formed, never an internal error, and shows nothing of a private chat to
 * a stranger.
 *
 * Bytes: lines "NAME=value", as a web server gives them; after an empty line the body.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "json.h"
#include "log.h"
#include "request_env.h"
#include "util.h"

#define NAMES_MAX 32
#define PRIVATE_ID "c-AAAAAAAAAAAAAAAAAAAAAA"
#define SECRET_TEXT "the text of a private chat" /* no request may repeat it: it has blanks */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct variables {
	char *text; /* NUL instead of '=' and line ends */
	const char *names[NAMES_MAX], *values[NAMES_MAX];
	size_t count;
	const char *body;
	size_t body_len;
};

static struct config config;
static struct app app = { .config = &config };

static void
demand(bool is_so)
{
	if (!is_so)
		abort();
}

/* --- a site with an open and a private chat --- */

static void
add_chat(struct store *s, const char *id, bool is_private, const char *text)
{
	struct chat_new c = { .id = id,
		.title = text,
		.lang = "es",
		.owner_id = is_private ? "s:ana" : NULL,
		.is_private = is_private,
		.now_ms = 1 };
	struct message_new m = { .uid = id,
		.role = ROLE_USER,
		.status = MESSAGE_COMPLETE,
		.content = text,
		.content_len = strlen(text),
		.seq = 1,
		.now_ms = 1 };
	int64_t message_id, seq;

	demand(store_chat_add(s, &c, &m.chat_no) == OK);
	demand(store_chat_seq(s, m.chat_no, 1, 1, &seq) == OK);
	demand(store_message_add(s, &m, &message_id) == OK);
	demand(store_chat_set_head(s, m.chat_no, message_id) == OK);
}

static void
make_site(const char *dir)
{
	char path[128];
	struct store *s;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/.env", dir);
	f = fopen(path, "we");
	demand(f != NULL);
	(void)fprintf(f,
	    "APP_ENV=local\nVAR_DIR=%s\nAI_WORKER=external\nAPP_KEY=key-of-a-fuzzer\n"
	    "JWT_SECRET=secret-of-a-fuzzer-that-is-long\nTRUSTED_PROXIES=10.0.0.0/8\n"
	    "APP_BASE=/chat\n",
	    dir);
	demand(fclose(f) == 0 && chmod(path, 0600) == 0);
	demand(config_load(&config, CONFIG_APP, path, NULL) == OK);
	demand(store_open(&s, config.db_path, STORE_WRITE) == OK);
	demand(store_begin(s, STORE_FAST) == OK);
	add_chat(s, "42", false, "hola");
	add_chat(s, PRIVATE_ID, true, SECRET_TEXT);
	demand(store_commit(s) == OK);
	store_close(s);
	demand(store_open(&app.reader, config.db_path, STORE_READ) == OK);
}

static char site_dir[] = "/tmp/charla-fuzz-XXXXXX";

static void
remove_site(void)
{
	static const char *const files[] = { ".env", "charla.db", "charla.db-wal", "charla.db-shm",
		"charla.db.made", "rates.db", "rates.db-wal", "rates.db-shm", "worker.lock" };

	store_close(app.reader);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char path[64];

		(void)snprintf(path, sizeof path, "%s/%s", site_dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(site_dir);
}

/* Once. A store notices when its file is taken away, so it stays to the end. */
static void
open_site(void)
{
	log_init("fuzz", LOG_ERROR);
	demand(mkdtemp(site_dir) != NULL);
	demand(atexit(remove_site) == 0);
	make_site(site_dir);
}

/* --- the request --- */

static const char *
lookup(void *arg, const char *name)
{
	const struct variables *v = arg;

	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->names[i], name) == 0)
			return v->values[i];
	return NULL;
}

static void
read_variables(struct variables *v, const uint8_t *data, size_t size)
{
	char *line, *end;

	v->text = xcalloc(size + 1, 1);
	memcpy(v->text, data, size);
	line = v->text;
	v->body = "";
	while ((end = memchr(line, '\n', size - (size_t)(line - v->text))) != NULL) {
		char *equals = memchr(line, '=', (size_t)(end - line));

		*end = '\0';
		if (line == end) {
			v->body = end + 1;
			v->body_len = size - (size_t)(end + 1 - v->text);
			return;
		}
		if (equals != NULL && v->count < NAMES_MAX) {
			*equals = '\0';
			v->names[v->count] = line;
			v->values[v->count++] = equals + 1;
		}
		line = end + 1;
	}
}

/* The others write: they have tests of their own. */
static bool
is_reading(const struct http_request *q)
{
	return q->method == HTTP_GET || q->method == HTTP_HEAD || q->method == HTTP_OPTIONS ||
	       q->method == HTTP_OTHER ||
	       (q->method == HTTP_POST && strstr(q->path, "/broadcasting/") != NULL);
}

/* --- the answer --- */

static void
check_headers(const struct buf *headers)
{
	const char *p = headers->data, *end;

	while (p != NULL && *p != '\0') {
		end = strstr(p, "\r\n");
		demand(end != NULL && memmem(p, (size_t)(end - p), ": ", 2) != NULL);
		for (; p < end; p++)
			demand(*p != '\r' && *p != '\n');
		p += 2;
	}
}

static void
check_body(const struct http_response *r)
{
	json_auto_t *root = NULL;

	if (r->body.len == 0) {
		demand(r->status == 204 || r->status == 304);
		return;
	}
	demand(json_parse(r->body.data, r->body.len, LIMIT_JSON_DEPTH, true, &root, NULL, 0) == OK);
	if (r->status >= 400) {
		demand(strcmp(r->content_type, "application/problem+json") == 0);
		demand(json_member_int(root, "status", 0) == r->status);
		demand(json_member_string(root, "code") != NULL);
		demand(json_member_string(root, "detail") != NULL);
	}
}

/* A stranger gets no signature for the channel of a private chat. */
static void
check_signed(const struct http_request *q)
{
	char form[LIMIT_CHANNEL_NAME_LEN + 1] = "";
	json_auto_t *root = NULL;
	const char *channel = form, *id;

	if (json_parse(q->body, q->body_len, LIMIT_JSON_DEPTH, true, &root, NULL, 0) == OK)
		channel = json_member_string(root, "channel_name");
	else
		(void)http_query(q->body, "channel_name", form, sizeof form);
	id = channel != NULL ? strstr(channel, "chat.") : NULL;
	demand(id == NULL || strcmp(id + strlen("chat."), PRIVATE_ID) != 0);
}

static void
check_answer(const struct http_request *q, const struct http_response *r)
{
	demand(strcmp(http_reason(r->status), "Unknown") != 0 && r->status != 500);
	check_headers(&r->headers);
	check_body(r);
	demand(r->status != 405 || strstr(r->headers.data, "Allow: ") != NULL);
	demand(r->body.len == 0 ||
	       memmem(r->body.data, r->body.len, SECRET_TEXT, strlen(SECRET_TEXT)) == NULL);
	if (q->method == HTTP_POST && r->status == 200)
		check_signed(q);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct variables v = { 0 };
	struct http_request q;
	struct http_response r = HTTP_RESPONSE_INIT;
	char path[REQUEST_PATH_MAX];

	if (app.reader == NULL)
		open_site();
	read_variables(&v, data, size);
	(void)request_content_length(lookup, &v);
	if (request_from_env(&q, path, config.app_base, lookup, &v) == OK) {
		demand(path[0] == '/' && strlen(path) < sizeof path);
		q.body = v.body;
		q.body_len = v.body_len;
		if (is_reading(&q)) {
			routes_run(&app, &q, &r);
			check_answer(&q, &r);
		}
	}
	http_response_free(&r);
	free(v.text);
	return 0;
}
