/** Publishes which passports of this issuer are revoked: one signed list of bits (W3C Bitstring Status List; spec chapter 9). @module */
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import {
  decodeBase64url,
  encodeBase64url,
  formatSeconds,
  isObject,
  Malformed,
  signJws,
  STATUS_LIST,
  STATUS_LIST_TYPE,
  type Signer,
} from '@aiegis/protocol'
import { replaceFile } from './durable-file.ts'
import { readStateFile } from './state-file.ts'

/** The status list of one issuer. */
export interface StatusPublisher {
  /** The list as compact JWS, not older than 60 seconds and never without a revocation that was made. */
  list(): Promise<string>
  /** An index that no passport has yet; remembered before it is given out. Throws `RangeError` when all are taken. */
  allocate(): number
  /**
   * Revokes for ever, at once here and durably when it returns; false when that was durable before. Throws `RangeError` outside the
   * list, and what the system throws when it cannot be stored: then the revocation ends with this process unless a later call stores it.
   */
  revoke(index: number): boolean
  /** `undefined` outside the list. */
  isRevoked(index: number): boolean | undefined
}

/** How to make a publisher. */
export interface StatusOptions {
  /** Holds what was issued and revoked; `createStatusFile` made it. */
  readonly file: string
  readonly url: string
  readonly issuer: string
  /** Status key; its kid is of the issuer. */
  readonly signer: Signer
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Called when revocations are on disk that were not before. */
  readonly onRevoked?: () => void
  /** Told when the time of a list cannot be stored: the list is published all the same, or nobody would see what was revoked. */
  readonly onFault?: ((message: string, cause?: unknown) => void) | undefined
  /** Told when the clock is behind the last list. */
  readonly onWarning?: ((sentence: string) => void) | undefined
}

const BYTES = STATUS_LIST.minBytes
const ENTRIES = BYTES * 8
const FRESH_SECONDS = 60
const VALID_SECONDS = 3_600
/** Less than receivers excuse unless configured. */
const MAX_AHEAD_SECONDS = 2

/** The last after which there can be another list: the end of that one has four digits of year too. */
const LAST_SECOND = 253_402_300_799 - VALID_SECONDS - MAX_AHEAD_SECONDS

/** Makes the file of an issuer that has not issued yet; one that is there stays. Comes before the issuer's key, which vouches for it. */
export function createStatusFile(file: string): void {
  if (!existsSync(file))
    replaceFile(file, format({ issued: new Uint8Array(BYTES), revoked: new Uint8Array(BYTES), validFrom: 0 }))
}

