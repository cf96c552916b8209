/*
 * faults.so - LD_PRELOAD of the fault tests: the disk and the clock as the control file says.
 *
 * FAULTS names the control file. Each line is one fault, read anew with each call, so that a test
 * changes it while the programs run; an empty or missing file: all is well.
 *
 * - "full": nothing can be written to a file of the database (ENOSPC), as where each write takes
 *   new blocks
 * - "no growth": no such file grows (ENOSPC); what it has may be written over
 * - "quota": no such file grows, because the user's share is used up (EDQUOT)
 * - "eio write", "eio read": EIO from pwrite to, pread from such files
 * - "eio sync": EIO from fsync and fdatasync of them
 * - "free N": statvfs says that N bytes are free, of 100 GiB
 * - "clock N": the wall clock is N seconds ahead, or behind
 *
 * Files of the database: *.db and what SQLite keeps beside them (-wal, -shm, -journal).
 * No state and no library: it calls the kernel, so that it works in instrumented programs, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define DISK_BYTES (100ULL << 30)

/* The rest of the line that begins with name, in out; false: no such line. */
static bool
fault(const char *name, char *out, size_t size)
{
	char text[256], *line;
	const char *path =
	    getenv("FAULTS"); /* NOLINT(concurrency-mt-unsafe): nobody sets variables */
	int saved = errno;
	int fd = path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
	long n = fd >= 0 ? syscall(SYS_read, fd, text, sizeof text - 1) : 0;

	if (fd >= 0)
		(void)syscall(SYS_close, fd);
	errno = saved;
	if (n <= 0)
		return false;
	text[n] = '\0';
	for (line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, strlen(name)) == 0) {
			(void)snprintf(out, size, "%.*s", (int)strcspn(line + strlen(name), "\n"),
			    line + strlen(name));
			return true;
		}
	}
	return false;
}

static bool
is_on(const char *name)
{
	char rest[64];

	return fault(name, rest, sizeof rest);
}

static bool
is_of_database(int fd)
{
	static const char *const ends[] = { ".db", ".db-wal", ".db-shm", ".db-journal" };
	char link[64], path[4096];
	long n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if ((size_t)n > strlen(ends[i]) &&
		    strcmp(path + (size_t)n - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

static bool
grows(int fd, long long end)
{
	struct stat st;

	return fstat(fd, &st) == 0 && end > (long long)st.st_size;
}

static int
fail(int error)
{
	errno = error;
	return -1;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's names are its
 * own */

/* --- the disk --- */

static bool
has_no_room(int fd, long long end)
{
	return (is_on("full") || (is_on("no growth") && grows(fd, end))) && is_of_database(fd);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	if (is_on("eio write") && is_of_database(fd))
		return fail(EIO);
	if (has_no_room(fd, at + (long long)n))
		return fail(ENOSPC);
	if (is_on("quota") && grows(fd, at + (long long)n) && is_of_database(fd))
		return fail(EDQUOT);
	return syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t
pread64(int fd, void *p, size_t n, off64_t at)
{
	if (is_on("eio read") && is_of_database(fd))
		return fail(EIO);
	return syscall(SYS_pread64, fd, p, n, at);
}

/* SQLite grows the log's index with it, or with a byte at each page's end. */
int
ftruncate64(int fd, off64_t n)
{
	if (grows(fd, n) && has_no_room(fd, n))
		return fail(ENOSPC);
	return (int)syscall(SYS_ftruncate, fd, n);
}

int
statvfs(const char *path, struct statvfs *out)
{
	struct statfs fs;
	char rest[64];

	if (syscall(SYS_statfs, path, &fs) != 0)
		return -1;
	*out = (struct statvfs){
		.f_bsize = (unsigned long)fs.f_bsize,
		.f_frsize = (unsigned long)(fs.f_frsize != 0 ? fs.f_frsize : fs.f_bsize),
		.f_blocks = fs.f_blocks,
		.f_bfree = fs.f_bfree,
		.f_bavail = fs.f_bavail,
		.f_files = fs.f_files,
		.f_ffree = fs.f_ffree,
		.f_favail = fs.f_ffree,
		.f_namemax = (unsigned long)fs.f_namelen,
	};
	if (fault("free ", rest, sizeof rest)) {
		out->f_blocks = (fsblkcnt_t)(DISK_BYTES / out->f_frsize);
		out->f_bfree = out->f_bavail =
		    (fsblkcnt_t)(strtoull(rest, NULL, 10) / out->f_frsize);
	}
	return 0;
}

int
fdatasync(int fd)
{
	if (is_on("eio sync") && is_of_database(fd))
		return fail(EIO);
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	if (is_on("eio sync") && is_of_database(fd))
		return fail(EIO);
	return (int)syscall(SYS_fsync, fd);
}

/* --- the clock --- */

static long
seconds_off(void)
{
	char rest[64];

	return fault("clock ", rest, sizeof rest) ? strtol(rest, NULL, 10) : 0;
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, id, out);

	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		out->tv_sec += seconds_off();
	return rc;
}

int
gettimeofday(struct timeval *out, void *zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
