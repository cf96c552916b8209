#include "webhook_curl.h"

#include <dlfcn.h>
#include <stddef.h>

#include "log.h"

#define SYMBOL(member)                                                                             \
	{                                                                                          \
		"curl_" #member, offsetof(struct webhook_curl, member)                             \
	}
static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
	SYMBOL(global_init),
	SYMBOL(global_cleanup),
	SYMBOL(easy_init),
	SYMBOL(easy_cleanup),
	SYMBOL(easy_setopt),
	SYMBOL(easy_getinfo),
	SYMBOL(easy_strerror),
	SYMBOL(slist_append),
	SYMBOL(slist_free_all),
	SYMBOL(multi_init),
	SYMBOL(multi_cleanup),
	SYMBOL(multi_setopt),
	SYMBOL(multi_add_handle),
	SYMBOL(multi_remove_handle),
	SYMBOL(multi_assign),
	SYMBOL(multi_socket_action),
	SYMBOL(multi_info_read),
};

static enum err
find_symbols(void *library, struct webhook_curl *out)
{
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *symbol = dlsym(library, symbols[i].name);

		if (symbol == NULL) {
			log_error("libcurl is too old for us: it has no %s", symbols[i].name);
			return ERR_IO;
		}
		memcpy((char *)out + symbols[i].offset, &symbol, sizeof symbol);
	}
	return OK;
}

enum err
webhook_curl_load(const struct webhook_curl **out)
{
	static struct webhook_curl curl;
	static void *library; /* event-loop thread only */
	enum err e;

	if (library == NULL) {
		library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
		if (library == NULL) {
			log_error(
			    "webhooks need libcurl (package libcurl4), which cannot be loaded");
			return ERR_IO;
		}
		if ((e = find_symbols(library, &curl)) != OK)
			return e;
	}
	*out = &curl;
	return OK;
}
