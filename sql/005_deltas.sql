-- Charla, schema 5: a piece of text is one row in one tree, which the message alone finds. With an index
-- beside it and the chat in its key each tick wrote twice as many pages.
CREATE TABLE deltas_new(
  message_id INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY(message_id, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO deltas_new(message_id, seq, text) SELECT message_id, seq, text FROM deltas;
DROP TABLE deltas;
ALTER TABLE deltas_new RENAME TO deltas;
