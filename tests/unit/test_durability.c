/*
 * What is durable reached the disk: a commit that is to survive a power cut ends with a sync of the
 * log, one that need not has none. Counted at the engine's own door to the system, because no test
 * can cut the power.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "temp_store.h"
#include "writer.h"

/* --- a file system that counts --- */

static int syncs; /* of any file of the database */

struct counted {
	sqlite3_file base;
	sqlite3_file *real; /* lies behind it */
};

static sqlite3_vfs *real_vfs;
static sqlite3_io_methods methods;

#define REAL(f) (((struct counted *)(f))->real)
#define PASS(name, args, call)                                                                     \
	static int counted_##name args                                                             \
	{                                                                                          \
		return REAL(f)->pMethods->call;                                                    \
	}
/* clang-format off */
PASS(read, (sqlite3_file *f, void *p, int n, sqlite3_int64 at), xRead(REAL(f), p, n, at))
PASS(write, (sqlite3_file *f, const void *p, int n, sqlite3_int64 at), xWrite(REAL(f), p, n, at))
PASS(truncate, (sqlite3_file *f, sqlite3_int64 n), xTruncate(REAL(f), n))
PASS(file_size, (sqlite3_file *f, sqlite3_int64 *n), xFileSize(REAL(f), n))
PASS(lock, (sqlite3_file *f, int l), xLock(REAL(f), l))
PASS(unlock, (sqlite3_file *f, int l), xUnlock(REAL(f), l))
PASS(check_lock, (sqlite3_file *f, int *out), xCheckReservedLock(REAL(f), out))
PASS(control, (sqlite3_file *f, int op, void *p), xFileControl(REAL(f), op, p))
PASS(sector_size, (sqlite3_file *f), xSectorSize(REAL(f)))
PASS(traits, (sqlite3_file *f), xDeviceCharacteristics(REAL(f)))
PASS(shm_map, (sqlite3_file *f, int page, int size, int extend, void volatile **out),
    xShmMap(REAL(f), page, size, extend, out))
PASS(shm_lock, (sqlite3_file *f, int at, int n, int flags), xShmLock(REAL(f), at, n, flags))
PASS(shm_unmap, (sqlite3_file *f, int del), xShmUnmap(REAL(f), del))
/* clang-format on */

static void
counted_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int
counted_sync(sqlite3_file *f, int flags)
{
	syncs++;
	return REAL(f)->pMethods->xSync(REAL(f), flags);
}

static int
counted_close(sqlite3_file *f)
{
	return REAL(f)->pMethods->xClose(REAL(f));
}

static int
counted_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	struct counted *c = (struct counted *)f;
	int rc;

	(void)vfs;
	c->real = (sqlite3_file *)(c + 1);
	rc = real_vfs->xOpen(real_vfs, name, c->real, flags, out_flags);
	c->base.pMethods = rc == SQLITE_OK && c->real->pMethods != NULL ? &methods : NULL;
	return rc;
}

static int
install(void **state)
{
	static sqlite3_vfs vfs;

	(void)state;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "counted";
	vfs.szOsFile = (int)sizeof(struct counted) + real_vfs->szOsFile;
	vfs.xOpen = counted_open;
	methods = (sqlite3_io_methods){
		.iVersion = 2,
		.xClose = counted_close,
		.xRead = counted_read,
		.xWrite = counted_write,
		.xTruncate = counted_truncate,
		.xSync = counted_sync,
		.xFileSize = counted_file_size,
		.xLock = counted_lock,
		.xUnlock = counted_unlock,
		.xCheckReservedLock = counted_check_lock,
		.xFileControl = counted_control,
		.xSectorSize = counted_sector_size,
		.xDeviceCharacteristics = counted_traits,
		.xShmMap = counted_shm_map,
		.xShmLock = counted_shm_lock,
		.xShmBarrier = counted_shm_barrier,
		.xShmUnmap = counted_shm_unmap,
	};
	return sqlite3_vfs_register(&vfs, 1) == SQLITE_OK ? 0 : -1;
}

/* --- the promise --- */

static int
syncs_of_a_commit(struct store *s, enum store_durability d, int i)
{
	char value[16];
	int before;

	(void)snprintf(value, sizeof value, "%d", i);
	assert_int_equal(store_begin(s, d), OK);
	assert_int_equal(store_meta_set(s, "k", value), OK);
	before = syncs;
	assert_int_equal(store_commit(s), OK);
	return syncs - before;
}

static void
a_durable_commit_is_synced_and_a_fast_one_is_not(void **state)
{
	struct temp_store t;

	(void)state;
	temp_store_open(&t);
	for (int i = 0; i < 20; i++) {
		assert_in_range(syncs_of_a_commit(t.s, STORE_DURABLE, i), 1, 2);
		assert_int_equal(syncs_of_a_commit(t.s, STORE_FAST, 100 + i), 0);
	}
	temp_store_close(&t);
}

static enum err
set_value(struct store *s, void *arg)
{
	return store_meta_set(s, "w", arg);
}

static void
what_the_writer_says_is_durable_was_synced_before_it_said_so(void **state)
{
	struct temp_store t;
	struct writer *w;

	(void)state;
	temp_store_open(&t);
	assert_int_equal(writer_start(&w, t.path), OK);
	for (int i = 0; i < 20; i++) {
		char value[16];
		int before = syncs;

		(void)snprintf(value, sizeof value, "%d", i);
		assert_int_equal(writer_submit(w, STORE_DURABLE, set_value, value), OK);
		assert_true(syncs > before);
		before = syncs;
		assert_int_equal(writer_submit(w, STORE_FAST, set_value, value), OK);
		assert_int_equal(syncs, before);
	}
	writer_stop(w);
	temp_store_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_durable_commit_is_synced_and_a_fast_one_is_not),
		cmocka_unit_test(what_the_writer_says_is_durable_was_synced_before_it_said_so),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
