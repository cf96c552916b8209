/*
 * program - what both programs say of themselves.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stddef.h>

#define CHARLA_VERSION "0.1.0"

/* The path of the running program, into out; NULL if the system does not tell. */
const char *program_path(char *out, size_t size);

#endif
