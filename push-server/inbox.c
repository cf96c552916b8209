#include "inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "limit.h"
#include "log.h"
#include "notify_wire.h"
#include "stale_socket.h"

#define USERS_MAX 32
#define SETTING "PUSH_SOCKET_USERS"
#define PACKAGE_USER "charla"
#define WEB_USER "www-data"
#define RECEIVE_BUFFER (4 * 1024 * 1024)

union credentials { /* room for SCM_CREDENTIALS only: descriptors sent to us are dropped */
	size_t alignment;
	char bytes[CMSG_SPACE(sizeof(struct ucred))];
};

struct inbox {
	int fd, lock_fd;
	struct sockaddr_un address;
	uid_t users[USERS_MAX];
	size_t user_count;
	struct metrics *metrics;
	struct refusals *refusals;
	/* one round of recvmmsg */
	char *text[INBOX_ROUND];
	struct sockaddr_un sender[INBOX_ROUND];
	union credentials control[INBOX_ROUND];
	struct iovec iov[INBOX_ROUND];
	struct mmsghdr messages[INBOX_ROUND];
};

/* --- who may send --------------------------------------------------------------------------------
 */

static bool
find_user(const char *name, uid_t *out_uid)
{
	struct passwd entry, *found = NULL;
	char room[4096];
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	if (*name != '\0' && *end == '\0' && number <= UINT_MAX - 1) {
		*out_uid = (uid_t)number;
		return true;
	}
	if (getpwnam_r(name, &entry, room, sizeof room, &found) != 0 || found == NULL)
		return false;
	*out_uid = found->pw_uid;
	return true;
}

static enum err
add_user(struct inbox *in, const char *name)
{
	if (in->user_count == USERS_MAX) {
		log_error("too many users setting=%s maximum=%d", SETTING, USERS_MAX);
		return ERR_LIMIT;
	}
	if (!find_user(name, &in->users[in->user_count])) {
		log_error("there is no such user setting=%s name=%s", SETTING, name);
		return ERR_INVALID;
	}
	in->user_count++;
	return OK;
}

static void
add_default_users(struct inbox *in)
{
	uid_t package;

	in->users[in->user_count++] = geteuid();
	in->users[in->user_count++] = 0;
	if (find_user(PACKAGE_USER, &package) && package == geteuid() &&
	    find_user(WEB_USER, &in->users[in->user_count]))
		in->user_count++;
}

static enum err
read_users(struct inbox *in, const char *users)
{
	auto_char *list = xstrdup(users != NULL ? users : "");
	char *rest = list;
	const char *name;
	enum err e;

	while ((name = strsep(&rest, ", ")) != NULL)
		if (*name != '\0' && (e = add_user(in, name)) != OK)
			return e;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): auto_char frees the list */
	if (in->user_count == 0)
		add_default_users(in);
	return OK;
}

/* --- opening --- */

static enum err
make_directory(const char *path)
{
	auto_char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');

	if (slash == NULL || slash == dir)
		return OK; /* NOLINT(clang-analyzer-unix.Malloc): auto_char frees */
	*slash = '\0';
	/* mkdir does not set the group bit everywhere: chmod does, only on what we made */
	if (mkdir(dir, 02750) == 0 && chmod(dir, 02750) == 0)
		return OK;
	if (errno == EEXIST)
		return OK;
	log_errno("cannot make the directory of the socket path=%s", dir);
	return ERR_IO;
}

