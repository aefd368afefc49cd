/** Taking over a hand-off, and the task that an agent then acts for. @module */
import { encodeJwsInput, type JsonObject } from '@aiegis/protocol'
import { lineOf } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { harnessFetch, takeOver, type HandOff } from '../src/index.ts'
import { did, first, h, mission, passport, problem, second } from './three-agents.ts'

describe('taking over', () => {
  test.each<readonly [string, string, (made: HandOff) => readonly [string, string]]>([
    ['AHP-PASS-24 what is for another agent', 'the chain: hand-off 1 is for', ({ handOff: text }) => [text, passport(2)]],
    ['AHP-PASS-1 a chain', 'not a hand-off', ({ handOff: text }) => [`${text}~${passport(1)}`, passport(1)]],
    ['AHP-PASS-1 nothing', 'not a hand-off', () => ['', passport(1)]],
    ['AHP-PASS-1 with a chain', 'a chain in place of a passport', ({ handOff: text }) => [text, `${text}~${passport(1)}`]],
    ['AHP-PASS-1 three of them', 'a chain has one, three or five parts', () => ['a~b~c~d~e~f', 'g']],
    ['AHP-PASS-4 with something behind it', 'the chain:', ({ handOff: text }) => [`${text} `, passport(1)]],
    ['AHP-PASS-5 with a token in place of the delegation', 'the chain:', () => [`${passport(0)}~${passport(0)}`, passport(1)]],
    [
      'AHP-PASS-5 with a token in place of the passport',
      'the chain: "typ" is not vc+jwt',
      ({ handOff: text }) => [text, token()],
    ],
    [
      'AHP-PASS-20 of a delegation that is too long',
      'the chain: a JWS longer than 1100 bytes',
      () => [`${passport(0)}~${'A'.repeat(1101)}`, passport(1)],
    ],
  ])('refuses %s', async (_, sentence, change) => {
    const made = await first()
    const [text, own] = change(made)
    expect(await problem(() => takeOver(text, own))).toContain(sentence)
    expect(takeOver(made.handOff, passport(1)).chain).toBe(`${made.handOff}~${passport(1)}`)
  })

  test('AHP-PASS-1 refuses what is longer than receivers read in all', async () => {
    const wide = (place: number, ...lengths: readonly number[]): string =>
      passport(place, { mission: lengths.map((length) => ({ action: '*', target: 'x'.repeat(length) })) })
    const { handOff: text } = await first({ chain: wide(0, 900, 500) })
    const room = 7980 - text.length - 1
    const pad = Array.from({ length: 1024 }, (_, at) => at + 1).findLast((at) => wide(1, 900, at).length <= room) ?? 0
    expect(wide(1, 900, pad).length).toBe(room)
    expect(await problem(() => takeOver(text, wide(1, 900, pad)))).toBe('no problem')
    expect(await problem(() => takeOver(text, wide(1, 900, pad + 1)))).toMatch(
      /^the chain: 798[12] characters, receivers read 7980/,
    )
  })
})

/** The second hand-off of a chain with other members in its delegations, and the passport of the agent that gets it. */
function handed(change: (claims: JsonObject, depth: number) => JsonObject): readonly [handOff: string, own: string] {
  const chain = lineOf(h.mint({ handOffs: 2 }, { delegation: change }), 'X-AEGIS-Passport') ?? ''
  const end = chain.lastIndexOf('~')
  return [chain.slice(0, end), chain.slice(end + 1)]
}

const atSecond =
  (members: JsonObject) =>
  (claims: JsonObject, depth: number): JsonObject =>
    depth === 2 ? { ...claims, ...members } : claims

describe('what was taken over', () => {
  test('is told to the agent that shall act: for whom, from whom, in which task, where, what, how long', async () => {
    const one = await first({ audience: [h.audience, 'https://other.example'] })
    expect(takeOver(one.handOff, passport(1))).toEqual({
      chain: `${one.handOff}~${passport(1)}`,
      principal: did(0),
      from: did(0),
      txn: one.txn,
      audience: [h.audience, 'https://other.example'],
      mission,
      expires: one.expires,
    })
    const narrow = [{ action: 'http.get', target: 'https://api.example.com/orders/7' }]
    const two = await second({ mission: narrow, lifetimeSeconds: 60 }, { audience: [h.audience, 'https://other.example'] })
    expect(takeOver(two.handOff, passport(2))).toEqual({
      chain: `${two.handOff}~${passport(2)}`,
      principal: did(0),
      from: did(1),
      txn: two.txn,
      audience: [h.audience],
      mission: narrow,
      expires: two.expires,
    })
  })

  test('AHP-PASS-29 names only receivers that each hand-off names, and ends with the first of them, whatever the last one says', () => {
    const later = h.clock.seconds() + 7200
    const aud = ['https://other.example', h.audience]
    expect(takeOver(...handed(atSecond({ aud, exp: later })))).toMatchObject({ audience: [h.audience], expires: later - 3600 })
  })

  test.each<readonly [string, JsonObject, string]>([
    [
      'AHP-PASS-21 is by another agent than that of the passport before it',
      { iss: did(0) },
      `the chain: hand-off 2 is by ${did(0)}, which is not the agent of the passport before it`,
    ],
    [
      'AHP-PASS-30 is for another task than the one before',
      { txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C' },
      'the chain: its hand-offs are for two tasks',
    ],
    [
      'AHP-PASS-29 is for no receiver of the one before',
      { aud: ['https://other.example'] },
      'takeOver: no receiver is named by all',
    ],
  ])('is nothing where a hand-off %s', async (_, members, sentence) => {
    expect(await problem(() => takeOver(...handed(atSecond(members))))).toContain(sentence)
    expect(await problem(() => takeOver(...handed(atSecond({}))))).toBe('no problem')
  })

  test('AHP-PASS-30 the fetch of an agent refuses a chain of two tasks too', async () => {
    const [text, own] = handed(atSecond({ txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C' }))
    expect(await problem(create(`${text}~${own}`))).toContain('its hand-offs are for two tasks')
  })
})

const create =
  (chain: string, options: { readonly txn?: string } = {}): (() => unknown) =>
  () =>
    harnessFetch({ protect: 'https://harness.example', passport: chain, signer: h.keys.worker, ...options })

function token(): string {
  return `${encodeJwsInput({ alg: 'Ed25519', typ: 'aegis-token+jwt', kid: h.keys.harness.kid }, {})}.${'A'.repeat(86)}`
}

describe('the task of a chain', () => {
  test('AHP-PASS-30 is that of its hand-offs: another one is refused at once', async () => {
    const { handOff: text, txn } = await first()
    const { chain } = takeOver(text, passport(1))
    expect(await problem(create(chain))).toBe('no problem')
    expect(await problem(create(chain, { txn }))).toBe('no problem')
    expect(await problem(create(chain, { txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C' }))).toBe(
      `harnessFetch: the hand-offs of the chain are for task ${txn}; leave txn out`,
    )
    expect(await problem(create(text))).toContain('the chain that takeOver() returned')
    expect(await problem(create(`sha-256=${'A'.repeat(43)}`))).toContain('a reference in its place')
  })
})
