/*
 * http_conn_internal - what http_conn.c (sockets, deadlines) and http_conn_read.c (requests and
 * their answers) share; nobody else includes it.
 */
#ifndef HTTP_CONN_INTERNAL_H
#define HTTP_CONN_INTERNAL_H

#include "http_body.h"
#include "http_conn.h"

#define OUT_PAUSE (64 * 1024) /* no further pipelined request while so much waits */

enum state {
	STATE_HEAD, /* between requests, or in a head */
	STATE_BODY,
	STATE_LINGER, /* everything is said: reads away what still comes */
};

struct exchange { /* a request, from its head to its answer */
	struct http_request request;
	struct http_body body;
};

struct http_conn {
	struct http_front *front;
	struct http_conn *prev, *next;
	struct stream *stream;
	ev_timer timer;
	double since; /* when the last request ended, or it was accepted; of the loop's clock */
	enum state state;
	bool is_last;                 /* the connection ends behind what is in out */
	bool is_flush_due;            /* an upgrade waits for the answers before it */
	bool is_head, is_close_asked; /* of the request that is read */
	bool is_keep_asked;           /* by HTTP/1.0, which wants to be told that it is */
	struct buf in, out;
	size_t sent;         /* of out */
	size_t lingered;     /* bytes read away */
	size_t body_counted; /* of this body, in front->body_bytes */
	struct exchange *x;  /* NULL: in no request */
};

/* http_conn.c */
void http_conn_forget(struct http_conn *c); /* without its stream */
void http_conn_deadline(struct http_conn *c, double seconds);

/* http_conn_read.c */
enum http_progress {
	HTTP_GONE,
	HTTP_WAITS,  /* for more to come */
	HTTP_PAUSED, /* until something is sent */
};

enum http_progress http_conn_work(struct http_conn *c); /* works off what is in c->in */
void http_conn_refuse(struct http_conn *c, int status); /* and ends it */
void http_conn_free_exchange(struct http_conn *c);

#endif
