#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "clock.h"

#define LINE_MAX_BYTES 2048

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

/* Set once before threads start. */
static const char *program_name = "charla";
static enum log_level max_level = LOG_INFO;

void
log_init(const char *program, enum log_level level)
{
	program_name = program;
	max_level = level;
}

/* U+0080 to U+009F: terminals take U+009B for ESC [. */
static bool
is_c1(const char *p, size_t n)
{
	return n > 1 && (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] >= 0x80 &&
	       (unsigned char)p[1] < 0xa0;
}

/* A peer's bytes may be in the line: no control byte may end it or colour a terminal. */
static void
mask_controls(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = '?';
		else if (is_c1(p + i, n - i))
			p[i] = p[i + 1] = '?';
}

__attribute__((format(printf, 2, 0))) static void
write_line(enum log_level level, const char *fmt, va_list ap, const char *error)
{
	char line[LINE_MAX_BYTES], time[CLOCK_RFC3339_SIZE];
	int n, m;
	size_t len;

	n = snprintf(line, sizeof line, "%s %s %s ", clock_rfc3339(clock_wall_ms(), time),
	    level_names[level], program_name);
	if (n < 0)
		return;
	m = vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
	len = (size_t)n + (m < 0 ? 0 : (size_t)m);
	if (error != NULL && len < sizeof line) {
		m = snprintf(line + len, sizeof line - len, " error=\"%s\"", error);
		len += m < 0 ? 0 : (size_t)m;
	}
	if (len > sizeof line - 1)
		len = sizeof line - 1;
	mask_controls(line, len);
	line[len] = '\n';
	/* A full or closed log must never stop the service (fault F28). */
	if (write(STDERR_FILENO, line, len + 1) < 0)
		return;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	write_line(level, fmt, ap, NULL);
	va_end(ap);
}

void
log_errno(const char *fmt, ...)
{
	char text[128];
	const char *error = strerror_r(errno, text, sizeof text);
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_ERROR, fmt, ap, error);
	va_end(ap);
}

int
log_allowed(struct log_limit *l, unsigned long *out_suppressed)
{
	long long now = clock_mono_ms();

	if (now < l->next_ms) {
		l->suppressed++;
		return 0;
	}
	*out_suppressed = l->suppressed;
	l->suppressed = 0;
	l->next_ms = now + 1000;
	return 1;
}
