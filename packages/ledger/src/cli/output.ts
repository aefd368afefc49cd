/** What the commands print: sentences for people, or one JSON object on each line (spec chapter 17.12). @module */
import type { JsonValue } from '@aiegis/protocol'

/** Where a command writes. */
export interface CommandPorts {
  /** One line of what was asked for. */
  readonly print: (line: string) => void
  /** One line about what went wrong, or how far it is. */
  readonly complain: (line: string) => void
  /** Ends what goes on until it is ended. */
  readonly signal?: AbortSignal
}

/** What a command says. */
export interface Output {
  readonly json: boolean
  /** A result: an object whose first member is `type`, or sentences that say the same. */
  tell(type: string, members: Readonly<Record<string, JsonValue>>, sentences: readonly string[]): void
  /** How far long work is; at most once a second, and at its end. */
  progress(what: string, done: number, all: number): void
  /** What the one who reads should know beside the result. */
  note(sentence: string): void
  readonly signal: AbortSignal | undefined
}

const SECOND_MS = 1_000

/** An output on these ports. */
export function createOutput({ print, complain, signal }: CommandPorts, json: boolean): Output {
  let told = Number.NEGATIVE_INFINITY
  return {
    json,
    signal,
    tell(type, members, sentences) {
      for (const line of json ? [jsonLine({ type, ...members })] : sentences.map(shown)) print(line)
    },
    progress(what, done, all) {
      const now = performance.now()
      if (done < all && now - told < SECOND_MS) return
      told = now
      if (json) print(jsonLine({ type: 'progress', done, all }))
      else complain(shown(`${what}: ${done} of ${all} (${all === 0 ? 100 : Math.floor((done / all) * 100)} %)`))
    },
    note(sentence) {
      if (json) print(jsonLine({ type: 'note', message: sentence }))
      else complain(shown(sentence))
    },
  }
}

/** Signs that a terminal obeys, or that nobody sees: what is in a file could else write sentences, or hide some. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** A sentence on one line, with signs that nobody sees as their numbers. */
export function shown(sentence: string): string {
  return sentence.replaceAll(UNSEEN, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The same as JSON: such signs are in strings only, and have an escape there. */
export function jsonLine(value: JsonValue): string {
  return JSON.stringify(value).replaceAll(UNSEEN, (sign) =>
    Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** Free text in a sentence, with its end to be seen. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}
