/*
 * webhook_curl - libcurl, loaded when it is needed. Only webhook_*.c include it.
 *
 * Threads: the event-loop thread only.
 * Errors:  ERR_IO: there is no libcurl.so.4, or too old a one; logged.
 */
#ifndef WEBHOOK_CURL_H
#define WEBHOOK_CURL_H

#define CURL_DISABLE_TYPECHECK /* its macros cannot be called through a pointer */
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#include "util.h"

struct webhook_curl {
	CURLcode (*global_init)(long);
	void (*global_cleanup)(void);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	const char *(*easy_strerror)(CURLcode);
	struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
	void (*slist_free_all)(struct curl_slist *);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_cleanup)(CURLM *);
	CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
	CURLMcode (*multi_add_handle)(CURLM *, CURL *);
	CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
	CURLMcode (*multi_assign)(CURLM *, curl_socket_t, void *);
	CURLMcode (*multi_socket_action)(CURLM *, curl_socket_t, int, int *);
	CURLMsg *(*multi_info_read)(CURLM *, int *);
};

/* Its functions, in *out from now on; the library stays. A second call costs nothing. */
enum err webhook_curl_load(const struct webhook_curl **out) MUST_CHECK;

#endif
