/** Finds what the schema of a log in PostgreSQL lost and what was put into it (spec chapter 17.5). @module */
import { textOf, type Row } from '../columns.ts'
import type { Query } from './client.ts'
import { STEPS } from './steps.ts'

/**
 * A sentence for each table, column, constraint and trigger that is missing or not of a log, and for each right to change rows that
 * somebody has beside the owner and the two roles. Of functions, those of triggers are looked at. Indexes that keep no constraint are anybody's.
 */
export async function driftOf(query: Query): Promise<readonly string[]> {
  const found = await namesIn(query)
  return [
    ...WANTED.filter(({ definition }) => !found.has(definition)).map(({ name }) => `the database lost or changed its ${name}`),
    ...Array.from(found)
      .filter(([definition]) => !DEFINITIONS.has(definition))
      .map(([, name]) => `the database has a ${name} that is not of a log`),
  ]
}

/** What is there: by how it is defined, what it is called. */
async function namesIn(query: Query): Promise<ReadonlyMap<string, string>> {
  const rows: Row[] = []
  for (const text of Object.values(SQL)) rows.push(...(await query(text)).rows)
  return new Map(rows.map((row) => [textOf(row, 'definition'), textOf(row, 'name')]))
}

interface Wanted {
  readonly name: string
  readonly definition: string
}

/** Each trigger as PostgreSQL prints it, always enabled, with the body of its function. */
function triggersOf(sql: string): readonly Wanted[] {
  const bodies = new Map(
    [...sql.matchAll(/CREATE FUNCTION aiegis_ledger\.(\w+)\(\)[^$]*\$\$([^]*?)\$\$/g)].map(([, name = '', body = '']) => [
      name,
      body,
    ]),
  )
  return [...sql.matchAll(/^(CREATE (?:CONSTRAINT )?TRIGGER (\w+) .* EXECUTE FUNCTION aiegis_ledger\.(\w+)\(\));$/gm)].map(
    ([, text = '', name = '', call = '']) => ({
      name: `trigger ${name}`,
      definition: `${text} A {search_path=pg_catalog} ${bodies.get(call) ?? ''}`,
    }),
  )
}

const AT = 'bigint NOT NULL DEFAULT floor(EXTRACT(epoch FROM clock_timestamp()))'

/** Columns and constraints of each table, as PostgreSQL prints them. */
const TABLES: Readonly<Record<string, readonly [columns: readonly string[], constraints: readonly string[]]>> = {
  format: [['version integer NOT NULL'], ['PRIMARY KEY (version)']],
  log: [
    ['id integer NOT NULL', 'origin text NOT NULL'],
    ['PRIMARY KEY (id)', 'CHECK ((id = 0))'],
  ],
  entry: [
    ['idx bigint NOT NULL', 'key bytea NOT NULL', 'leaf bytea NOT NULL', 'leaf_hash bytea NOT NULL'],
    [
      'PRIMARY KEY (idx)',
      'UNIQUE (key)',
      'CHECK ((idx >= 0))',
      'CHECK (((length(key) >= 1) AND (length(key) <= 64)))',
      'CHECK (((length(leaf) >= 1) AND (length(leaf) <= 65535)))',
      'CHECK ((length(leaf_hash) = 32))',
    ],
  ],
  tile: [
    ['level integer NOT NULL', 'n bigint NOT NULL', 'root bytea NOT NULL', 'hashes bytea NOT NULL'],
    [
      'PRIMARY KEY (level, n)',
      'CHECK (((level >= 0) AND (level <= 6)))',
      'CHECK ((n >= 0))',
      'CHECK ((length(root) = 32))',
      'CHECK ((length(hashes) = 8192))',
    ],
  ],
  checkpoint: [['size bigint NOT NULL', 'note text NOT NULL'], ['PRIMARY KEY (size)']],
  head: [
    ['id integer NOT NULL', 'size bigint NOT NULL', 'note text'],
    ['PRIMARY KEY (id)', 'CHECK ((id = 0))'],
  ],
  private: [
    ['idx bigint NOT NULL', `at ${AT}`, 'clear bytea NOT NULL'],
    ['PRIMARY KEY (idx)', 'CHECK ((idx >= 0))', 'CHECK (((length(clear) >= 1) AND (length(clear) <= 65535)))'],
  ],
  erasure: [['idx bigint NOT NULL', `at ${AT}`], ['PRIMARY KEY (idx)']],
  hold: [
    ['id text NOT NULL', 'first bigint NOT NULL', 'last bigint NOT NULL', `at ${AT}`],
    ['PRIMARY KEY (id)', 'CHECK ((first >= 0))', 'CHECK ((last >= first))'],
  ],
  release: [['id text NOT NULL', `at ${AT}`], ['PRIMARY KEY (id)']],
  minimum: [['idx bigint NOT NULL', `at ${AT}`], ['PRIMARY KEY (idx)']],
}

