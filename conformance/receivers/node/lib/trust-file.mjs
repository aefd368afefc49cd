/** Reads files that decide whom a receiver trusts: nobody else may have chosen or written them (spec chapter 14.3). @module */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { must } from './refusal.mjs'

/** The bytes of a regular file of root or of this user that nobody else can write. Throws `Malformed`. */
export function readTrusted(path, name) {
  must(typeof path === 'string' && isAbsolute(path), `${name}: write an absolute path`)
  const handle = open(path, name)
  try {
    const status = fstatSync(handle)
    const { mode, uid } = status
    must(status.isFile() && status.size <= 1_048_576, `${name}: ${path} is no regular file of at most 1 MiB`)
    must(uid === 0 || uid === process.getuid(), `${name}: ${path} belongs to somebody else`)
    must((mode & 0o022) === 0, `${name}: others can write ${path}; take that right away (chmod go-w)`)
    return readFileSync(handle)
  } finally {
    closeSync(handle)
  }
}

function open(path, name) {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    return must(false, `${name}: ${path} cannot be opened (${error.code}); it has to be a file and no link`)
  }
}
