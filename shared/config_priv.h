/* config_priv - what the parts of config share: config.c loads, config_rules.c decides. */
#ifndef CONFIG_PRIV_H
#define CONFIG_PRIV_H

#include "config.h"
#include "env_file.h"

struct config_loader {
	struct config *c;
	enum config_reader reader;
	struct env_file env;
	const char *file; /* of env, for problems; NULL if there is none */
};

void config_problem_add(struct config *c, bool is_error, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A name in the directory of path, the caller's; path may be NULL: the current directory. */
char *config_path_beside(const char *path, const char *name);

void config_decide(struct config *c);             /* fills what depends on other settings */
void config_check(const struct config_loader *l); /* adds problems */

#endif
