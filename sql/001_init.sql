-- Charla, schema 1. Never edited after release: later changes are further files.
--
-- Times are integer milliseconds since 1970 (columns _ms). uid columns are the ids that leave the
-- house: 128 random bits, base64url. Integer keys never do.

-- What belongs to the file as a whole. epoch: changes when a backup is restored, so that clients
-- know that their sequence numbers are void. worker: last state of the AI worker, for health.
CREATE TABLE meta(
  k TEXT PRIMARY KEY,
  v TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta(k, v) VALUES('epoch', lower(hex(randomblob(8))));

CREATE TABLE chats(
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE CHECK(length(id) BETWEEN 1 AND 128),
  -- the client gave a JSON number: its events carry a number again
  id_is_number INTEGER NOT NULL DEFAULT 0,
  visibility TEXT NOT NULL CHECK(visibility IN('open', 'private')),
  owner_id TEXT,
  title TEXT NOT NULL DEFAULT '',
  -- the owner's persona; system turns that old clients send stand in client_system
  system_prompt TEXT,
  client_system TEXT,
  model TEXT,
  -- language of the sentences that we write into it: es or en
  lang TEXT NOT NULL DEFAULT 'es',
  -- last message of the active branch
  head_id INTEGER REFERENCES messages(id) ON DELETE SET NULL,
  -- number of the last change; every event and every change of a row takes the next one
  seq INTEGER NOT NULL DEFAULT 0,
  -- seq of the last change of the chat's own data (title, head by choice)
  changed_seq INTEGER NOT NULL DEFAULT 0,
  -- tombstones up to this seq are gone: whoever asks from before must load afresh
  pruned_seq INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX chats_recent ON chats(updated_ms DESC, no DESC);
CREATE INDEX chats_owner ON chats(owner_id, updated_ms DESC) WHERE owner_id IS NOT NULL;

-- A tree: regenerate and edit make siblings.
CREATE TABLE messages(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL,
  chat_no INTEGER NOT NULL REFERENCES chats(no) ON DELETE CASCADE,
  parent_id INTEGER REFERENCES messages(id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK(role IN('user', 'assistant')),
  author_id TEXT,
  author_name TEXT,
  -- while a reply streams its text is here (empty) plus the rows of deltas
  content TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL CHECK(status IN
    ('complete', 'queued', 'streaming', 'stopped', 'blocked', 'truncated', 'error')),
  -- 1: an assistant turn that a client brought along, not written by us
  is_imported INTEGER NOT NULL DEFAULT 0,
  -- 1: content is our own sentence about a failure; it is never sent to the model
  is_notice INTEGER NOT NULL DEFAULT 0,
  error_type TEXT,
  model TEXT,
  response_id TEXT,
  tok_prompt INTEGER,
  tok_output INTEGER,
  tok_thought INTEGER,
  tok_cached INTEGER,
  tok_total INTEGER,
  -- of a user turn that ended a posted list: SHA-256 of that list, to know a repeated post
  post_hash TEXT,
  changed_seq INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT;
-- Random ids by themselves would write a page of their own for each message of a commit.
CREATE UNIQUE INDEX messages_uid ON messages(chat_no, uid);
CREATE INDEX messages_changed ON messages(chat_no, changed_seq);
CREATE INDEX messages_parent ON messages(parent_id, chat_no); -- the chat: for its roots
CREATE INDEX messages_post ON messages(chat_no, post_hash) WHERE post_hash IS NOT NULL;

-- Text of a running reply as it came, a row a tick: appending to messages.content each time would
-- write the whole text again and again. Gone when the reply ends.
CREATE TABLE deltas(
  chat_no INTEGER NOT NULL REFERENCES chats(no) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  message_id INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  PRIMARY KEY(chat_no, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX deltas_message ON deltas(message_id, seq);

-- Work under a lease. attempt is the fence: every write of a runner names it, and each claim
-- raises it, so that a runner that lost its lease can write nothing.
CREATE TABLE jobs(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL, -- 128 random bits: unique without an index that nobody asks
  chat_no INTEGER NOT NULL REFERENCES chats(no) ON DELETE CASCADE,
  message_id INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
  state TEXT NOT NULL DEFAULT 'queued'
    CHECK(state IN('queued', 'running', 'done', 'failed', 'cancelled')),
  attempt INTEGER NOT NULL DEFAULT 0,
  -- failures before the first text, after it, and runners that died
  connect_failures INTEGER NOT NULL DEFAULT 0,
  stream_failures INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  -- next attempt: half the context (the model said: too long), the fallback model first
  is_shortened INTEGER NOT NULL DEFAULT 0,
  is_swapped INTEGER NOT NULL DEFAULT 0,
  run_after_ms INTEGER NOT NULL DEFAULT 0,
  lease_owner TEXT,
  lease_until_ms INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  -- whose limits it counts against: a person's id, and the address it came from
  person_id TEXT,
  address TEXT,
  rid TEXT,
  last_error TEXT,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_ready ON jobs(run_after_ms, id) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs(lease_until_ms) WHERE state = 'running';
CREATE INDEX jobs_live ON jobs(chat_no) WHERE state IN('queued', 'running');
CREATE INDEX jobs_failed ON jobs(id) WHERE state = 'failed';
CREATE INDEX jobs_message ON jobs(message_id);
CREATE INDEX jobs_person ON jobs(person_id, chat_no)
  WHERE state IN('queued', 'running') AND person_id IS NOT NULL;
CREATE INDEX jobs_address ON jobs(address, chat_no)
  WHERE state IN('queued', 'running') AND address IS NOT NULL;

-- Events that the push server has not taken yet, in order. Everything but text deltas. The JSON is
-- made when it is sent; data holds only what the message row does not.
CREATE TABLE outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- NULL: an eviction, whose data names the channels; it must outlive a chat that is deleted
  chat_no INTEGER REFERENCES chats(no) ON DELETE CASCADE,
  message_id INTEGER REFERENCES messages(id) ON DELETE CASCADE,
  job_uid TEXT,
  seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  data TEXT,
  socket_id TEXT,
  rid TEXT,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_chat ON outbox(chat_no);
CREATE INDEX outbox_message ON outbox(message_id);

-- Messages that are gone, for clients that still show them.
CREATE TABLE tombstones(
  chat_no INTEGER NOT NULL REFERENCES chats(no) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  uid TEXT NOT NULL,
  PRIMARY KEY(chat_no, seq)
) STRICT, WITHOUT ROWID;

-- Answers by Idempotency-Key; k is chat id, a line end, and the key.
CREATE TABLE idempotency(
  k TEXT PRIMARY KEY,
  body_hash TEXT NOT NULL,
  response TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency(created_ms);

-- Whoever showed who they are and did something that must be remembered. id says how: s: a session
-- of their own, j: a JWT's subject, t: an API token's name, r: the web server's REMOTE_USER.
CREATE TABLE people(
  id TEXT PRIMARY KEY,
  name TEXT,
  -- logged out everywhere at this time: a JWT issued before is void
  valid_from_ms INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- hash: SHA-256 of the 256 random bits in the cookie, which are kept nowhere.
CREATE TABLE sessions(
  hash TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions(person_id);
CREATE INDEX sessions_age ON sessions(expires_ms);

-- Made and revoked by command line. Two tokens of one name are the same person (rotation).
CREATE TABLE api_tokens(
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  -- NULL: never
  expires_ms INTEGER,
  revoked_ms INTEGER
) STRICT;

-- Who may read and write a private chat besides its owner (chats.owner_id).
CREATE TABLE members(
  chat_no INTEGER NOT NULL REFERENCES chats(no) ON DELETE CASCADE,
  person_id TEXT NOT NULL,
  joined_ms INTEGER NOT NULL,
  PRIMARY KEY(chat_no, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_person ON members(person_id);

-- hash: SHA-256 of the token in the link, which is kept nowhere.
CREATE TABLE invitations(
  hash TEXT PRIMARY KEY,
  chat_no INTEGER NOT NULL REFERENCES chats(no) ON DELETE CASCADE,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_chat ON invitations(chat_no);

-- Tokens of the model spent a day (UTC, days since 1970), for the limits: by a person, an address, or
-- the whole site (who is the person's id, "a:" and the address, or "").
CREATE TABLE spending(
  day INTEGER NOT NULL,
  who TEXT NOT NULL,
  tokens INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(day, who)
) STRICT, WITHOUT ROWID;
