/*
 * Any bytes as a file to be imported: what is taken has parents before children, texts within their
 * limits, and, written and read again, is the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat_file.h"
#include "json.h"
#include "limit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct chat_file *f)
{
	if (f->count > LIMIT_IMPORT_MESSAGES || (f->head != SIZE_MAX && f->head >= f->count))
		abort();
	for (size_t i = 0; i < f->count; i++) {
		const struct file_message *m = &f->messages[i];

		if ((m->parent != SIZE_MAX && m->parent >= i) || m->content == NULL ||
		    m->content_len > LIMIT_REPLY_BYTES || m->status == MESSAGE_QUEUED ||
		    m->status == MESSAGE_STREAMING || m->usage.total < 0)
			abort();
	}
}

static bool
differs(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

/* As an import stores it and an export would read it. */
static enum err
write_again(const struct chat_file *f, struct buf *out)
{
	char uid[24], parent[24];
	auto_char *title = xstrdup(f->title != NULL ? f->title : "");
	auto_char *persona = f->system_prompt != NULL ? xstrdup(f->system_prompt) : NULL;
	auto_char *model = f->model != NULL ? xstrdup(f->model) : NULL;
	struct chat c = { .id = "1", .title = title, .system_prompt = persona, .model = model };
	enum err e;

	(void)snprintf(c.lang, sizeof c.lang, "%s", f->lang);
	if (f->head != SIZE_MAX) {
		c.head_id = 1;
		(void)snprintf(c.head_uid, sizeof c.head_uid, "m%zu", f->head);
	}
	e = chat_file_begin(out, &c, 0);
	for (size_t i = 0; i < f->count && e == OK; i++) {
		const struct file_message *m = &f->messages[i];
		struct message row = { .uid = uid,
			.parent_uid = m->parent != SIZE_MAX ? parent : NULL,
			.role = m->role,
			.status = m->status,
			.content = m->content,
			.content_len = m->content_len,
			.author_name = m->author_name,
			.error_type = m->error_type,
			.model = m->model,
			.is_notice = m->is_notice,
			.usage = m->usage,
			.created_ms = m->created_ms };

		(void)snprintf(uid, sizeof uid, "m%zu", i);
		(void)snprintf(parent, sizeof parent, "m%zu", m->parent);
		e = chat_file_message(out, &row, i == 0);
	}
	return e == OK ? chat_file_end(out) : e;
}

static void
check_again(const struct chat_file *f)
{
	auto_buf out = BUF_INIT(64UL << 20);
	struct field_error why = { .field = "" };
	struct chat_file again;
	json_t *root = NULL;

	if (write_again(f, &out) != OK ||
	    json_parse(out.data, out.len, LIMIT_JSON_DEPTH, true, &root, NULL, 0) != OK ||
	    chat_file_read(root, &again, &why) != OK)
		abort();
	if (again.count != f->count || again.head != f->head ||
	    differs(again.title, f->title != NULL ? f->title : ""))
		abort();
	for (size_t i = 0; i < f->count; i++) {
		const struct file_message *a = &f->messages[i], *b = &again.messages[i];

		if (a->parent != b->parent || a->role != b->role || a->status != b->status ||
		    a->content_len != b->content_len ||
		    memcmp(a->content, b->content, a->content_len) != 0 ||
		    differs(a->author_name, b->author_name) || differs(a->model, b->model) ||
		    differs(a->error_type, b->error_type) || a->created_ms != b->created_ms ||
		    (a->usage.total != 0 && memcmp(&a->usage, &b->usage, sizeof a->usage) != 0))
			abort();
	}
	chat_file_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct field_error why = { .field = "" };
	struct chat_file f;
	json_t *root = NULL;

	if (json_parse((const char *)data, size, LIMIT_JSON_DEPTH, true, &root, NULL, 0) != OK)
		return 0;
	if (chat_file_read(root, &f, &why) != OK)
		return 0;
	check(&f);
	check_again(&f);
	chat_file_free(&f);
	return 0;
}
