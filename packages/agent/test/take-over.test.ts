/** Taking over a hand-off, and the task that an agent then acts for. @module */
import { encodeJwsInput } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { harnessFetch, takeOver, type HandOff } from '../src/index.ts'
import { first, h, passport, problem } from './three-agents.ts'

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
    expect(takeOver(made.handOff, passport(1))).toBe(`${made.handOff}~${passport(1)}`)
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

function token(): string {
  return `${encodeJwsInput({ alg: 'Ed25519', typ: 'aegis-token+jwt', kid: h.keys.harness.kid }, {})}.${'A'.repeat(86)}`
}

describe('the task of a chain', () => {
  const create =
    (chain: string, options: { readonly txn?: string } = {}): (() => unknown) =>
    () =>
      harnessFetch({ protect: 'https://harness.example', passport: chain, signer: h.keys.worker, ...options })

  test('AHP-PASS-30 is that of its hand-offs: another one is refused at once', async () => {
    const { handOff: text, txn } = await first()
    const chain = takeOver(text, passport(1))
    expect(await problem(create(chain))).toBe('no problem')
    expect(await problem(create(chain, { txn }))).toBe('no problem')
    expect(await problem(create(chain, { txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C' }))).toBe(
      `harnessFetch: the hand-offs of the chain are for task ${txn}; leave txn out`,
    )
    expect(await problem(create(text))).toContain('what takeOver() returned')
    expect(await problem(create(`sha-256=${'A'.repeat(43)}`))).toContain('a reference in its place')
  })
})
