#include "apps_load.h"

#include <sys/stat.h>

#include "limit.h"
#include "log.h"

static void
end_app(void *ctx, struct app *app, uint16_t code, const char *text)
{
	const struct apps_loader *l = ctx;

	if (l->hub != NULL)
		hub_end_app(l->hub, app, code, text);
}

/* There are secrets in it. */
static enum err
check_mode(const struct apps_loader *l, struct buf *why)
{
	struct stat st;

	if (stat(l->path, &st) != 0 || (st.st_mode & S_IROTH) == 0)
		return OK;
	if (!l->is_production) {
		log_warn(
		    "every user of this machine can read the secrets: chmod 640 path=%s", l->path);
		return OK;
	}
	(void)!buf_adds(why, "every user of this machine can read it: chmod 640");
	return ERR_INVALID;
}

enum err
apps_load(struct apps_loader *l)
{
	auto_buf text = BUF_INIT(LIMIT_APPS_FILE_BYTES), why = BUF_INIT(1024);
	enum err e;

	if (l->path == NULL || *l->path == '\0')
		return OK;
	if ((e = apps_read_file(l->path, &text, &why)) == OK && (e = check_mode(l, &why)) == OK)
		e = apps_set_file(l->apps, text.data != NULL ? text.data : "", text.len,
		    l->is_production, &why, end_app, l);
	if (e != OK)
		log_error("PUSH_APPS_FILE %s: %s", l->path, why.data != NULL ? why.data : "");
	return e;
}

static void
forget_app(void *ctx, struct app *app)
{
	hub_forget_app(ctx, app);
}

void
apps_load_sweep(const struct apps_loader *l)
{
	apps_sweep(l->apps, forget_app, l->hub);
}