/** Rights to change rows. To read them may be given to anybody whom the owner trusts with clear text. */
const RIGHTS: readonly string[] = [
  ...['log', 'entry', 'tile', 'checkpoint', 'private', 'erasure', 'hold', 'release'].map(
    (table) => `INSERT on ${table} of aiegis_ledger_writer`,
  ),
  ...['size', 'note'].map((column) => `UPDATE on head.${column} of aiegis_ledger_writer`),
  'DELETE on private of aiegis_ledger_janitor',
  'INSERT on minimum.idx of aiegis_ledger_janitor',
]

const WANTED: readonly Wanted[] = [
  ...Object.entries(TABLES).flatMap(([table, [columns, constraints]]) => [
    `table ${table}`,
    ...columns.map((column) => `column ${table}.${column}`),
    ...constraints.map((constraint) => `constraint of ${table}: ${constraint}`),
  ]),
  ...RIGHTS.map((right) => `right ${right}`),
]
  .map((name) => ({ name, definition: name }))
  .concat(triggersOf(STEPS.join('\n')))

const DEFINITIONS: ReadonlySet<string> = new Set(WANTED.map(({ definition }) => definition))

const IN_SCHEMA = `relnamespace = 'aiegis_ledger'::regnamespace`
const RIGHT = `concat('right ', privilege_type, CASE WHEN is_grantable THEN ' to give away' END, ' on ', place,
  ' of ', CASE grantee WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(grantee) END)`

const SQL = {
  // An unlogged table is empty after a crash; whoever has a right to a parent has it to the rows of its heirs.
  relations: `SELECT name, name AS definition FROM (SELECT concat(
      CASE relpersistence WHEN 'u' THEN 'unlogged ' END,
      CASE relkind WHEN 'r' THEN 'table ' WHEN 'v' THEN 'view ' ELSE concat('relation of kind ', relkind, ' ') END, relname,
      CASE WHEN relhasrules THEN ' with rules' END, CASE WHEN relrowsecurity THEN ' with row security' END,
      CASE WHEN relhassubclass OR EXISTS(SELECT 1 FROM pg_inherits WHERE inhrelid = pg_class.oid) THEN ' with heirs or parents' END,
      CASE WHEN relowner <> nspowner THEN ' of another owner' END) AS name
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE ${IN_SCHEMA} AND relkind NOT IN ('i', 'c')) AS found`,
  columns: `SELECT name, name AS definition FROM (SELECT concat('column ', relname, '.', attname, ' ', format_type(atttypid, atttypmod),
      CASE WHEN attcollation <> typcollation THEN ' COLLATE ' || attcollation::regcollation END,
      CASE WHEN attnotnull THEN ' NOT NULL' END, ' DEFAULT ' || pg_get_expr(adbin, adrelid), attidentity, attgenerated) AS name
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE ${IN_SCHEMA} AND relkind = 'r' AND attnum > 0 AND NOT attisdropped) AS found`,
  // One that refers to a row from elsewhere keeps it from being taken out. NOT NULL is with the columns; PostgreSQL 18 has it here as well.
  constraints: `SELECT name, name AS definition FROM (SELECT concat('constraint of ', relname, ': ', pg_get_constraintdef(pg_constraint.oid)) AS name
    FROM pg_constraint JOIN pg_class ON pg_class.oid IN (conrelid, confrelid) WHERE ${IN_SCHEMA} AND contype NOT IN ('n', 't')) AS found`,
  rights: `SELECT name, name AS definition FROM (SELECT ${RIGHT} AS name FROM (
      SELECT relname::text AS place, relowner AS owner, (aclexplode(relacl)).* FROM pg_class WHERE ${IN_SCHEMA}
      UNION ALL SELECT concat(relname, '.', attname), relowner, (aclexplode(attacl)).* FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE ${IN_SCHEMA}
      UNION ALL SELECT 'the schema', nspowner, (aclexplode(nspacl)).* FROM pg_namespace WHERE nspname = 'aiegis_ledger') AS given
    WHERE grantee <> owner AND privilege_type NOT IN ('SELECT', 'USAGE')) AS found`,
  triggers: `SELECT concat('trigger ', tgname) AS name,
      concat_ws(' ', pg_get_triggerdef(pg_trigger.oid), tgenabled, proconfig::text, prosrc,
        CASE WHEN provolatile <> 'v' THEN 'not volatile' END, CASE WHEN prosecdef THEN 'with the rights of its owner' END,
        CASE WHEN proowner <> nspowner THEN 'of another owner' END) AS definition
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE ${IN_SCHEMA} AND NOT tgisinternal`,
} as const
