-- Charla, schema 3: what operators are shown. Figures outlive processes and count for all workers.

-- Counters that only grow. sum: of histograms, milliseconds; label: what the family says.
CREATE TABLE figures(
  family TEXT NOT NULL,
  label TEXT NOT NULL,
  n INTEGER NOT NULL DEFAULT 0,
  sum INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(family, label)
) STRICT, WITHOUT ROWID;

-- The last LIMIT_REPLIES_LOGGED replies that ended, without their text and without their chat,
-- whose id may open it; rid finds them in the logs.
CREATE TABLE replies_ended(
  id INTEGER PRIMARY KEY,
  ended_ms INTEGER NOT NULL,
  status TEXT NOT NULL,
  error_type TEXT,
  model TEXT NOT NULL,
  rid TEXT,
  attempts INTEGER NOT NULL,
  -- from the last attempt's start to its first text; NULL: there was none
  first_ms INTEGER,
  -- from the message's being accepted to the reply's end
  took_ms INTEGER NOT NULL,
  tokens INTEGER NOT NULL
) STRICT;
