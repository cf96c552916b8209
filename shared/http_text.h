/* http_text - what both programs need of HTTP's text. Threads: any. Source: RFC 9110 15. */
#ifndef HTTP_TEXT_H
#define HTTP_TEXT_H

/* The phrase of a status, never empty: nginx sends a status without one as it is. */
const char *http_reason(int status);

int hex_digit(char c); /* -1: it is none */

#endif
