#include "load_usage.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>

#include "fail.h"

static double
thread_cpu_s(const char *pid, const char *tid)
{
	char path[300], line[128];
	double s = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", pid, tid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0; /* it has just ended */
	if (fgets(line, sizeof line, f) != NULL)
		s = strtod(line, NULL) / 1e9;
	(void)fclose(f);
	return s;
}

static double
cpu_s(const char *pid)
{
	const struct dirent *e;
	char path[64];
	double sum = 0;
	DIR *d;

	(void)snprintf(path, sizeof path, "/proc/%s/task", pid);
	d = opendir(path);
	if (d == NULL)
		fail("there is no process pid=%s", pid);
	while ((e = readdir(d)) != NULL) /* NOLINT(concurrency-mt-unsafe): one thread */
		if (e->d_name[0] != '.')
			sum += thread_cpu_s(pid, e->d_name);
	(void)closedir(d);
	return sum;
}

static double
rss_kb(const char *pid)
{
	char path[64], line[256];
	double kb = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%s/status", pid);
	f = fopen(path, "re");
	if (f == NULL)
		fail("there is no process pid=%s", pid);
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtod(line + 6, NULL);
	(void)fclose(f);
	return kb;
}

struct usage
usage_of(const char *pids)
{
	auto_char *list = xstrdup(pids != NULL ? pids : "");
	struct usage u = { 0, 0 };
	char *rest = list;
	const char *pid;

	while ((pid = strsep(&rest, ",")) != NULL)
		if (*pid != '\0') {
			u.cpu_s += cpu_s(pid);
			u.rss_kb += rss_kb(pid);
		}
	return u; /* NOLINT(clang-analyzer-unix.Malloc): auto_char frees the list */
}

double
usage_own_cpu_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
