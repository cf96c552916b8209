/*
 * load_usage - CPU time and memory of processes, from /proc.
 *
 * schedstat counts nanoseconds on a CPU, so that a busy machine does not blur it as it does wall
 * time. Errors: the program ends when a process is not there.
 */
#ifndef LOAD_USAGE_H
#define LOAD_USAGE_H

struct usage {
	double cpu_s;  /* all threads that live */
	double rss_kb; /* resident */
};

struct usage usage_of(const char *pids); /* "1,2"; NULL: all zero */
double usage_own_cpu_s(void);

#endif
