-- Format 1 of a log in PostgreSQL 14 or newer (spec chapter 17.5). One log to a database. Run it once, in one transaction, as the role
-- that is to own the log and that no process of the log uses:
--   psql -1 -v ON_ERROR_STOP=1 -f 1.sql postgres://owner@host/database
-- Then let the processes connect as members of the writer role:
--   CREATE ROLE harness LOGIN IN ROLE aiegis_ledger_writer
--
-- Triggers and rights stop mistakes and injected SQL, not the owner, who can drop them: that shows in the tree. ENABLE ALWAYS, because
-- session_replication_role = replica switches all other triggers off. Functions have a search path of their own, because a caller's
-- could hold an operator "=" that says yes to everything.

-- Who may not create roles has it created before.
DO $$
BEGIN
  IF NOT EXISTS(SELECT 1 FROM pg_roles WHERE rolname = 'aiegis_ledger_writer') THEN
    CREATE ROLE aiegis_ledger_writer NOLOGIN;
  END IF;
END
$$;

CREATE SCHEMA aiegis_ledger;

CREATE TABLE aiegis_ledger.format(version integer PRIMARY KEY);

CREATE TABLE aiegis_ledger.log(id integer PRIMARY KEY CHECK(id = 0), origin text NOT NULL);

CREATE TABLE aiegis_ledger.entry(
  idx bigint PRIMARY KEY CHECK(idx >= 0),
  key bytea NOT NULL UNIQUE CHECK(length(key) BETWEEN 1 AND 64),
  leaf bytea NOT NULL CHECK(length(leaf) BETWEEN 1 AND 65535),
  leaf_hash bytea NOT NULL CHECK(length(leaf_hash) = 32)
);

CREATE TABLE aiegis_ledger.tile(
  level integer NOT NULL CHECK(level BETWEEN 0 AND 6),
  n bigint NOT NULL CHECK(n >= 0),
  root bytea NOT NULL CHECK(length(root) = 32),
  hashes bytea NOT NULL CHECK(length(hashes) = 8192),
  PRIMARY KEY(level, n)
);
-- Hashes do not compress.
ALTER TABLE aiegis_ledger.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE TABLE aiegis_ledger.checkpoint(size bigint PRIMARY KEY, note text NOT NULL);

-- The one row by which writers go in turn: it is locked first, and moves from the size that was read to the size that is written.
CREATE TABLE aiegis_ledger.head(id integer PRIMARY KEY CHECK(id = 0), size bigint NOT NULL, note text);
INSERT INTO aiegis_ledger.head(id, size, note) VALUES(0, 0, NULL);

-- Clear text and salts, which a person may have erased; nothing under the tree depends on it.
CREATE TABLE aiegis_ledger.private(idx bigint PRIMARY KEY CHECK(idx >= 0), clear bytea NOT NULL);

CREATE FUNCTION aiegis_ledger.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'ledger: % is append-only', TG_TABLE_NAME;
END
$$;

CREATE FUNCTION aiegis_ledger.log_turn() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF EXISTS(SELECT 1 FROM aiegis_ledger.log) THEN
    RAISE EXCEPTION 'ledger: log row out of turn';
  END IF;
  RETURN NEW;
END
$$;

-- The head moves first: a row without a head above it, which no transaction may leave behind, has no turn.
CREATE FUNCTION aiegis_ledger.entry_turn() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.idx IS DISTINCT FROM (SELECT coalesce(max(idx) + 1, 0) FROM aiegis_ledger.entry)
    OR (SELECT NEW.idx >= size FROM aiegis_ledger.head) IS NOT FALSE THEN
    RAISE EXCEPTION 'ledger: entry row out of turn';
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION aiegis_ledger.tile_turn() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.n IS DISTINCT FROM (SELECT coalesce(max(n) + 1, 0) FROM aiegis_ledger.tile WHERE level = NEW.level)
    OR (SELECT (NEW.n + 1) * 256::numeric ^ (NEW.level + 1) > size FROM aiegis_ledger.head) IS NOT FALSE THEN
    RAISE EXCEPTION 'ledger: tile row out of turn';
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION aiegis_ledger.checkpoint_turn() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF EXISTS(SELECT 1 FROM aiegis_ledger.checkpoint WHERE size >= NEW.size)
    OR NOT EXISTS(SELECT 1 FROM aiegis_ledger.head WHERE size = NEW.size AND note = NEW.note) THEN
    RAISE EXCEPTION 'ledger: checkpoint row out of turn';
  END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION aiegis_ledger.head_turn() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    -- The first head is over nothing; every other one is over more than the one before.
    IF NEW.id = OLD.id AND NEW.note IS NOT NULL AND NEW.size >= OLD.size AND (NEW.size > OLD.size) = (OLD.note IS NOT NULL) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'ledger: head row out of turn';
