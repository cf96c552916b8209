#include "reply_text.h"

#include "utf8.h"

#define QUOTE_MAX 240
#define WORD_MAX 24

/* --- which language ---------------------------------------------------------------------- */
struct word {
	const char *text;
	int votes; /* > 0 Spanish, < 0 English */
};

static const struct word words[] = {
	{ "que", 1 },
	{ "de", 1 },
	{ "el", 1 },
	{ "la", 1 },
	{ "los", 1 },
	{ "las", 1 },
	{ "un", 1 },
	{ "una", 1 },
	{ "por", 1 },
	{ "para", 1 },
	{ "como", 1 },
	{ "con", 1 },
	{ "es", 1 },
	{ "en", 1 },
	{ "del", 1 },
	{ "mi", 1 },
	{ "tu", 1 },
	{ "hola", 2 },
	{ "gracias", 2 },
	{ "cuenta", 1 },
	{ "dime", 2 },
	{ "puedes", 2 },
	{ "quiero", 2 },
	{ "buenos", 2 },
	{ "buenas", 2 },
	{ "cuento", 1 },
	{ "escribe", 2 },
	{ "explica", 2 },
	{ "hazme", 2 },
	{ "the", -2 },
	{ "is", -1 },
	{ "are", -1 },
	{ "what", -2 },
	{ "how", -2 },
	{ "of", -1 },
	{ "and", -1 },
	{ "to", -1 },
	{ "for", -1 },
	{ "my", -1 },
	{ "you", -2 },
	{ "can", -1 },
	{ "please", -2 },
	{ "hello", -2 },
	{ "hi", -2 },
	{ "tell", -2 },
	{ "write", -2 },
	{ "with", -1 },
	{ "why", -2 },
	{ "explain", -2 },
	{ "in", -1 },
	{ "it", -1 },
};

/* UTF-8 of letters and signs that Spanish has and English has not. */
static const char *const spanish_marks[] = { "á", "é", "í", "ó", "ú", "ñ", "¿", "¡", "Á", "É",
	"Ñ" };

static int
votes_of(const char *word, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].text) == n && strncasecmp(words[i].text, word, n) == 0)
			return words[i].votes;
	return 0;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

bool
reply_text_is_spanish(const char *p, size_t n)
{
	int votes = 0;

	for (size_t i = 0; i < ARRAY_LEN(spanish_marks); i++)
		if (memmem(p, n, spanish_marks[i], strlen(spanish_marks[i])) != NULL)
			votes += 2;
	for (size_t i = 0, len; i < n; i += len + 1) {
		for (len = 0; i + len < n && is_letter(p[i + len]);)
			len++;
		if (len > 0 && len <= WORD_MAX)
			votes += votes_of(p + i, len);
	}
	return votes > 0;
}

/* --- the demonstration ------------------------------------------------------------------- */
struct demo {
	const char *before_turn, *after_turn, *after_quote;
};

static const struct demo spanish = {
	.before_turn = "¡Hola! Soy el **modelo de demostración**: contesto desde esta misma "
		       "máquina, sin llamar a "
		       "ninguna IA, para que puedas probar el chat entero antes de tener una "
		       "clave. Este es tu "
		       "mensaje número ",
	.after_turn = ", y dice:\n\n",
	.after_quote = "\n\nUn modelo de verdad respondería a eso. Yo solo enseño lo que esta "
		       "página sabe hacer:\n\n"
		       "- **El texto llega mientras se escribe**, palabra por palabra, a todos los "
		       "que miran la "
		       "conversación.\n"
		       "- **Nada se pierde**: recarga la página a mitad de una respuesta y seguirá "
		       "donde estaba.\n"
		       "- **Markdown completo**: listas, `código`, tablas, acentos y emojis 🚀.\n\n"
		       "Para hablar con Gemini, pon tu clave en el archivo `.env` y reinicia:\n\n"
		       "```sh\nAI_API_KEY=\"tu-clave\"   # de Google AI "
		       "Studio\nAI_MODEL=gemini-3.8-flash\n```\n\n"
		       "¿Qué más quieres probar?",
};

