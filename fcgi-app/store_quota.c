/*
 * A user's share of a disk that is used up (EDQUOT; shared hosting) is a full disk. SQLite takes
 * only ENOSPC for one, and all else for a disk that fails, which ends the process: so what it hears
 * from the kernel is translated.
 */
#include "store_priv.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>

typedef ssize_t (*pwrite_fn)(int fd, const void *p, size_t n, off_t at);

static pwrite_fn kernel_pwrite, kernel_pwrite64;

static ssize_t
translated(ssize_t n)
{
	if (n < 0 && errno == EDQUOT)
		errno = ENOSPC;
	return n;
}

static ssize_t
write_at(int fd, const void *p, size_t n, off_t at)
{
	return translated(kernel_pwrite(fd, p, n, at));
}

static ssize_t
write_at64(int fd, const void *p, size_t n, off_t at)
{
	return translated(kernel_pwrite64(fd, p, n, at));
}

/* Which of the two SQLite uses depends on how it was built. */
static void
translate(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	static_assert(sizeof(off_t) == 8, "one type for both");
	if (vfs == NULL || vfs->iVersion < 3)
		return;
	kernel_pwrite = (pwrite_fn)vfs->xGetSystemCall(vfs, "pwrite");
	kernel_pwrite64 = (pwrite_fn)vfs->xGetSystemCall(vfs, "pwrite64");
	if (kernel_pwrite != NULL)
		(void)vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)write_at);
	if (kernel_pwrite64 != NULL)
		(void)vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_at64);
}

void
store_know_quotas(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, translate);
}
