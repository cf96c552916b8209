#include "app_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

const char app_options_usage[] =
    "usage: fcgi-app [--listen PATH | --worker | --drain] [--env FILE]\n"
    "       fcgi-app --migrate | --backup FILE | --check-database | --stats\n"
    "       fcgi-app --import FILE [--owner ID]\n"
    "       fcgi-app --token-create NAME [--days N] | --token-list | --token-revoke NAME\n"
    "       fcgi-app --check-config | --print-env | --print-routes | --is-demo | --version | "
    "--help\n"
    "\n"
    "Started by a web server it speaks FastCGI on fd 0, or plain CGI.\n"
    "  --listen PATH   FastCGI on a Unix socket of its own\n"
    "  --worker        only the AI worker; with --drain it leaves after 15 s without work\n"
    "  --drain         does the work that waits, and leaves at once when none is left\n"
    "  --migrate       brings the database to this program's schema (every start does it, too)\n"
    "  --backup FILE   a consistent copy of the database, while everything runs\n"
    "  --check-database  reads all of the database for damage, while everything runs\n"
    "  --stats         what is in the database, a name and a number each line\n"
    "  --import FILE   a chat that was exported as JSON (-: stdin), for --owner t:TOKENNAME,\n"
    "                  j:SUBJECT or r:USER; without an owner an open chat under its old id\n"
    "  --env FILE      settings (default: ENV_FILE, .env beside the program, ./.env,\n"
    "                  /etc/charla/charla.env)\n"
    "  --token-create  makes an API token and shows it once; it ends after --days, or never\n"
    "  --token-list    shows all, --token-revoke ends those of a name, or the one of a number\n"
    "  --check-config  names every problem of the settings\n"
    "  --print-env     prints every setting with its default\n"
    "  --print-routes  prints every address with what it needs\n"
    "  --is-demo       exits 0 when there is no usable AI_API_KEY\n";

/* One thing at a time, and nothing that would be passed over in silence. */
static bool
options_fit(const struct app_options *o)
{
	const bool modes[] = { o->listen != NULL, o->worker || o->drain, o->migrate,
		o->backup != NULL, o->check_database, o->stats, o->import != NULL,
		o->token_create != NULL, o->token_list, o->token_revoke != NULL, o->check,
		o->print_env, o->print_routes, o->is_demo };
	int count = 0;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		count += modes[i];
	return count <= 1 && (o->days == NULL || o->token_create != NULL) &&
	       (o->owner == NULL || o->import != NULL);
}

bool
app_options_parse(int argc, char **argv, struct app_options *o)
{
	static const struct option table[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "worker", no_argument, NULL, 'w' },
		{ "drain", no_argument, NULL, 'd' },
		{ "detach", no_argument, NULL, 'D' },
		{ "migrate", no_argument, NULL, 'm' },
		{ "backup", required_argument, NULL, 'b' },
		{ "stats", no_argument, NULL, 's' },
		{ "check-database", no_argument, NULL, 'C' },
		{ "import", required_argument, NULL, 'I' },
		{ "owner", required_argument, NULL, 'o' },
		{ "env", required_argument, NULL, 'e' },
		{ "check-config", no_argument, NULL, 'c' },
		{ "print-env", no_argument, NULL, 'p' },
		{ "print-routes", no_argument, NULL, 'r' },
		{ "token-create", required_argument, NULL, 't' },
		{ "token-revoke", required_argument, NULL, 'T' },
		{ "token-list", no_argument, NULL, 'L' },
		{ "days", required_argument, NULL, 'y' },
		{ "is-demo", no_argument, NULL, 'i' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*o = (struct app_options){ 0 };
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): before threads start */
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
		switch (c) {
		case 'l': o->listen = optarg; break;
		case 'w': o->worker = true; break;
		case 'd': o->drain = true; break;
		case 'D': o->detach = true; break;
		case 'm': o->migrate = true; break;
		case 'b': o->backup = optarg; break;
		case 's': o->stats = true; break;
		case 'C': o->check_database = true; break;
		case 'I': o->import = optarg; break;
		case 'o': o->owner = optarg; break;
		case 'e': o->env = optarg; break;
		case 'c': o->check = true; break;
		case 'p': o->print_env = true; break;
		case 'r': o->print_routes = true; break;
		case 't': o->token_create = optarg; break;
		case 'T': o->token_revoke = optarg; break;
		case 'L': o->token_list = true; break;
		case 'y': o->days = optarg; break;
		case 'i': o->is_demo = true; break;
		case 'v': o->version = true; break;
		case 'h': o->help = true; break;
		default: return false;
		}
	return o->help || o->version || (optind == argc && options_fit(o));
}

int
app_options_own(int argc, char **argv)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): before threads start */
	const char *method = getenv("REQUEST_METHOD"), *query = getenv("QUERY_STRING");
	/* NOLINTEND(concurrency-mt-unsafe) */
	int own = 1;

	if (method == NULL || query == NULL || *query == '\0' || strchr(query, '=') != NULL)
		return argc;
	if (argc > 2 && strcmp(argv[1], "--env") == 0)
		own = 3;
	else if (argc > 1 && strncmp(argv[1], "--env=", 6) == 0)
		own = 2;
	return own > 1 && (*query == '-' || *query == '%') ? -1 : own;
}
