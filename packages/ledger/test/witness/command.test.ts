/** The command of the witness (spec chapter 17.8). @module */
import { chmodSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseVkey, WITNESS_KEY_TYPE } from '@aiegis/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { startWitness, type RunningWitness } from '../../src/witness/command.ts'
import { crypto, fill, keyOf, leafOf, openIn, temporaryDirectory, vkey } from '../logs.ts'

async function run(...args: string[]): Promise<{ running: RunningWitness | number; said: string }> {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  const running = await startWitness(args, { print: write, complain: write })
  if (typeof running !== 'number') onTestFinished(() => running.close().catch(() => undefined))
  return { running, said: lines.join('\n') }
}

async function started(state: string): Promise<RunningWitness> {
  const { running, said } = await run('--name', 'one.example', '--log', vkey.text, '--state', state, '--port', '0')
  if (typeof running === 'number') throw new Error(said)
  expect(said).toBe(`${running.vkey}\nwitness one.example listens on 127.0.0.1:${running.port}; state in ${state}`)
  return running
}

test('AHP-WITNESS-3 a witness makes its key, signs for a log, and is the same after a restart', async () => {
  const state = join(temporaryDirectory(), 'state')
  const first = await started(state)
  expect(parseVkey(first.vkey, crypto).type).toBe(WITNESS_KEY_TYPE)
  for (const name of ['witness.key', 'witness.db']) expect(statSync(join(state, name)).mode & 0o777).toBe(0o600)
  const policy = { quorum: 1, witnesses: [{ url: `http://127.0.0.1:${first.port}`, vkey: parseVkey(first.vkey, crypto) }] }
  const log = await openIn(undefined, { witnesses: policy })
  await fill(log, 0, 3)
  await first.close()
  await expect(log.append(leafOf(3), keyOf(3))).rejects.toMatchObject({ code: 'ledger_unavailable' })
  const { running } = await run('--name', 'one.example', '--log', vkey.text, '--state', state, '--port', String(first.port))
  expect(running).toMatchObject({ vkey: first.vkey })
  expect((await log.append(leafOf(3), keyOf(3))).checkpoint).toContain('— one.example ')
})

test('AHP-WITNESS-3 a key without its memory, a second process, and a key that others can read do not start', async () => {
  const state = join(temporaryDirectory(), 'state')
  const args = ['--name', 'one.example', '--log', vkey.text, '--state', state, '--port', '0']
  const first = await started(state)
  expect((await run(...args)).said).toMatch(/witness\.db is open in another process/)
  await first.close()
  chmodSync(join(state, 'witness.key'), 0o640)
  expect((await run(...args)).said).toMatch(/^ledger: others can read .*witness\.key; run chmod 600/)
  chmodSync(join(state, 'witness.key'), 0o600)
  renameSync(join(state, 'witness.db'), join(state, 'away.db'))
  expect(await run(...args)).toEqual({
    running: 1,
    said: expect.stringMatching(/witness\.db is missing or empty, and its key would sign/),
  })
  // What a full disk or a failed restore leaves.
  writeFileSync(join(state, 'witness.db'), '')
  expect(await run(...args)).toEqual({
    running: 1,
    said: expect.stringMatching(/witness\.db is missing or empty, and its key would sign/),
  })
  rmSync(join(state, 'witness.db'))
  renameSync(join(state, 'away.db'), join(state, 'witness.db'))
  renameSync(join(state, 'witness.key'), join(state, 'other.key'))
  symlinkSync('other.key', join(state, 'witness.key'))
  expect((await run(...args)).said).toMatch(/witness\.key cannot be read, or is a link/)
  rmSync(join(state, 'witness.key'))
  writeFileSync(join(state, 'witness.key'), 'x', { mode: 0o600 })
  expect((await run(...args)).said).toMatch(/holds no Ed25519 key as PKCS#8 PEM/)
})

test('a wrong call is answered with how to call it, and a wrong key with what is wrong', async () => {
  const state = join(temporaryDirectory(), 'state')
  for (const args of [
    [],
    ['--name', 'x'],
    ['--log', vkey.text],
    ['--name', 'x', '--log', vkey.text, '--port', '70000'],
    ['--name', 'x', '--log', vkey.text, '--x'],
  ])
    expect(await run(...args)).toEqual({ running: 2, said: expect.stringMatching(/^usage: aiegis-witness/) })
  expect(await run('--name', 'x', '--log', 'y', '--state', state)).toEqual({ running: 1, said: 'not a verifier key' })
  expect((await run('--name', 'a b', '--log', vkey.text, '--state', state, '--port', '0')).said).toMatch(/names a key in notes/)
  const at = (place: string): string[] => ['--name', 'x', '--log', vkey.text, '--state', place, '--port', '0']
  writeFileSync(join(state, 'file'), '')
  expect(await run(...at(join(state, 'file')))).toEqual({ running: 1, said: expect.stringContaining('EEXIST') })
  // An address for documentation, which no machine has (RFC 5737).
  const away = await run(...at(join(state, 'away')), '--host', '203.0.113.9')
  expect(away).toEqual({ running: 1, said: expect.stringContaining('EADDRNOTAVAIL') })
})
