/** Reads columns of rows that a database gave; a wrong type means that the database was changed from outside (spec chapter 17). @module */

/** A row by column name. */
export type Row = Readonly<Record<string, unknown>>

/** The bytes in a column. Throws `Error` when the row or the bytes are not there. */
export function bytesOf(row: Row | undefined, column: string): Uint8Array {
  const value = row?.[column]
  if (value instanceof Uint8Array) return value
  throw new Error(`ledger: the database has no bytes in column ${column} where it should`)
}

/** The integer in a column. Throws as `bytesOf` does. */
export function integerOf(row: Row | undefined, column: string): number {
  const value = row?.[column]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new Error(`ledger: the database has no integer in column ${column} where it should`)
}

/** The text in a column. Throws as `bytesOf` does. */
export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column]
  if (typeof value === 'string') return value
  throw new Error(`ledger: the database has no text in column ${column} where it should`)
}
