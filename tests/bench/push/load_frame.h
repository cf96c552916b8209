/*
 * load_frame - WebSocket frames of a client. Pure.
 *
 * Source: RFC 6455 5.2.
 */
#ifndef LOAD_FRAME_H
#define LOAD_FRAME_H

#include "buf.h"

enum { FRAME_CONTINUED = 0, FRAME_TEXT = 1, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10 };

struct server_frame {
	unsigned opcode;
	int is_final;
	const char *payload; /* borrowed from what was parsed */
	size_t len;
	size_t size; /* with its header */
};

/* 1: out is the frame at the beginning of p. 0: it is not all there. -1: no server may send it. */
int server_frame_parse(const char *p, size_t n, struct server_frame *out);

/* Appends a masked frame of at most 65,535 bytes. */
enum err client_frame_write(struct buf *b, unsigned opcode, const char *p, size_t n) MUST_CHECK;

#endif
