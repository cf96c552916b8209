/*
 * app - the life of one app's memory. Only apps*.c include it.
 */
#ifndef APP_H
#define APP_H

#include "apps.h"

struct app *app_new(void); /* enabled, with the default limits; its texts are NULL */
void app_free(struct app *app);

/* What is set goes from one to the other, what is counted stays. from is freed. */
void app_take_settings(struct app *to, struct app *from);

/* --- apps_file.c: JSON -> apps. Pure; fuzzed. --- */

struct app_list {
	struct app **list;
	size_t count;
};

/* ERR_INVALID: why has one line. */
enum err apps_file_parse(const char *text, size_t n, bool is_production, struct app_list *out,
    struct buf *why) MUST_CHECK;
void app_list_free(struct app_list *l); /* and the apps in it */

#endif