static enum err
take_lock(struct inbox *in, const char *path)
{
	char lock[sizeof in->address.sun_path + 8];

	(void)snprintf(lock, sizeof lock, "%s.lock", path);
	in->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (in->lock_fd < 0) {
		log_errno("cannot open the lock file path=%s", lock);
		return ERR_IO;
	}
	if (flock(in->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return OK;
	if (errno == EWOULDBLOCK) {
		log_info("another push-server serves this socket path=%s", path);
		return ERR_BUSY;
	}
	log_errno("cannot lock path=%s", lock);
	return ERR_IO;
}

static enum err
bind_socket(struct inbox *in)
{
	static const int on = 1, room = RECEIVE_BUFFER;
	mode_t before;
	int rc;

	in->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (in->fd < 0 || setsockopt(in->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
		log_errno("cannot make the datagram socket");
		return ERR_IO;
	}
	(void)setsockopt(in->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	stale_socket_remove(in->address.sun_path); /* a predecessor's: we hold the lock */
	before = umask(0117);
	rc = bind(in->fd, (const struct sockaddr *)&in->address, sizeof in->address);
	(void)umask(before);
	if (rc == 0)
		return OK;
	log_errno("cannot bind the datagram socket path=%s", in->address.sun_path);
	in->address.sun_path[0] = '\0';
	return ERR_IO;
}

static void
prepare_round(struct inbox *in)
{
	for (size_t i = 0; i < INBOX_ROUND; i++) {
		in->text[i] = xcalloc(1, LIMIT_DATAGRAM_BYTES);
		in->iov[i].iov_base = in->text[i];
		in->iov[i].iov_len = LIMIT_DATAGRAM_BYTES;
	}
}

enum err
inbox_open(const char *path, const char *users, struct metrics *m, struct refusals *refusals,
    struct inbox **out_inbox)
{
	struct inbox *in = xcalloc(1, sizeof *in);
	size_t len = strlen(path);
	enum err e = OK;

	in->fd = in->lock_fd = -1;
	in->metrics = m;
	in->refusals = refusals;
	in->address.sun_family = AF_UNIX;
	if (len >= sizeof in->address.sun_path) {
		log_error("the path is longer than %zu bytes setting=PUSH_SOCKET path=%s",
		    sizeof in->address.sun_path - 1, path);
		e = ERR_INVALID;
	}
	if (e == OK && (e = read_users(in, users)) == OK && (e = make_directory(path)) == OK &&
	    (e = take_lock(in, path)) == OK) {
		memcpy(in->address.sun_path, path, len);
		e = bind_socket(in);
	}
	if (e != OK) {
		inbox_close(in);
		return e;
	}
	prepare_round(in);
	*out_inbox = in;
	return OK;
}

void
inbox_close(struct inbox *in)
{
	if (in == NULL)
		return;
	if (in->address.sun_path[0] != '\0')
		(void)unlink(in->address.sun_path);
	close_fd(&in->fd);
	close_fd(&in->lock_fd); /* the lock file stays: removing it would race with a successor */
	for (size_t i = 0; i < INBOX_ROUND; i++)
		free(in->text[i]);
	free(in);
}

int
inbox_fd(const struct inbox *in)
{
	return in->fd;
}

/* --- reading -------------------------------------------------------------------------------------
 */

static int64_t
uid_of(struct msghdr *h)
{
	struct ucred who;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&who, CMSG_DATA(c), sizeof who);
		return who.uid;
	}
	return -1;
}

static bool
is_allowed(const struct inbox *in, int64_t uid)
{
	for (size_t i = 0; i < in->user_count; i++)
		if (in->users[i] == uid)
			return true;
	return false;
}

/* Senders bind an address of their own, so that this can reach them; those who do not never know.
 */
static void
answer(const struct inbox *in, const struct msghdr *h, int64_t uid)
{
	const struct notify_line line = { .op = NOTIFY_REFUSED, .uid = uid, .setting = SETTING };
	auto_buf text = BUF_INIT(256);

	if (h->msg_namelen <= sizeof(sa_family_t) || notify_line_write(&text, &line) != OK)
		return;
	(void)sendto(
	    in->fd, text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL, h->msg_name, h->msg_namelen);
}

static void
refuse(struct inbox *in, const struct msghdr *h, int64_t uid, int64_t now_ms)
{
	struct refusal_advice advice = refusals_note(in->refusals, uid, now_ms);

	metric_add(in->metrics, METRIC_DATAGRAM_REFUSED_UID, 1);
	if (advice.is_first)
		log_warn("datagrams of a user who is not allowed are dropped uid=%lld setting=%s",
		    (long long)uid, SETTING);
	if (advice.is_answer)
		answer(in, h, uid);
}

static void
take(struct inbox *in, struct mmsghdr *m, const char *text, int64_t now_ms, inbox_fn *fn, void *ctx)
{
	int64_t uid = uid_of(&m->msg_hdr);

	metric_add(in->metrics, METRIC_DATAGRAMS, 1);
	if (!is_allowed(in, uid))
		refuse(in, &m->msg_hdr, uid, now_ms);
	else if ((m->msg_hdr.msg_flags & MSG_TRUNC) != 0)
		metric_add(in->metrics, METRIC_DATAGRAM_TOO_LONG, 1);
	else
		fn(ctx, text, m->msg_len);
}

void
inbox_read(struct inbox *in, int64_t now_ms, inbox_fn *fn, void *ctx)
{
	int n;

	for (size_t i = 0; i < INBOX_ROUND; i++)
		in->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &in->sender[i],
			.msg_namelen = sizeof in->sender[i],
			.msg_iov = &in->iov[i],
			.msg_iovlen = 1,
			.msg_control = &in->control[i],
			.msg_controllen = sizeof in->control[i],
		};
	n = recvmmsg(in->fd, in->messages, INBOX_ROUND, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take(in, &in->messages[i], in->text[i], now_ms, fn, ctx);
}
