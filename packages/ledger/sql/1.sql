-- Format 1 of a log in PostgreSQL 14 or newer (spec chapter 17.5). One log to a database. Run it once, in one transaction, as the role
-- that is to own the log and that no process of the log uses:
--   psql -1 -v ON_ERROR_STOP=1 -f 1.sql postgres://owner@host/database
-- Then let the processes connect as members of the writer role:
--   CREATE ROLE harness LOGIN IN ROLE aiegis_ledger_writer
-- and whoever takes out clear text as a member of the janitor role, which cannot append:
--   CREATE ROLE janitor LOGIN IN ROLE aiegis_ledger_janitor
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
  IF NOT EXISTS(SELECT 1 FROM pg_roles WHERE rolname = 'aiegis_ledger_janitor') THEN
    CREATE ROLE aiegis_ledger_janitor NOLOGIN;
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

-- Clear text and salts, which a person may have erased; nothing under the tree depends on it. Times are seconds since 1970, by the clock
-- of the server. Nothing compresses it, and what does not fit beside the other columns is stored apart.
CREATE TABLE aiegis_ledger.private(
  idx bigint PRIMARY KEY CHECK(idx >= 0),
  at bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp())),
  clear bytea NOT NULL CHECK(length(clear) BETWEEN 1 AND 65535)
);

-- Clear text that nobody reads any more, and that the janitor takes out.
CREATE TABLE aiegis_ledger.erasure(idx bigint PRIMARY KEY, at bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp())));

-- Clear text that must stay, until the hold is released.
CREATE TABLE aiegis_ledger.hold(
  id text PRIMARY KEY,
  first bigint NOT NULL CHECK(first >= 0),
  last bigint NOT NULL,
  at bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp())),
  CHECK(last >= first)
);
CREATE TABLE aiegis_ledger.release(id text PRIMARY KEY, at bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp())));

-- The largest is the first entry that is still published.
CREATE TABLE aiegis_ledger.minimum(idx bigint PRIMARY KEY, at bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp())));

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

-- With its entry and before the head over it is kept, or never: what was erased does not come back.
CREATE FUNCTION aiegis_ledger.private_turn() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS(SELECT 1 FROM aiegis_ledger.entry WHERE idx = NEW.idx)
    OR NEW.idx < (SELECT coalesce(max(size), 0) FROM aiegis_ledger.checkpoint) THEN
    RAISE EXCEPTION 'ledger: private row out of turn';
  END IF;
  NEW.at := floor(extract(epoch FROM clock_timestamp()));
  RETURN NEW;
END
$$;

