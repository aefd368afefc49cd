/** Keeps the newest lists in a directory, so that a restart makes no revoked passport good (spec chapter 9.5). @module */
import { lstatSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { hashOf } from './encoding.mjs'
import { parseObject } from './json.mjs'
import { MAX_TEXT } from './status-list.mjs'
import { must } from './refusal.mjs'

const MAX_TEXTS = 8

/** What is kept in `directory`; with `undefined` nothing is. Throws `Malformed` where others could write there. */
export function createStatusFiles(directory) {
  if (directory === undefined) return { read: () => undefined, write: () => undefined }
  must(isAbsolute(directory) && realpathSync(directory) === resolve(directory), 'AIEGIS_STATE: write a path without links')
  checkOwner(directory)
  const pathOf = (did, url) => join(directory, `status-${hashOf(`${did}\n${url}`)}.json`)
  return {
    /** `{texts, readAt}` or `undefined`. Throws `Malformed` for a file that is damaged. */
    read(did, url) {
      const path = pathOf(did, url)
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined
      checkOwner(path)
      const kept = parseObject(readFileSync(path), MAX_TEXTS * MAX_TEXT)
      const { texts, readAt } = kept
      const isWhole =
        kept.did === did && kept.url === url && Array.isArray(texts) && texts.every((text) => typeof text === 'string')
      must(isWhole && Number.isSafeInteger(readAt), `${path} is damaged; remove it, and what it knew of revocations with it`)
      return { texts, readAt }
    },
    /** Replaces the whole file. That something cannot be written refuses no request (AHP-STATUS-16). */
    write(did, url, texts, readAt) {
      const path = pathOf(did, url)
      try {
        writeFileSync(`${path}.${process.pid}`, JSON.stringify({ did, url, texts: texts.slice(-MAX_TEXTS), readAt }), {
          mode: 0o600,
        })
        renameSync(`${path}.${process.pid}`, path)
      } catch (error) {
        console.error(`${path} cannot be written: ${error.code}`)
      }
    },
  }
}

function checkOwner(path) {
  const status = lstatSync(path)
  const { mode, uid } = status
  must(!status.isSymbolicLink() && (uid === 0 || uid === process.getuid()), `${path} is a link, or of somebody else`)
  must((mode & 0o022) === 0, `others can write ${path}; take that right away (chmod go-w)`)
}
