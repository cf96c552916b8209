/* util - the handful of macros and inlines that every module may use. No state. */
#ifndef UTIL_H
#define UTIL_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Locals that clean up after themselves on every way out of the function. */
static inline void
free_char(char **p)
{
	free(*p);
}
static inline void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}
/* What an auto_fd holds becomes the caller's. */
static inline int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
#define auto_char __attribute__((cleanup(free_char))) char
#define auto_fd __attribute__((cleanup(close_fd))) int

/* Small allocations never fail to the caller: the supervisor restarts us. */
static inline void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		abort();
	return p;
}

static inline void *
xrealloc(void *old, size_t n, size_t size)
{
	void *p = reallocarray(old, n, size);

	if (p == NULL)
		abort();
	return p;
}

static inline char *
xstrndup(const char *s, size_t n)
{
	char *p = strndup(s, n);

	if (p == NULL)
		abort();
	return p;
}

static inline char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

#endif
