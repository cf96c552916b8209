/*
 * err - the one result type. Every function that can fail returns it.
 *
 * The HTTP status of each value stands in one table, in fcgi-app/http.c.
 */
#ifndef ERR_H
#define ERR_H

enum err {
	OK = 0,
	ERR_INVALID,   /* the input breaks the contract the peer was given */
	ERR_NOT_FOUND, /* no such row, channel, route */
	ERR_CONFLICT,  /* a unique or foreign key, or the state of the thing, says no */
	ERR_LIMIT,     /* a cap of ours was reached */
	ERR_QUOTA,     /* the caller's share is used up: later */
	ERR_BUSY,      /* try again later */
	ERR_FULL,      /* the disk has no room */
	ERR_STORAGE,   /* the database cannot be read or written right; already logged */
	ERR_IO,        /* the kernel, the disk or a library failed; already logged */
	ERR_UPSTREAM,  /* Gemini answered, but not with what we need */
};

#endif
