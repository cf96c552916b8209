/*
 * program - what both programs say of themselves.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stddef.h>

#define CHARLA_VERSION "0.1.0"

/*
 * Supervisors start programs with a soft limit of 1,024 descriptors and a hard one that is far
 * higher, containers with a million. Sets the soft one to want, as far as the hard one allows;
 * returns what it is now.
 */
size_t program_set_descriptors(size_t want);

/* The path of the running program, into out; NULL if the system does not tell. */
const char *program_path(char *out, size_t size);

#endif
