#include "program.h"

#include <unistd.h>

const char *
program_path(char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);

	if (n <= 0)
		return NULL;
	out[n] = '\0';
	return out;
}
