/*
 * keyed_hash - SipHash-1-3 with a key of this process.
 *
 * Strangers choose channel names; with an unkeyed hash they could choose a million that collide.
 * Threads: any, after keyed_hash_init. Source: Aumasson and Bernstein, "SipHash" (2012).
 */
#ifndef KEYED_HASH_H
#define KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

void keyed_hash_init(void); /* takes a random key, once; later calls do nothing */
uint64_t keyed_hash(const void *p, size_t n);

#endif
