/* config_table - the rows behind config.h: name, field, type, default, range, reader, help. */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include "config.h"

enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_BOOL };
enum setting_flag {
	SETTING_SECRET = 1,
	SETTING_FILLED = 2, /* a text that is never empty: NAME= means its default */
};

struct setting {
	const char *name, *aliases; /* aliases: separated by spaces, or NULL */
	size_t offset;              /* of the field in struct config */
	enum setting_type type;
	const char *fallback; /* default; NULL: decided in config_defaults.c */
	long min, max;        /* numbers: range; texts: max is the longest */
	int readers;          /* enum config_reader */
	int flags;
	const char *group, *help;
};

extern const struct setting settings[];
extern const size_t settings_count;

const struct setting *setting_find(const char *name, size_t n); /* by name or alias */

#endif
