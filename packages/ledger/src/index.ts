/** An append-only, signed transparency log in SQLite, with Merkle proofs, checkpoints and tiles (spec chapter 17). @module */
export type { Head, LogBackend, LogEntry } from './backend.ts'
export { logHttp, type LogResponse } from './http.ts'
export { createLog, type Appended, type Log } from './log.ts'
export { openLog, type LogOptions } from './open-log.ts'
export { takeLock } from './sqlite.ts'
export { BrokenLog, verifyLog, type VerifyLogOptions } from './verify-log.ts'
