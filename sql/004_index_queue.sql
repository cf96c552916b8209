-- Charla, schema 4: what is finished comes into index_queue by the program, which knows when that
-- is: a trigger makes SQLite keep a journal of every statement that may fire it.
DROP TRIGGER messages_come;
DROP TRIGGER messages_finish;