/** Reads the file. Throws `UsageError` when it is lost or damaged: then nobody knows who was revoked. */
export function createStatusPublisher(options: StatusOptions): StatusPublisher {
  const { issued, revoked, validFrom: last } = load(options.file)
  /** What the file says; `revoked` may be ahead of it. */
  let stored = revoked.slice()
  let cached: { readonly at: number; readonly text: Promise<string> } | undefined
  const ahead = last - Math.floor(options.now() / 1000)
  if (ahead > MAX_AHEAD_SECONDS)
    options.onWarning?.(
      `${options.file}: the clock is ${ahead} s behind the last status list, and new ones keep its time: set the clock, or remove "validFrom" from the file if it was wrong before`,
    )
  // Of the processes before this one too: the clock may have been set back meanwhile. What they dated ahead of it for revocations is no time
  // that it has shown, or each start could go further ahead.
  let latest = ahead > MAX_AHEAD_SECONDS ? last : last - Math.max(ahead, 0)
  /** The last list that was signed; what one before this process had is not known, so that the next list counts as another. */
  let signed: { readonly validFrom: number; readonly revoked: Uint8Array } = { validFrom: last, revoked: new Uint8Array() }

  function save(): void {
    replaceFile(options.file, format({ issued, revoked, validFrom: signed.validFrom }))
    const isNews = !Buffer.from(stored).equals(revoked)
    stored = revoked.slice()
    if (isNews) options.onRevoked?.()
  }

  /**
   * AHP-STATUS-21: later than the last when something was revoked since, so that readers can tell them apart. Not far ahead of the clock,
   * or readers would not use the list yet: more changes than that share a second, and readers take the bits of both.
   */
  function nextValidFrom(now: number): number {
    const isNews = !Buffer.from(signed.revoked).equals(revoked)
    const validFrom = Math.max(now, Math.min(signed.validFrom + (isNews ? 1 : 0), now + MAX_AHEAD_SECONDS))
    signed = { validFrom, revoked: revoked.slice() }
    return validFrom
  }

  /** On disk before anybody can read the list. */
  function remember(): void {
    try {
      save()
    } catch (error) {
      options.onFault?.('the time of the status list cannot be stored', error)
    }
  }

  function sign(validFrom: number): Promise<string> {
    const claims = {
      '@context': ['https://www.w3.org/ns/credentials/v2'],
      id: options.url,
      type: ['VerifiableCredential', 'BitstringStatusListCredential'],
      issuer: options.issuer,
      validFrom: formatSeconds(validFrom),
      validUntil: formatSeconds(validFrom + VALID_SECONDS),
      credentialSubject: {
        id: `${options.url}#list`,
        type: 'BitstringStatusList',
        statusPurpose: 'revocation',
        encodedList: `u${encodeBase64url(new Uint8Array(gzipSync(revoked, { level: 9 })))}`,
      },
    }
    return signJws(options.signer, STATUS_LIST_TYPE, claims)
  }

  return {
    list() {
      // A clock that goes back must not make a list that readers take for an old one and ignore.
      const now = Math.max(latest, Math.floor(options.now() / 1000))
      latest = now
      if (cached === undefined || now - cached.at >= FRESH_SECONDS) {
        const validFrom = nextValidFrom(now)
        remember()
        const text = sign(validFrom)
        cached = { at: now, text }
        text.catch(() => (cached = undefined))
      }
      return cached.text
    },
    allocate() {
      const index = freeIndex(issued)
      setBit(issued, index)
      save()
      return index
    },
    revoke(index) {
      if (bit(revoked, index) === undefined)
        throw new RangeError(`a status list has indexes from 0 to ${ENTRIES - 1}, not ${index}`)
      if (bit(stored, index) === true) return false
      setBit(revoked, index)
      // A passport that is issued later must not begin as a revoked one.
      setBit(issued, index)
      cached = undefined
      save()
      return true
    },
    isRevoked: (index) => bit(revoked, index),
  }
}

/** A bit for each index that was given out, and for each that was revoked. */
interface State {
  readonly issued: Uint8Array
  readonly revoked: Uint8Array
  /** Of the last list that was signed, epoch seconds; 0 before the first. */
  readonly validFrom: number
}

function format({ issued, revoked, validFrom }: State): string {
  return `${JSON.stringify({ issued: encodeBase64url(issued), revoked: encodeBase64url(revoked), validFrom })}\n`
}

function load(file: string): State {
  const lost =
    'so that revoked passports would be good again; put it back, or remove issuer.key and status.key to begin as a new issuer, which receivers have to pin anew'
  return readStateFile(file, lost, { maxBytes: 1_048_576 }, (value) => {
    if (!isObject(value) || typeof value['issued'] !== 'string' || typeof value['revoked'] !== 'string')
      throw new Malformed('members are missing')
    const { validFrom = 0 } = value
    if (typeof validFrom !== 'number' || !Number.isSafeInteger(validFrom) || validFrom < 0 || validFrom > LAST_SECOND)
      throw new Malformed('"validFrom" is no time')
    const state = { issued: decodeBase64url(value['issued']), revoked: decodeBase64url(value['revoked']), validFrom }
    if (state.issued.length !== BYTES || state.revoked.length !== BYTES) throw new Malformed('a list of another length')
    return state
  })
}

/** Chance first, so that an index says nothing about when a passport was issued; then the next free one. */
function freeIndex(issued: Uint8Array): number {
  const start = randomInt(ENTRIES)
  for (let step = 0; step < ENTRIES; step += 1) {
    const index = (start + step) % ENTRIES
    if (bit(issued, index) === false) return index
  }
  throw new RangeError('every index of the status list is taken; this issuer needs a second list')
}

/** Bit 0 is the most significant one of the first byte (W3C §3.2). */
function bit(bits: Uint8Array, index: number): boolean | undefined {
  const byte = Number.isSafeInteger(index) && index >= 0 ? bits[index >> 3] : undefined
  return byte === undefined ? undefined : ((byte >> (7 - (index & 7))) & 1) === 1
}

function setBit(bits: Uint8Array, index: number): void {
  bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (7 - (index & 7)))
}
