/*
 * frame - what is sent to many: one message, or several joined, built once and shared.
 *
 * A frame keeps its text. The form that a transport puts on the wire is made when the first peer
 * of that transport asks for it and kept too (WebSocket now; lines for long polling later).
 *
 * Owns:    itself, by reference count; frame_new and frame_join give the caller one reference.
 * Threads: the event-loop thread only; the count is a plain integer.
 * Source:  RFC 6455 5.2, one unfragmented, unmasked text frame a message.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>

#include "rfc6455.h"

struct frame;

struct frame *frame_new(const char *text, size_t len);

/* Of another kind than text: a pong, say. It cannot be joined. */
struct frame *frame_new_as(enum rfc6455_opcode kind, const void *p, size_t len);

/* count >= 1 frames, none of them joined itself; takes its own references. */
struct frame *frame_join(struct frame *const *parts, size_t count);

struct frame *frame_ref(struct frame *f);
void frame_unref(struct frame *f); /* f may be NULL */

size_t frame_messages(const struct frame *f); /* 1, or how many were joined */
size_t frame_len(const struct frame *f);      /* bytes of text, all messages together */

/* Of a single message only; frame_len bytes, no NUL behind them. */
const char *frame_text(const struct frame *f);

/* The bytes for a WebSocket, whole frames; valid as long as f. */
unsigned char *frame_ws(struct frame *f, size_t *out_len);

#endif
