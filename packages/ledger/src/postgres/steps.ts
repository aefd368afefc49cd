/** The statements that make the tables, triggers and rights of a log in PostgreSQL (spec chapter 17.5). @module */
import { readFileSync } from 'node:fs'

/** Steps of the schema in their order; format n is what the first n of them make. A step that was released never changes. */
export const STEPS: readonly string[] = [readFileSync(new URL('../../sql/1.sql', import.meta.url), 'utf8')]