static const struct demo english = {
	.before_turn = "Hello! I am the **demonstration model**: I answer from this very machine, "
		       "without calling "
		       "any AI, so that you can try the whole chat before you have a key. This is "
		       "your message "
		       "number ",
	.after_turn = ", and it says:\n\n",
	.after_quote =
	    "\n\nA real model would answer that. I only show what this page can do:\n\n"
	    "- **Text arrives while it is written**, word by word, for everyone who watches the "
	    "conversation.\n"
	    "- **Nothing gets lost**: reload the page in the middle of a reply and it goes on "
	    "where it "
	    "was.\n"
	    "- **All of Markdown**: lists, `code`, tables, accents and emoji 🚀.\n\n"
	    "To talk to Gemini, put your key into the `.env` file and restart:\n\n"
	    "```sh\nAI_API_KEY=\"your-key\"   # from Google AI "
	    "Studio\nAI_MODEL=gemini-3.8-flash\n```\n\n"
	    "What would you like to try next?",
};

/* As a Markdown quotation: "> " before each line, cut after QUOTE_MAX bytes. */
static enum err
add_quote(struct buf *b, const char *p, size_t n)
{
	size_t len = utf8_cut(p, n, QUOTE_MAX);
	enum err e = buf_adds(b, "> ");

	for (size_t i = 0; e == OK && i < len; i++) {
		if (p[i] != '\r')
			e = buf_add(b, p + i, 1);
		if (e == OK && p[i] == '\n')
			e = buf_adds(b, "> ");
	}
	return e == OK && len < n ? buf_adds(b, "…") : e;
}

enum err
reply_text_demo(struct buf *b, const char *question, size_t n, int64_t turn)
{
	const struct demo *demo = reply_text_is_spanish(question, n) ? &spanish : &english;
	enum err e = buf_addf(b, "%s%lld%s", demo->before_turn, (long long)turn, demo->after_turn);

	if (e == OK)
		e = add_quote(b, question, n);
	return e == OK ? buf_adds(b, demo->after_quote) : e;
}

/* --- text of an exact size --------------------------------------------------------------- */
static const char *const pieces[] = {
	"word",
	"streaming",
	"the quick brown fox",
	"una canción de otoño",
	"pingüino",
	"¿por qué?",
	"\"quoted\"",
	"it's",
	"back\\slash",
	"\\n is not a line end",
	"\\u00e9",
	"C:\\temp\\new",
	"\n",
	"\n\n",
	"\r\n",
	"\t",
	"\ndata: {\"not\": \"a frame\"}\n",
	"\nevent: message\n",
	"\n: comment\n",
	"😀",
	"👩‍👩‍👧‍👦",
	"🇪🇸",
	"🚀🌍",
	"日本語の文字",
	"Ελληνικά",
	"e\xcc\x81 combined",
	"naïve façade",
	"€ 12,50",
	"{\"a\": [1, 2]}",
	"[DONE]",
	"`code`",
	"**bold**",
	"\n- item",
	"\n```c\nint x = 0;\n```\n",
	"<b>&amp;</b>",
	"</script>",
	"%s %d %n",
	"\xe2\x80\xa8",
	"\x7f",
	"0123456789",
	";",
	"--",
	"$1",
};

/* splitmix64 (Steele, Lea, Flood 2014): small, and easily written again in a test. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

enum err
reply_text_synthetic(struct buf *b, size_t n, uint64_t seed)
{
	size_t end = b->len + n;
	enum err e = n > 0 ? buf_add(b, &"ABCDEFGHIJKLMNOP"[seed % 16], 1) : OK;

	while (e == OK && b->len + 1 < end) {
		uint64_t r = next_random(&seed);
		const char *piece = pieces[r % ARRAY_LEN(pieces)];
		size_t len = strlen(piece), room = end - 1 - b->len;

		/* What does not fit is cut at a character; nothing may fit, then a dot does. */
		if (len > room)
			len = utf8_cut(piece, len, room);
		e = len > 0 ? buf_add(b, piece, len) : buf_adds(b, ".");
		if (e == OK && (r >> 32) % 4 != 0 && b->len + 1 < end)
			e = buf_adds(b, " ");
	}
	return e == OK && b->len < end ? buf_adds(b, ".") : e;
}
