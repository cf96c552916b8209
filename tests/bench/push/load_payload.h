/*
 * load_payload - what the load generator sends, and how it knows it again. Pure.
 *
 * A payload begins with a marker, "@w" SEQ (12 hex digits) TIME (16 hex digits) "@", and goes on
 * with letters that depend on their position only, so that every byte can be checked.
 */
#ifndef LOAD_PAYLOAD_H
#define LOAD_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_BYTES_MIN 32

struct payload_format {
	size_t size;
	char *letters; /* size of them */
	size_t hint;   /* where in a frame the marker was last */
};

enum payload_state { PAYLOAD_NONE, PAYLOAD_CORRUPT, PAYLOAD_WHOLE };

void payload_format_init(struct payload_format *f, size_t size); /* size >= PAYLOAD_BYTES_MIN */
void payload_format_free(struct payload_format *f);

void payload_write(
    const struct payload_format *f, uint64_t seq, uint64_t time_ns, char *out); /* f->size */

/* Looks for a payload in the n bytes of a frame. Only of a whole one the outputs are set. */
enum payload_state payload_read(
    struct payload_format *f, const char *p, size_t n, uint64_t *out_seq, uint64_t *out_time_ns);

#endif