END
$$;

-- At the end of a transaction that moved the head: everything below it is there, and its note is kept.
CREATE FUNCTION aiegis_ledger.head_whole() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.size IS DISTINCT FROM (SELECT coalesce(max(idx) + 1, 0) FROM aiegis_ledger.entry)
    OR NOT EXISTS(SELECT 1 FROM aiegis_ledger.checkpoint WHERE size = NEW.size AND note = NEW.note) THEN
    RAISE EXCEPTION 'ledger: head row without its entries';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER log_turn BEFORE INSERT ON aiegis_ledger.log FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.log_turn();
CREATE TRIGGER entry_turn BEFORE INSERT ON aiegis_ledger.entry FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.entry_turn();
CREATE TRIGGER tile_turn BEFORE INSERT ON aiegis_ledger.tile FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.tile_turn();
CREATE TRIGGER checkpoint_turn BEFORE INSERT ON aiegis_ledger.checkpoint FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.checkpoint_turn();
CREATE TRIGGER head_turn BEFORE INSERT OR UPDATE ON aiegis_ledger.head FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.head_turn();
CREATE CONSTRAINT TRIGGER head_whole AFTER UPDATE ON aiegis_ledger.head DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.head_whole();
CREATE TRIGGER log_keep BEFORE DELETE OR UPDATE ON aiegis_ledger.log FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER entry_keep BEFORE DELETE OR UPDATE ON aiegis_ledger.entry FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER tile_keep BEFORE DELETE OR UPDATE ON aiegis_ledger.tile FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER checkpoint_keep BEFORE DELETE OR UPDATE ON aiegis_ledger.checkpoint FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER head_keep BEFORE DELETE ON aiegis_ledger.head FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER log_stay BEFORE TRUNCATE ON aiegis_ledger.log FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER entry_stay BEFORE TRUNCATE ON aiegis_ledger.entry FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER tile_stay BEFORE TRUNCATE ON aiegis_ledger.tile FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER checkpoint_stay BEFORE TRUNCATE ON aiegis_ledger.checkpoint FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER head_stay BEFORE TRUNCATE ON aiegis_ledger.head FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();

ALTER TABLE aiegis_ledger.log ENABLE ALWAYS TRIGGER log_turn;
ALTER TABLE aiegis_ledger.log ENABLE ALWAYS TRIGGER log_keep;
ALTER TABLE aiegis_ledger.log ENABLE ALWAYS TRIGGER log_stay;
ALTER TABLE aiegis_ledger.entry ENABLE ALWAYS TRIGGER entry_turn;
ALTER TABLE aiegis_ledger.entry ENABLE ALWAYS TRIGGER entry_keep;
ALTER TABLE aiegis_ledger.entry ENABLE ALWAYS TRIGGER entry_stay;
ALTER TABLE aiegis_ledger.tile ENABLE ALWAYS TRIGGER tile_turn;
ALTER TABLE aiegis_ledger.tile ENABLE ALWAYS TRIGGER tile_keep;
ALTER TABLE aiegis_ledger.tile ENABLE ALWAYS TRIGGER tile_stay;
ALTER TABLE aiegis_ledger.checkpoint ENABLE ALWAYS TRIGGER checkpoint_turn;
ALTER TABLE aiegis_ledger.checkpoint ENABLE ALWAYS TRIGGER checkpoint_keep;
ALTER TABLE aiegis_ledger.checkpoint ENABLE ALWAYS TRIGGER checkpoint_stay;
ALTER TABLE aiegis_ledger.head ENABLE ALWAYS TRIGGER head_turn;
ALTER TABLE aiegis_ledger.head ENABLE ALWAYS TRIGGER head_whole;
ALTER TABLE aiegis_ledger.head ENABLE ALWAYS TRIGGER head_keep;
ALTER TABLE aiegis_ledger.head ENABLE ALWAYS TRIGGER head_stay;

-- What a writer may: read, add, and move the head, which the triggers hold to a compare-and-swap. Nothing else may anybody.
GRANT USAGE ON SCHEMA aiegis_ledger TO aiegis_ledger_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA aiegis_ledger TO aiegis_ledger_writer;
GRANT INSERT ON aiegis_ledger.log, aiegis_ledger.entry, aiegis_ledger.tile, aiegis_ledger.checkpoint TO aiegis_ledger_writer;
GRANT UPDATE (size, note) ON aiegis_ledger.head TO aiegis_ledger_writer;
GRANT INSERT, DELETE ON aiegis_ledger.private TO aiegis_ledger_writer;

INSERT INTO aiegis_ledger.format(version) VALUES(1);
