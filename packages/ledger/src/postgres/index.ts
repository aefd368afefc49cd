/** A log in PostgreSQL, for several processes at once (spec chapter 17.5). @module */
export type { PostgresClient, PostgresPool, PostgresResult } from './client.ts'
export { openPostgresJanitor } from './janitor.ts'
export { openPostgresLog, type PostgresLogOptions } from './open.ts'
export { migratePostgres, preparePostgresLog } from './schema.ts'
