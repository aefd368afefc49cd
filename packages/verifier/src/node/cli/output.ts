/** What the commands print: plain sentences, in which nothing that came from elsewhere can play tricks, and no secret stands. @module */
import { createHash } from 'node:crypto'

/** Where a command writes. */
export interface Ports {
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
}

/** Signs that a terminal obeys, or that nobody sees: what is in a request could else write sentences, or hide some. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** Text of others on one line: signs that nobody sees as their numbers, and no more than 300 signs of it. */
export function shown(text: string): string {
  const plain = text.replaceAll(UNSEEN, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
  return plain.length <= 300 ? plain : `${plain.slice(0, 297)}...`
}

/**
 * A URI or target whose query values are replaced by six hexadecimal digits of their SHA-256: keys often stand there, and whether two are the same
 * is still to be seen.
 */
export function maskQuery(uri: string): string {
  const at = uri.indexOf('?')
  if (at === -1) return uri
  const members = uri.slice(at + 1).split('&')
  return `${uri.slice(0, at)}?${members.map(maskMember).join('&')}`
}

/** The same for each URI in a sentence. */
export function maskQueries(sentence: string): string {
  return sentence.replaceAll(/\?[^\s,;]*/g, maskQuery)
}

function maskMember(member: string): string {
  const at = member.indexOf('=')
  if (at === -1) return member === '' ? '' : `{${fingerprint(member)}}`
  return `${member.slice(0, at)}=${at === member.length - 1 ? '' : `{${fingerprint(member.slice(at + 1))}}`}`
}

function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6)
}

/** Seconds since the epoch as people read them, with the number. */
export function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : `${date.toISOString().replace('.000', '')} (${seconds})`
}
