-- Charla, schema 2: chats that are renamed, deleted and restored; search; usage.

-- who gave the title: the first words (auto), a model, or a person, whose title nobody replaces
ALTER TABLE chats ADD COLUMN title_source TEXT NOT NULL DEFAULT 'auto'
  CHECK(title_source IN('auto', 'model', 'user'));
-- Deleted: hidden at once and restorable for LIMIT_UNDO_MS, then taken away by the worker. A chat
-- under import is hidden the same way until it is whole.
ALTER TABLE chats ADD COLUMN deleted_ms INTEGER;
CREATE INDEX chats_deleted ON chats(deleted_ms) WHERE deleted_ms IS NOT NULL;

-- one event may take away several messages (no row of it was ever written before)
DROP TABLE tombstones;
CREATE TABLE tombstones(
  chat_no INTEGER NOT NULL REFERENCES chats(no) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  uid TEXT NOT NULL,
  PRIMARY KEY(chat_no, seq, uid)
) STRICT, WITHOUT ROWID;

-- Finished messages that are not in the index yet: the worker takes them in small portions, so that
-- nobody who posts waits for it. A message is in the index exactly if messages_text shows it.
CREATE TABLE index_queue(
  message_id INTEGER PRIMARY KEY REFERENCES messages(id) ON DELETE CASCADE
) STRICT;
CREATE VIEW messages_text AS
  SELECT id, content, 'c' || chat_no AS chat FROM messages
  WHERE content <> '' AND is_notice = 0 AND status NOT IN('queued', 'streaming')
    AND id NOT IN(SELECT message_id FROM index_queue);
-- chat: the word c<no>, so that a search in some chats reads only their entries. No triggers: a
-- virtual table in a trigger is refused under trusted_schema=OFF. Rows are never ranked, hence no
-- column sizes.
CREATE VIRTUAL TABLE messages_fts USING fts5(content, chat, content='messages_text',
  content_rowid='id', columnsize=0, tokenize="unicode61 remove_diacritics 2");
INSERT INTO messages_fts(messages_fts) VALUES('rebuild');

CREATE TRIGGER messages_come AFTER INSERT ON messages
  WHEN new.content <> '' AND new.is_notice = 0 AND new.status NOT IN('queued', 'streaming')
BEGIN
  INSERT INTO index_queue(message_id) VALUES(new.id);
END;
CREATE TRIGGER messages_finish AFTER UPDATE OF status ON messages
  WHEN old.status IN('queued', 'streaming') AND new.status NOT IN('queued', 'streaming')
    AND new.content <> '' AND new.is_notice = 0
BEGIN
  INSERT INTO index_queue(message_id) VALUES(new.id);
END;

-- What was asked and spent: a row a day, a person ("": a stranger) and a model.
CREATE TABLE usage_day(
  who TEXT NOT NULL,
  day INTEGER NOT NULL, -- days since 1970, UTC
  model TEXT NOT NULL,
  requests INTEGER NOT NULL DEFAULT 0,
  tok_prompt INTEGER NOT NULL DEFAULT 0,
  tok_output INTEGER NOT NULL DEFAULT 0,
  tok_thought INTEGER NOT NULL DEFAULT 0,
  tok_cached INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(who, day, model)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_day ON usage_day(day);
