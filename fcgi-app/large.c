#include "large.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "limit.h"

static sem_t places;

static void
make_places(void)
{
	(void)sem_init(&places, 0, LIMIT_LARGE_AT_ONCE);
}

bool
large_enter(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct timespec until;
	int rc;

	(void)pthread_once(&once, make_places);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LIMIT_LARGE_WAIT_MS / 1000;
	do {
		rc = sem_clockwait(&places, CLOCK_MONOTONIC, &until);
	} while (rc != 0 && errno == EINTR);
	return rc == 0;
}

void
large_leave(void)
{
	(void)sem_post(&places);
}
