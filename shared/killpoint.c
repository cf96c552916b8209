#include "killpoint.h"

#ifdef KILLPOINTS
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "util.h"

void
killpoint(const char *name)
{
	static atomic_long passes;
	const char *wanted = getenv("KILL_AT");
	const char *colon;
	size_t len;
	long at = 1;

	if (wanted == NULL)
		return;
	colon = strchr(wanted, ':');
	len = colon != NULL ? (size_t)(colon - wanted) : strlen(wanted);
	if (strlen(name) != len || strncmp(name, wanted, len) != 0)
		return;
	if (colon != NULL)
		at = strtol(colon + 1, NULL, 10);
	if (atomic_fetch_add(&passes, 1) + 1 == at)
		(void)kill(getpid(), SIGKILL);
}
#else
/* ISO C wants a translation unit to declare something. */
extern int killpoint_is_compiled_out;
#endif