-- Holds, orders and deletions go one after the other, and each sees what was committed before it: so READ COMMITTED, in which every
-- statement of a volatile function has a snapshot of its own, and a lock that lasts as long as the transaction.
CREATE FUNCTION aiegis_ledger.custody_turn() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'ledger: % changes in READ COMMITTED only', TG_TABLE_NAME;
  END IF;
  PERFORM pg_advisory_xact_lock(7243393);
  IF TG_OP = 'DELETE' THEN
    -- Of clear text: what was ordered or is six months old, of 31 days each, and is not on hold.
    IF (EXISTS(SELECT 1 FROM aiegis_ledger.erasure WHERE idx = OLD.idx) OR OLD.at <= extract(epoch FROM clock_timestamp()) - 16070400)
      AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.hold WHERE OLD.idx BETWEEN first AND last
        AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.release WHERE release.id = hold.id)) THEN
      RETURN OLD;
    END IF;
  ELSIF TG_TABLE_NAME = 'erasure' THEN
    IF EXISTS(SELECT 1 FROM aiegis_ledger.private WHERE idx = NEW.idx)
      AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.hold WHERE NEW.idx BETWEEN first AND last
        AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.release WHERE release.id = hold.id)) THEN
      RETURN NEW;
    END IF;
  ELSIF TG_TABLE_NAME = 'hold' THEN
    RETURN NEW;
  ELSIF TG_TABLE_NAME = 'release' THEN
    IF EXISTS(SELECT 1 FROM aiegis_ledger.hold WHERE id = NEW.id) THEN
      RETURN NEW;
    END IF;
  ELSIF TG_TABLE_NAME = 'minimum' THEN
    -- Up only, over nothing that is young or on hold.
    IF NEW.idx > (SELECT coalesce(max(idx), 0) FROM aiegis_ledger.minimum) AND NEW.idx <= (SELECT size FROM aiegis_ledger.head)
      AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.private WHERE idx < NEW.idx AND at > extract(epoch FROM clock_timestamp()) - 16070400)
      AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.hold WHERE first < NEW.idx
        AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.release WHERE release.id = hold.id)) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'ledger: % row out of turn', TG_TABLE_NAME;
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
CREATE TRIGGER private_turn BEFORE INSERT ON aiegis_ledger.private FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.private_turn();
CREATE TRIGGER erasure_turn BEFORE INSERT ON aiegis_ledger.erasure FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.custody_turn();
CREATE TRIGGER hold_turn BEFORE INSERT ON aiegis_ledger.hold FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.custody_turn();
CREATE TRIGGER release_turn BEFORE INSERT ON aiegis_ledger.release FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.custody_turn();
CREATE TRIGGER minimum_turn BEFORE INSERT ON aiegis_ledger.minimum FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.custody_turn();
CREATE TRIGGER private_keep BEFORE UPDATE ON aiegis_ledger.private FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER private_stay BEFORE DELETE ON aiegis_ledger.private FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.custody_turn();
CREATE TRIGGER erasure_keep BEFORE DELETE OR UPDATE ON aiegis_ledger.erasure FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER hold_keep BEFORE DELETE OR UPDATE ON aiegis_ledger.hold FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER release_keep BEFORE DELETE OR UPDATE ON aiegis_ledger.release FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER minimum_keep BEFORE DELETE OR UPDATE ON aiegis_ledger.minimum FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER private_whole BEFORE TRUNCATE ON aiegis_ledger.private FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER erasure_whole BEFORE TRUNCATE ON aiegis_ledger.erasure FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER hold_whole BEFORE TRUNCATE ON aiegis_ledger.hold FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER release_whole BEFORE TRUNCATE ON aiegis_ledger.release FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();
CREATE TRIGGER minimum_whole BEFORE TRUNCATE ON aiegis_ledger.minimum FOR EACH STATEMENT EXECUTE FUNCTION aiegis_ledger.refuse();

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
ALTER TABLE aiegis_ledger.private ENABLE ALWAYS TRIGGER private_turn;
ALTER TABLE aiegis_ledger.private ENABLE ALWAYS TRIGGER private_keep;
ALTER TABLE aiegis_ledger.private ENABLE ALWAYS TRIGGER private_whole;
ALTER TABLE aiegis_ledger.private ENABLE ALWAYS TRIGGER private_stay;
ALTER TABLE aiegis_ledger.erasure ENABLE ALWAYS TRIGGER erasure_turn;
ALTER TABLE aiegis_ledger.erasure ENABLE ALWAYS TRIGGER erasure_keep;
ALTER TABLE aiegis_ledger.erasure ENABLE ALWAYS TRIGGER erasure_whole;
ALTER TABLE aiegis_ledger.hold ENABLE ALWAYS TRIGGER hold_turn;
ALTER TABLE aiegis_ledger.hold ENABLE ALWAYS TRIGGER hold_keep;
ALTER TABLE aiegis_ledger.hold ENABLE ALWAYS TRIGGER hold_whole;
ALTER TABLE aiegis_ledger.release ENABLE ALWAYS TRIGGER release_turn;
ALTER TABLE aiegis_ledger.release ENABLE ALWAYS TRIGGER release_keep;
ALTER TABLE aiegis_ledger.release ENABLE ALWAYS TRIGGER release_whole;
ALTER TABLE aiegis_ledger.minimum ENABLE ALWAYS TRIGGER minimum_turn;
ALTER TABLE aiegis_ledger.minimum ENABLE ALWAYS TRIGGER minimum_keep;
ALTER TABLE aiegis_ledger.minimum ENABLE ALWAYS TRIGGER minimum_whole;

-- What a writer may: read, add, and move the head, which the triggers hold to a compare-and-swap. Nothing else may anybody.
GRANT USAGE ON SCHEMA aiegis_ledger TO aiegis_ledger_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA aiegis_ledger TO aiegis_ledger_writer;
GRANT INSERT ON aiegis_ledger.log, aiegis_ledger.entry, aiegis_ledger.tile, aiegis_ledger.checkpoint TO aiegis_ledger_writer;
GRANT UPDATE (size, note) ON aiegis_ledger.head TO aiegis_ledger_writer;
GRANT INSERT ON aiegis_ledger.private, aiegis_ledger.erasure, aiegis_ledger.hold, aiegis_ledger.release TO aiegis_ledger_writer;

-- What a janitor may: take out clear text without reading it, and say what is published no more. It cannot append, order, hold or release.
GRANT USAGE ON SCHEMA aiegis_ledger TO aiegis_ledger_janitor;
GRANT SELECT ON aiegis_ledger.format, aiegis_ledger.log, aiegis_ledger.head, aiegis_ledger.erasure, aiegis_ledger.hold, aiegis_ledger.release, aiegis_ledger.minimum TO aiegis_ledger_janitor;
GRANT SELECT (idx, at), DELETE ON aiegis_ledger.private TO aiegis_ledger_janitor;
GRANT INSERT (idx) ON aiegis_ledger.minimum TO aiegis_ledger_janitor;

INSERT INTO aiegis_ledger.format(version) VALUES(1);
