/* The provider's list of models: asked when no configured model exists, once for all who wait. */
#include "ai_client_priv.h"

#include <stdio.h>

#include "clock.h"
#include "limit.h"
#include "log.h"

#define PAGES_MAX 5
#define AGAIN_MS 60000 /* a list that helped nobody is not asked for more often */

void
ai_list_free(struct ai_client *client)
{
	struct model_list *list = &client->list;

	if (list->transfer != NULL)
		ai_http_cancel(client->http, list->transfer);
	list->transfer = NULL;
	buf_free(&list->path);
	buf_free(&list->body);
	buf_free(&list->next);
}

static enum err
ask_page(struct ai_client *c)
{
	struct model_list *list = &c->list;
	const char *token = list->next.data != NULL ? list->next.data : "";
	enum err e;

	buf_clear(&list->path);
	buf_clear(&list->body);
	e = c->provider->build_path(AI_ROUTE_MODELS, c->version, token, &list->path);
	if (e == OK)
		list->transfer =
		    ai_http_start(c->http, list->path.data, NULL, 0, &ai_list_handler, c);
	return e;
}

/* Everybody who waits goes on, with a model or without. */
static void
end_list(struct ai_client *c)
{
	struct reply_queue waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct ai_reply *r;

	c->list.again_ms = clock_mono_ms() + AGAIN_MS;
	memcpy(c->found, c->list.best, sizeof(c->found));
	if (ai_known_is_missing(&c->known, c->found, clock_mono_ms()))
		c->found[0] = '\0';
	if (c->found[0] == '\0')
		(void)snprintf(c->note, sizeof(c->note),
		    "The configured models (%s, %s) do not exist, and the provider's list has no "
		    "other.",
		    c->model, c->fallback_model);
	log_warn("no configured model exists found=%s", c->found);
	while ((r = TAILQ_FIRST(&c->waiting)) != NULL)
		ai_reply_enter(r, &waiting);
	while ((r = TAILQ_FIRST(&waiting)) != NULL)
		ai_reply_attempt(r); /* moves it to another queue */
}

void
ai_list_want(struct ai_client *client)
{
	if (client->list.transfer != NULL)
		return;
	client->list.pages = 0;
	client->list.best[0] = '\0';
	buf_clear(&client->list.next);
	if (ask_page(client) != OK)
		end_list(client);
}

static enum err
on_bytes(void *arg, int status, const char *p, size_t n)
{
	struct ai_client *c = arg;
	enum err e = status == 200 ? buf_add(&c->list.body, p, n) : OK;

	if (e == OK)
		return OK;
	c->list.transfer = NULL;
	end_list(c);
	return e;
}

static void
on_done(void *arg, const struct ai_http_result *result)
{
	struct ai_client *c = arg;
	struct model_list *list = &c->list;
	bool is_good = result->end == AI_HTTP_DONE && result->status == 200 && list->body.len > 0;

	list->transfer = NULL;
	if (!is_good)
		log_warn("the AI provider gives no list of models status=%d", result->status);
	if (is_good &&
	    c->provider->on_models(list->body.data, list->body.len, list->best, &list->next) ==
		OK &&
	    list->next.len > 0 && ++list->pages < PAGES_MAX && ask_page(c) == OK)
		return;
	end_list(c);
}

const struct ai_http_handler ai_list_handler = { on_bytes, on_done };
