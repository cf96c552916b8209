#include "person_name.h"

#include <stdio.h>

#include "limit.h"
#include "utf8.h"

enum err
person_name_read(const json_t *value, const char **out, struct field_error *why)
{
	const char *name = json_string_value(value);

	if (value == NULL)
		return OK;
	why->field = "name";
	if (name == NULL || json_string_length(value) > LIMIT_NAME_BYTES) {
		(void)snprintf(why->text, sizeof why->text,
		    "The name must be a string of at most %d bytes.", LIMIT_NAME_BYTES);
		return ERR_INVALID;
	}
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			(void)snprintf(
			    why->text, sizeof why->text, "The name must be a single line.");
			return ERR_INVALID;
		}
	*out = utf8_is_blank(name, strlen(name)) ? "" : name;
	return OK;
}
