/*
 * A single message lies behind FRAME_HEADROOM free bytes, so that its WebSocket header is put in
 * front without a copy. A joined frame keeps its parts and concatenates them when asked.
 */
#include "frame.h"

#include <assert.h>
#include <stdint.h>

#define FRAME_HEADROOM 16 /* the longest server header is 10 bytes */
#define WS_FIN 0x80

struct frame {
	unsigned refs;
	uint16_t opcode;
	uint16_t ws_head;  /* bytes of header in the headroom; 0: not made yet */
	size_t len;        /* text of all messages */
	size_t part_count; /* 0: a single message */
	unsigned char *joined;
	size_t joined_len;
	union {
		unsigned char bytes[FRAME_HEADROOM]; /* then the text */
		struct frame *parts[1];              /* part_count of them */
	} u;
};

static struct frame *
frame_alloc(size_t payload)
{
	size_t size = offsetof(struct frame, u) + payload;
	struct frame *f = xcalloc(1, size < sizeof *f ? sizeof *f : size);

	f->refs = 1;
	return f;
}

static unsigned char *
text_of(const struct frame *f)
{
	/* not through the array member: the text lies behind it */
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): drops the const of what we own */
	return (unsigned char *)(uintptr_t)f + offsetof(struct frame, u) + FRAME_HEADROOM;
}

struct frame *
frame_new_as(enum rfc6455_opcode kind, const void *p, size_t len)
{
	struct frame *f = frame_alloc(FRAME_HEADROOM + len);

	f->opcode = (uint16_t)kind;
	f->len = len;
	if (len > 0)
		memcpy(text_of(f), p, len);
	return f;
}

struct frame *
frame_new(const char *text, size_t len)
{
	return frame_new_as(WS_TEXT, text, len);
}

static struct frame **
parts_of(struct frame *f)
{
	return (struct frame **)(void *)((unsigned char *)f + offsetof(struct frame, u));
}

struct frame *
frame_join(struct frame *const *parts, size_t count)
{
	struct frame *f = frame_alloc(count * sizeof(struct frame *));

	assert(count > 0);
	f->part_count = count;
	for (size_t i = 0; i < count; i++) {
		assert(parts[i]->part_count == 0 && parts[i]->opcode == WS_TEXT);
		parts_of(f)[i] = frame_ref(parts[i]);
		f->len += parts[i]->len;
	}
	return f;
}

struct frame *
frame_ref(struct frame *f)
{
	f->refs++;
	return f;
}

void
frame_unref(struct frame *f)
{
	if (f == NULL || --f->refs > 0)
		return;
	for (size_t i = 0; i < f->part_count; i++)
		frame_unref(parts_of(f)[i]);
	free(f->joined);
	free(f);
}

size_t
frame_messages(const struct frame *f)
{
	return f->part_count > 0 ? f->part_count : 1;
}

size_t
frame_len(const struct frame *f)
{
	return f->len;
}

const char *
frame_text(const struct frame *f)
{
	assert(f->part_count == 0);
	return (const char *)text_of(f);
}

/* Writes the header so that it ends where the text begins. Returns its length. */
static uint16_t
put_ws_header(unsigned char *text, unsigned opcode, size_t len)
{
	unsigned char first = (unsigned char)(WS_FIN | opcode);

	if (len < 126) {
		text[-2] = first;
		text[-1] = (unsigned char)len;
		return 2;
	}
	if (len <= UINT16_MAX) {
		text[-4] = first;
		text[-3] = 126;
		text[-2] = (unsigned char)(len >> 8);
		text[-1] = (unsigned char)len;
		return 4;
	}
	text[-10] = first;
	text[-9] = 127;
	for (int i = 0; i < 8; i++)
		text[-1 - i] = (unsigned char)((uint64_t)len >> (8 * i));
	return 10;
}

static void
concatenate(struct frame *f)
{
	size_t n = 0, at = 0, len;

	for (size_t i = 0; i < f->part_count; i++) {
		(void)frame_ws(parts_of(f)[i], &len);
		n += len;
	}
	f->joined = xcalloc(1, n);
	for (size_t i = 0; i < f->part_count; i++) {
		const unsigned char *part = frame_ws(parts_of(f)[i], &len);

		memcpy(f->joined + at, part, len);
		at += len;
	}
	f->joined_len = n;
}

unsigned char *
frame_ws(struct frame *f, size_t *out_len)
{
	if (f->part_count > 0) {
		if (f->joined == NULL)
			concatenate(f);
		*out_len = f->joined_len;
		return f->joined;
	}
	if (f->ws_head == 0)
		f->ws_head = put_ws_header(text_of(f), f->opcode, f->len);
	*out_len = f->ws_head + f->len;
	return text_of(f) - f->ws_head;
}
