/*
 * rfc6455 - what a WebSocket client sends: bytes -> messages and control frames. Pure; fuzzed.
 *
 * Why not libwebsockets: 4.1.6 takes frames without a mask, answers one of several pings, and
 * tells nobody of either. Strict: whatever the RFC forbids ends the connection, at the first byte
 * that shows it.
 *
 * Owns:    the pieces of a message (rfc6455_free). All zero but the limits: before the first frame.
 * Threads: one at a time.
 * Limits:  message_max bytes, fragments_max frames a message: WS_TOO_LONG, WS_TOO_MANY.
 * Source:  RFC 6455 5 and 7.4.
 */
#ifndef RFC6455_H
#define RFC6455_H

#include <stdint.h>

#include "buf.h"
#include "utf8.h"

#define RFC6455_CONTROL_MAX 125
#define RFC6455_HEAD_MAX 14

enum rfc6455_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

/* Close codes that the layer itself has to say. */
#define WS_CODE_NORMAL 1000
#define WS_CODE_PROTOCOL 1002
#define WS_CODE_NONE 1005 /* never on the wire: the close frame had no code */
#define WS_CODE_NOT_UTF8 1007
#define WS_CODE_TOO_LONG 1009

enum rfc6455_got {
	WS_GOT_NOTHING, /* all bytes are taken, nothing is whole */
	WS_GOT_MESSAGE,
	WS_GOT_PING,
	WS_GOT_PONG,
	WS_GOT_CLOSE, /* out->code */
	/* The end: out->code is what to say, nothing further can be read. */
	WS_GOT_BROKEN,
	WS_GOT_TOO_LONG,
	WS_GOT_TOO_MANY,
};

struct rfc6455_item { /* borrowed until the next call */
	const unsigned char *p;
	size_t n;
	bool is_text;
	uint16_t code;
};

struct rfc6455 {
	size_t message_max;
	unsigned fragments_max;
	unsigned fragments;     /* frames of the message that is being read; 0: none is */
	uint64_t left;          /* bytes of this frame still to come */
	struct buf message;     /* of a message that came in pieces */
	unsigned char *control; /* the same of a control frame, or NULL */
	struct utf8_check utf8; /* of a text message */
	uint8_t head[RFC6455_HEAD_MAX];
	uint8_t head_len; /* bytes of it that are there */
	uint8_t control_len;
	uint8_t mask_at; /* which byte of the mask is next */
	bool is_in_payload, is_text;
};

/* Takes from *p and *n until something is whole; the bytes are unmasked where they are. */
enum rfc6455_got rfc6455_next(
    struct rfc6455 *r, unsigned char **p, size_t *n, struct rfc6455_item *out);
void rfc6455_free(struct rfc6455 *r);

/* May an endpoint send this code in a close frame? */
bool rfc6455_is_close_code(unsigned code);

#endif
