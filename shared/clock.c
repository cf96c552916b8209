#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

const char *
clock_rfc3339(int64_t wall_ms, char out[CLOCK_RFC3339_SIZE])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	int ms = (int)(wall_ms % 1000);
	char date[sizeof "2026-11-24T04:06:08"];
	struct tm tm;

	if (ms < 0) { /* before 1970 */
		ms += 1000;
		seconds--;
	}
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900 ||
	    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		(void)snprintf(date, sizeof date, "1970-01-01T00:00:00");
	(void)snprintf(out, CLOCK_RFC3339_SIZE, "%s.%03dZ", date, ms);
	return out;
}

bool
clock_parse_rfc3339(const char *text, int64_t *out_wall_ms)
{
	char again[CLOCK_RFC3339_SIZE];
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ms;

	if (strlen(text) != CLOCK_RFC3339_SIZE - 1 || rest == NULL || *rest != '.')
		return false;
	ms = (int64_t)timegm(&tm) * 1000 + strtol(rest + 1, NULL, 10);
	/* strptime is generous; what is not written the same again is another form. */
	if (strcmp(clock_rfc3339(ms, again), text) != 0)
		return false;
	*out_wall_ms = ms;
	return true;
}
