#include <stdio.h>

#include "chat_file.h"
#include "clock.h"
#include "json.h"
#include "message_json.h"

/* {"format":…,"chat":{…},"messages":[ - the list stays open */
enum err
chat_file_begin(struct buf *out, const struct chat *c, int64_t now_ms)
{
	char now[CLOCK_RFC3339_SIZE];
	json_t *chat = chat_json(c);
	json_auto_t *root = NULL;
	enum err e;

	(void)json_object_del(chat, "seq");
	(void)json_object_set_new(chat, "lang", json_string(c->lang));
	(void)json_object_set_new(chat, "systemPrompt",
	    c->system_prompt != NULL ? json_string(c->system_prompt) : json_null());
	root = json_pack("{s:s, s:i, s:s, s:o, s:[]}", "format", "charla-chat", "version", 1,
	    "exportedAt", clock_rfc3339(now_ms, now), "chat", chat, "messages");
	if (root == NULL)
		return ERR_IO;
	if ((e = json_write(out, root)) != OK)
		return e;
	out->len -= 2; /* "]}" */
	out->data[out->len] = '\0';
	return OK;
}

enum err
chat_file_message(struct buf *out, const struct message *m, bool is_first)
{
	json_auto_t *value = message_json(m, m->content, m->content_len, NULL);
	enum err e = OK;

	if (value == NULL)
		return ERR_IO;
	(void)json_object_del(value, "length");
	(void)json_object_del(value, "changedSeq");
	if (!is_first)
		e = buf_adds(out, ",");
	return e == OK ? json_write(out, value) : e;
}

enum err
chat_file_end(struct buf *out)
{
	return buf_adds(out, "]}");
}

/* --- Markdown --- */

enum err
chat_markdown_begin(struct buf *out, const struct chat *c)
{
	return buf_addf(out, "# %s\n", *c->title != '\0' ? c->title : c->id);
}

static const char *
name_of(const struct chat *c, const struct message *m)
{
	bool is_english = strcmp(c->lang, "en") == 0;

	if (m->role == ROLE_ASSISTANT)
		return is_english ? "Assistant" : "Asistente";
	if (m->author_name != NULL)
		return m->author_name;
	return is_english ? "Person" : "Persona";
}

enum err
chat_markdown_message(struct buf *out, const struct chat *c, const struct message *m)
{
	char created[CLOCK_RFC3339_SIZE];
	enum err e = buf_addf(out, "\n## %s · %.10s %.5s\n\n", name_of(c, m),
	    clock_rfc3339(m->created_ms, created), created + 11);

	if (e == OK)
		e = buf_add(out, m->content, m->content_len);
	return e == OK ? buf_adds(out, "\n") : e;
}

void
chat_file_name(const char *title, char out[CHAT_FILE_NAME_SIZE])
{
	size_t n = (size_t)snprintf(out, CHAT_FILE_NAME_SIZE, "charla-");

	for (; *title != '\0' && n < CHAT_FILE_NAME_SIZE - 1; title++) {
		char c = (char)(*title | 0x20);
		bool is_word = (c >= 'a' && c <= 'z') || (*title >= '0' && *title <= '9');

		if (is_word)
			out[n++] = *title;
		else if (out[n - 1] != '-' && (unsigned char)*title < 0x80)
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}
