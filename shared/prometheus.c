#include "prometheus.h"

#include <inttypes.h>

enum err
prometheus_family(struct buf *b, const char *name, const char *type, const char *help)
{
	return buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

enum err
prometheus_label(struct buf *b, const char *text)
{
	enum err e = OK;

	for (; *text != '\0' && e == OK; text++)
		e = *text == '\\'   ? buf_adds(b, "\\\\")
		    : *text == '"'  ? buf_adds(b, "\\\"")
		    : *text == '\n' ? buf_adds(b, "\\n")
				    : buf_add(b, text, 1);
	return e;
}

enum err
prometheus_sample(struct buf *b, const char *name, const char *label, const char *value, int64_t n)
{
	enum err e = buf_adds(b, name);

	if (e == OK && label != NULL && (e = buf_addf(b, "{%s=\"", label)) == OK &&
	    (e = prometheus_label(b, value)) == OK)
		e = buf_adds(b, "\"}");
	return e == OK ? buf_addf(b, " %" PRId64 "\n", n) : e;
}
