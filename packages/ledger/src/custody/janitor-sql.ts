/** The statements of a janitor, which are the same in SQLite and PostgreSQL but for names and clock (spec chapter 17.7). @module */

/** How a database spells things. */
export interface Dialect {
  /** A table of the log. */
  readonly table: (name: string) => string
  /** Seconds since 1970, by its clock. */
  readonly now: string
  /** Parameter number n. */
  readonly parameter: (n: number) => string
}

/** The statements. Parameters: the age in seconds, then the most rows; `ordered` has the latter alone. */
export function janitorSql({
  table,
  now,
  parameter: p,
}: Dialect): Readonly<Record<'ordered' | 'older' | 'held' | 'minimum' | 'oldEnough' | 'prune', string>> {
  const inForce = `id NOT IN (SELECT id FROM ${table('release')})`
  const held = (index: string): string =>
    `EXISTS(SELECT 1 FROM ${table('hold')} WHERE ${index} BETWEEN first AND last AND ${inForce})`
  const isOrdered = `idx IN (SELECT idx FROM ${table('erasure')})`
  const isOld = `at <= ${now} - ${p(1)}`
  const rows = (condition: string, limit: string): string =>
    `DELETE FROM ${table('private')} WHERE idx IN (SELECT idx FROM ${table('private')} WHERE ${condition} AND NOT ${held('idx')} ORDER BY idx LIMIT ${limit}) RETURNING idx`
  return {
    ordered: rows(isOrdered, p(1)),
    older: rows(isOld, p(2)),
    held: `SELECT count(*) AS held FROM ${table('private')} WHERE (${isOrdered} OR ${isOld}) AND ${held('idx')}`,
    minimum: `SELECT coalesce(max(idx), 0) AS minimum FROM ${table('minimum')}`,
    // A missing row says nothing about the age of its entry: the last old one that is there does.
    oldEnough: `SELECT (SELECT max(idx) + 1 FROM ${table('private')} WHERE ${isOld}) AS old, (SELECT min(first) FROM ${table('hold')} WHERE ${inForce}) AS held`,
    prune: `INSERT INTO ${table('minimum')}(idx) VALUES(${p(1)})`,
  }
}

/** How far entries may be published no more: up to the first one that is young or on hold. */
export function nextMinimum(current: number, old: number | undefined, held: number | undefined): number | undefined {
  const next = Math.min(old ?? 0, held ?? Number.POSITIVE_INFINITY)
  return next > current ? next : undefined
}
