/*
 * killpoint - named places where a test may end the process as kill -9 would.
 *
 * KILL_AT=name[:n] ends it at the n-th pass (1 by default). Compiled in only for test builds
 * (MODE=kill and MODE=asan); elsewhere it is nothing at all.
 */
#ifndef KILLPOINT_H
#define KILLPOINT_H

#ifdef KILLPOINTS
void killpoint(const char *name);
#else
#define killpoint(name) ((void)0)
#endif

#endif
