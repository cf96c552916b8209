#include "disk_room.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "clock.h"
#include "limit.h"
#include "log.h"
#include "room_plan.h"
#include "store_damage.h"

#define MIB (1024L * 1024)
#define STAT_BLOCK 512 /* the unit of st_blocks, whatever the file system's */

struct disk_room {
	const struct config *config;
	char *dir, *ballast; /* paths, owned */
	bool makes_ballast;
	atomic_llong next_look_ms;
	atomic_bool is_low, is_damaged;

	pthread_mutex_t lock;
	int64_t calm_ms, retry_ms;    /* {lock} the ballast is not made before */
	bool told_unmade, told_blind; /* {lock} it has been logged */
	struct disk_figures seen;     /* {lock} by the last look */
};

/* --- the ballast: its callers hold the lock --- */

static int
open_ballast(const struct disk_room *r, int flags)
{
	int fd = open(r->ballast, O_RDWR | O_CLOEXEC | flags, 0660);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
		close_fd(&fd); /* another process is at it */
	return fd;
}

static int64_t
ballast_size(const struct disk_room *r)
{
	struct stat st;

	return stat(r->ballast, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* The blocks are free for others once the file system has written that down. */
static bool
empty_ballast(int fd)
{
	return ftruncate(fd, 0) == 0 && fsync(fd) == 0;
}

static void
release(struct disk_room *r)
{
	auto_fd fd = open_ballast(r, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
		return;
	if (empty_ballast(fd))
		log_warn("the ballast is released bytes=%lld path=%s", (long long)st.st_size,
		    r->ballast);
	else
		log_errno("the ballast cannot be released path=%s", r->ballast);
}

/* Blocks that are really its own: a file system that compresses or fakes them holds nothing. */
static int
fill_ballast(int fd, int64_t size)
{
	struct stat st;
	int error = posix_fallocate(fd, 0, (off_t)size);

	if (error == 0 && fstat(fd, &st) == 0 && (int64_t)st.st_blocks * STAT_BLOCK < size / 10 * 9)
		error = ENOTSUP;
	if (error != 0)
		(void)empty_ballast(fd);
	return error;
}

static void
make(struct disk_room *r, int64_t size, int64_t now_ms)
{
	auto_fd fd = open_ballast(r, O_CREAT);
	int error;

	if (fd < 0 && errno == EWOULDBLOCK)
		return;
	error = fd < 0 ? errno : fill_ballast(fd, size);
	if (error == 0) {
		r->told_unmade = false;
		log_info("the ballast is in place bytes=%lld path=%s", (long long)size, r->ballast);
		return;
	}
	r->retry_ms = now_ms + LIMIT_DISK_RETRY_MS;
	errno = error;
	if (!r->told_unmade)
		log_errno("the ballast cannot be made path=%s", r->ballast);
	r->told_unmade = true;
}

/* --- looking --- */

/* What root may fill is not what others may. */
static int64_t
free_bytes(const struct statvfs *fs)
{
	return (int64_t)((geteuid() == 0 ? fs->f_bfree : fs->f_bavail) * fs->f_frsize);
}

static void
tell(struct disk_room *r, const struct room_plan *p, int64_t free)
{
	bool was_low = atomic_exchange(&r->is_low, p->is_low);

	if (p->is_low && !was_low)
		log_warn("the disk is nearly full: nothing new is accepted free=%lld minimum=%lld "
			 "setting=DISK_MIN_FREE_MB path=%s",
		    (long long)free, (long long)p->min_free, r->dir);
	else if (!p->is_low && was_low)
		log_info("the disk has room again free=%lld", (long long)free);
}

static void
act(struct disk_room *r, const struct room_plan *p, int64_t now_ms)
{
	if (p->release)
		release(r);
	else if (p->make && r->makes_ballast && now_ms >= r->calm_ms && now_ms >= r->retry_ms)
		make(r, p->ballast, now_ms);
	if (p->release || p->make)
		r->seen.ballast = ballast_size(r);
}

/* {lock} */
static void
look(struct disk_room *r, int64_t now_ms)
{
	struct statvfs fs;
	struct room_view v = {
		.set_min_free = r->config->disk_min_free_mb * MIB,
		.set_ballast = r->config->disk_ballast_mb * MIB,
		.was_low = atomic_load(&r->is_low),
		.is_unmakeable = r->told_unmade,
	};
	struct room_plan p;

	if (statvfs(r->dir, &fs) != 0) {
		if (!r->told_blind)
			log_errno("the room on the disk cannot be seen path=%s", r->dir);
		r->told_blind = true;
		return;
	}
	v.free = free_bytes(&fs);
	v.total = (int64_t)(fs.f_blocks * fs.f_frsize);
	v.ballast = ballast_size(r);
	p = room_plan(&v);
	r->seen = (struct disk_figures){ v.total > 0, p.is_low, v.free, p.min_free, v.ballast,
		p.ballast };
	tell(r, &p, v.free);
	act(r, &p, now_ms);
}

/* {lock} */
static void
look_for_damage(struct disk_room *r)
{
	bool is_marked = store_damage_is_marked(r->config->db_path);

	if (atomic_exchange(&r->is_damaged, is_marked) != is_marked)
		log_warn("the database %s path=%s",
		    is_marked ? "was found damaged: nothing is done with it"
			      : "is no longer marked as damaged",
		    r->config->db_path);
}

bool
disk_room_is_damaged(struct disk_room *r, int64_t now_ms)
{
	(void)disk_room_check(r, now_ms);
	return r != NULL && atomic_load_explicit(&r->is_damaged, memory_order_relaxed);
}

/* Who comes while another looks takes what was seen before. */
enum err
disk_room_check(struct disk_room *r, int64_t now_ms)
{
	if (r == NULL)
		return OK;
	if (now_ms >= atomic_load_explicit(&r->next_look_ms, memory_order_relaxed) &&
	    pthread_mutex_trylock(&r->lock) == 0) {
		atomic_store(&r->next_look_ms, now_ms + LIMIT_DISK_LOOK_MS);
		look(r, now_ms);
		look_for_damage(r);
		(void)pthread_mutex_unlock(&r->lock);
	}
	return atomic_load_explicit(&r->is_low, memory_order_relaxed) ? ERR_FULL : OK;
}

void
disk_room_full(struct disk_room *r, int64_t now_ms)
{
	if (r == NULL)
		return;
	(void)pthread_mutex_lock(&r->lock);
	r->calm_ms = now_ms + LIMIT_DISK_CALM_MS;
	release(r);
	(void)pthread_mutex_unlock(&r->lock);
}

void
disk_room_figures(struct disk_room *r, int64_t now_ms, struct disk_figures *out)
{
	*out = (struct disk_figures){ 0 };
	if (r == NULL)
		return;
	(void)disk_room_check(r, now_ms);
	(void)pthread_mutex_lock(&r->lock);
	*out = r->seen;
	(void)pthread_mutex_unlock(&r->lock);
}

/* --- life --- */

struct disk_room *
disk_room_new(const struct config *c, bool makes_ballast)
{
	struct disk_room *r = xcalloc(1, sizeof *r);
	const char *slash = strrchr(c->db_path, '/');
	size_t len = strlen(c->db_path);

	r->config = c;
	r->makes_ballast = makes_ballast;
	r->dir = slash == NULL         ? xstrdup(".")
		 : slash == c->db_path ? xstrdup("/")
				       : xstrndup(c->db_path, (size_t)(slash - c->db_path));
	r->ballast = xcalloc(1, len + sizeof ".ballast");
	(void)snprintf(r->ballast, len + sizeof ".ballast", "%s.ballast", c->db_path);
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)disk_room_check(r, clock_mono_ms());
	return r;
}

void
disk_room_free(struct disk_room *r)
{
	if (r == NULL)
		return;
	(void)pthread_mutex_destroy(&r->lock);
	free(r->dir);
	free(r->ballast);
	free(r);
}
