/** Files of which under one name only the newest counts, whichever process writes last (spec chapters 5.5 and 9.5). @module */
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { equal, Malformed, utf8 } from '@aiegis/protocol'
import { replaceFile } from './state-files.ts'
import { fileSentence, readTrustedFile, type FileWords } from './trusted-file.ts'

/** Numbers from 0 to 20 digits that say which of two contents is the newer: the first that differs is larger. As many in every file of one name. */
export type Order = readonly bigint[]

/** Files of one kind in one directory. */
export interface NewestFiles {
  /**
   * What `parse` makes of the newest file under `name`; `undefined` without one. Throws `TypeError` that says what to do when the file could
   * be somebody else's, or `parse` throws `Malformed`.
   */
  load<T>(name: string, parse: (bytes: Uint8Array, order: Order) => T): T | undefined
  /** Resolves when `text`, or something newer, is on disk under `name` and everything older is gone. The same `order` is replaced. */
  save(name: string, order: Order, text: string): Promise<void>
  /** Removes what is on disk under `name` and `order`, if it is `text` and nothing that another process has put there. */
  drop(name: string, order: Order, text: string): Promise<void>
}

/**
 * The files in `directory` that end with `suffix`. Which one is the newest is in their names: so no process can put its own into the place of
 * one that another process wrote in the meantime.
 */
export function createNewestFiles(directory: string, suffix: string, words: FileWords): NewestFiles {
  const fileOf = (name: string, order: Order): string => join(directory, `${[name, ...order].join('.')}${suffix}`)
  const ordersOf = (name: string): readonly Order[] =>
    readdirSync(directory)
      .flatMap((file) => {
        if (!file.startsWith(`${name}.`) || !file.endsWith(suffix)) return []
        const parts = file.slice(name.length + 1, -suffix.length).split('.')
        return parts.every((part) => NUMBER.test(part)) ? [parts.map(BigInt)] : []
      })
      .toSorted(newestFirst)
  return {
    load(name, parse) {
      for (;;) {
        const [newest] = ordersOf(name)
        if (newest === undefined) return undefined
        const file = fileOf(name, newest)
        try {
          return parse(readTrustedFile(file, words), newest)
        } catch (error) {
          if (error instanceof Malformed) throw fileSentence(words, file, `is damaged (${error.message}); ${words.absent}`, error)
          // Another process has a newer one, and removed this one after the directory was read.
          if (!isAbsent(error)) throw error
        }
      }
    },
    async save(name, order, text) {
      await replaceFile(fileOf(name, order), text)
      // Also what was written a moment ago, when another process has a newer one.
      const [, ...older] = ordersOf(name)
      for (const gone of older) await rm(fileOf(name, gone), { force: true })
    },
    async drop(name, order, text) {
      if (!ordersOf(name).some((found) => newestFirst(found, order) === 0)) return
      const file = fileOf(name, order)
      if (equal(readTrustedFile(file, words), utf8(text))) await rm(file, { force: true })
    },
  }
}

/** In one spelling: every file that is found is found again by its numbers. */
const NUMBER = /^(?:0|[1-9]\d{0,19})$/

function newestFirst(one: Order, other: Order): number {
  const at = one.findIndex((part, index) => part !== other[index])
  return at === -1 ? 0 : (one[at] ?? 0n) > (other[at] ?? 0n) ? -1 : 1
}

function isAbsent(error: unknown): boolean {
  return error instanceof TypeError && error.cause instanceof Error && Reflect.get(error.cause, 'code') === 'ENOENT'
}
