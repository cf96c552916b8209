/*
 * ids - random identifiers and the names that peers give to things.
 *
 * Threads: any. Source: getrandom(2); Pusher's alphabet from reference pages of its libraries.
 */
#ifndef IDS_H
#define IDS_H

#include <stdbool.h>
#include <stddef.h>

#define ID_SIZE 23 /* 128 bits as base64url without padding, and the NUL */

void id_random(char out[ID_SIZE]);
void random_bytes(void *out, size_t n); /* aborts if the kernel has no randomness */
double random_unit(void);               /* 0 <= x < 1, for jitter */

/* 1..max_len characters of [A-Za-z0-9_\-=@,.;]: a channel or a user of Pusher's. */
bool id_is_channel_name(const char *p, size_t n, size_t max_len);

/* The same but "." and "..": it may be a segment of a path. */
bool id_is_pusher_name(const char *p, size_t n, size_t max_len);

/* digits '.' digits, as every Pusher library demands of a socket_id; at most 64 bytes */
bool id_is_socket_id(const char *p, size_t n);

/* [A-Za-z0-9_-]{8,64}: a request id that may travel through headers and logs */
bool id_is_request_id(const char *p, size_t n);

#endif
