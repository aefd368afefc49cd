/** `npm start`: tells the story over real HTTP with real keys, then stays up. Any surprise ends with exit code 1. @module */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '@aiegis/enforcement'
import { heading, say, scene } from './print.ts'
import { evidenceOf, SCENES } from './scenes.ts'
import { saveDecision, verifyDecision } from './offline.ts'
import { createWorld, type World } from './world.ts'

/** Honest requests that are served inside scenes: one to replay, one whose proof is borrowed, one of the agent that is then revoked. */
const SERVED_IN_PASSING = 3

const flags = process.argv.slice(2)
const unknown = flags.find((flag) => flag !== '--once' && flag !== '--serve')
if (unknown !== undefined || flags.length > 1) {
  console.error(`npm start: ${unknown ?? flags.join(' ')}: write --once to end after the story, --serve to skip it, or nothing`)
  process.exit(2)
}
try {
  process.exitCode = flags[0] === '--once' ? await tellOnce() : await stayUp(flags[0] === '--serve')
} catch (error) {
  // What the reader can mend is one sentence; anything else is a defect and shows where.
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  console.error(
    isTaken ? 'npm start: port 18082 is taken; end what uses it' : error instanceof UsageError ? error.message : error,
  )
  process.exitCode = error instanceof UsageError || isTaken ? 2 : 4
}

/** On free ports and with keys that are thrown away. */
async function tellOnce(): Promise<number> {
  const state = mkdtempSync(join(tmpdir(), 'aiegis-story-'))
  const world = await createWorld({ state, harnessPort: 0, ordersPort: 0 })
  try {
    return (await tell(world, state)) ? 0 : 1
  } finally {
    await world.close()
    rmSync(state, { recursive: true })
  }
}

/** On the ports of the specification, with the keys and the ledger of the last time. */
async function stayUp(silent: boolean): Promise<number> {
  const state = '.aiegis'
  const world = await createWorld({ state, harnessPort: 18_081, ordersPort: 18_082 })
  if (!silent && !(await tell(world, state))) {
    await world.close()
    return 1
  }
  inviteTo(world)
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  await world.close()
  return 0
}

/** Plays every scene. False when one ended otherwise than it must. */
async function tell(world: World, state: string): Promise<boolean> {
  heading('The harness')
  say(
    `decides at ${world.harness.enforcement.endpoint}, packs ${world.harness.enforcement.policy
      .packs()
      .map(({ pack_id: id }) => id)
      .join(', ')}`,
  )
  say(`orders API at ${world.orders}`)
  say(world.trustLine)

  heading('An agent calls the orders API')
  let good = true
  let served = 0
  for (const told of SCENES) {
    const { name, status, code } = told
    const before = world.effects()
    const start = performance.now()
    const outcome = await told.play(world)
    const milliseconds = performance.now() - start
    const expected = outcome.status === status && outcome.code === code
    served += world.effects() - before
    good &&= expected
    scene(name, outcome, `${milliseconds.toFixed(1).padStart(7)} ms`, expected)
    if (!expected) say(`         expected ${status} ${code}`)
    if (told.showsEntry) await showEntry(world)
  }
  // Reads and writes that were allowed, and the honest requests whose evidence some scenes misuse.
  const honest = 2 + SERVED_IN_PASSING
  if (served !== honest) {
    good = false
    say(`SURPRISE: handlers ran ${served} times, ${honest} requests were allowed`)
  }

  heading('The ledger')
  for (const line of world.harness.enforcement.log.checkpoint().trimEnd().split('\n')) say(line)
  const file = join(state, 'decision.json')
  const { headers } = await evidenceOf(world, { url: `${world.orders}/orders/7`, action: 'orders.read' })
  saveDecision(file, headers.get('X-AEGIS-Token') ?? '', headers.get('X-AEGIS-Proof') ?? '')
  say(`verified offline from ${file}:`)
  say(await verifyDecision(file, world.trustFile))
  console.log(good ? '\nEvery scene ended as it must.' : '\nSomething ended otherwise than it must.')
  return good
}

/** The newest entry as the log keeps it: what is personal is a commitment, which the salt in the side table opens. */
async function showEntry({ harness }: World): Promise<void> {
  const { log } = harness.enforcement
  const leaf = (await log.entry(log.size() - 1n))?.leaf ?? new Uint8Array(0)
  const stored: { readonly entry?: object } = JSON.parse(new TextDecoder().decode(leaf))
  for (const [name, value] of Object.entries(stored.entry ?? {})) say(`         ${name.padEnd(16)} ${String(value)}`)
}

function inviteTo({ harness, orders }: World): void {
  const { url } = harness.enforcement
  heading('Try it')
  say(`curl -i ${orders}/orders/7`)
  say(
    `curl -i ${url}/api/protect -H 'Content-Type: application/json' -d '{"action":"orders.read","target":"${orders}/orders/7"}'`,
  )
  say(`curl ${url}/checkpoint`)
  say('npm run -s curl -- GET /orders/7       prints a signed curl command that works once')
  say('Ctrl-C ends it.')
}
