-- How far an open source has come, as the machine says that ships its journal: a row of the state
-- `head` is written after all rows up to its `last_seq`.
ALTER TABLE sources MODIFY COLUMN state Enum8('open' = 1, 'closed' = 2, 'head' = 3);
