#include "stale_socket.h"

#include <sys/stat.h>
#include <unistd.h>

void
stale_socket_remove(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path); /* if it cannot be, bind says so */
}
