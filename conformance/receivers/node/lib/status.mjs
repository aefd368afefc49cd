/** Reads the lists of issuers in the background and says of one bit what they say (spec chapter 9). @module */
import { lookupInDnsFirst } from './addresses.mjs'
import { textOf } from './encoding.mjs'
import { fetchWithin } from './fetch.mjs'
import { Malformed, Refusal } from './refusal.mjs'
import { MAX_TEXT, readStatusList } from './status-list.mjs'

const TYPES = ['application/vc+jwt']
const SECONDS = 3
/** While a list cannot be used it is read again sooner. */
const SOON = 2

/** `files` keep lists over restarts; `clock` and `steady` give seconds. `start` begins to read. */
export function createStatus(trust, files, clock, steady) {
  const { statusRefreshSeconds: refresh = 60, maxStalenessSeconds = 600 } = trust.time
  const lists = new Map()
  for (const issuer of trust.issuers.values())
    for (const url of issuer.status.lists)
      lists.set(`${issuer.did}\n${url}`, {
        url,
        did: issuer.did,
        keys: issuer.status.keys,
        most: issuer.status.maxStalenessSeconds ?? maxStalenessSeconds,
      })

  const scene = () => ({ now: Math.floor(clock()), skew: trust.skew })

  const restore = async (list) => {
    const kept = files.read(list.did, list.url)
    for (const text of kept?.texts ?? []) {
      const read = await readStatusList(text, list, list.url, scene()).catch(ignoreMalformed)
      if (read !== undefined) take(list, read, kept.readAt, steady() - Math.max(0, clock() - kept.readAt))
    }
  }
  const readOnce = async (list) => {
    const begin = Math.floor(clock())
    const beginSteady = steady()
    const { content } = await fetchWithin(list.url, {
      types: TYPES,
      maxBytes: MAX_TEXT,
      seconds: SECONDS,
      connection: { lookup: lookupInDnsFirst },
    })
    const read = await readStatusList(textOf(content), list, list.url, scene())
    if (take(list, read, begin, beginSteady)) files.write(list.did, list.url, list.texts, begin)
  }
  /** AHP-STATUS-11 and AHP-STATUS-22: never back, and of one second everything that any list revokes. */
  const take = (list, { text, bits, validFrom, validUntil }, readAt, readSteady) => {
    const isFuture = list.validFrom !== undefined && list.validFrom > scene().now + trust.skew
    if (!isFuture && list.validFrom > validFrom) return false
    const isSame = !isFuture && list.validFrom === validFrom
    const texts = isSame ? [...list.texts.filter((each) => each !== text), text] : [text]
    Object.assign(list, { texts, bits: isSame ? either(list.bits, bits) : bits, validFrom, validUntil, readAt, readSteady })
    return true
  }
  const isUsable = ({ bits, validFrom, validUntil, readAt, readSteady, most }) => {
    const { now, skew } = scene()
    if (bits === undefined || validFrom > now + skew || now >= validUntil || readAt > now) return false
    return Math.max(now - readAt, steady() - readSteady) <= most
  }
  const readForEver = async (list) => {
    for (;;) {
      const isRead = await readOnce(list).then(
        () => true,
        (error) => ignoreMalformed(error) ?? false,
      )
      const seconds = isRead && isUsable(list) ? refresh : Math.min(refresh, SOON)
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref())
    }
  }

  return {
    async start() {
      for (const list of lists.values()) await restore(list)
      for (const list of lists.values()) void readForEver(list)
    },
    /** AHP-STATUS-1 to AHP-STATUS-5, for one passport. */
    check({ issuer, status }) {
      if (status === undefined && issuer.status.isUnrevocable) return
      const list = lists.get(`${issuer.did}\n${status?.statusListCredential}`)
      if (list === undefined) throw new Refusal('status_not_listed')
      if (!isUsable(list)) throw new Refusal('status_unavailable')
      const index = Number(status.statusListIndex)
      const byte = list.bits[Math.floor(index / 8)]
      if (byte === undefined) throw new Refusal('status_not_listed')
      if (((byte >> (7 - (index % 8))) & 1) === 1) throw new Refusal('passport_revoked')
    },
  }
}

function either(a, b) {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  const bits = Buffer.from(long)
  for (const [index, byte] of short.entries()) bits[index] |= byte
  return bits
}

function ignoreMalformed(error) {
  if (!(error instanceof Malformed)) throw error
  return undefined
}
