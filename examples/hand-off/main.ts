/** `npm run examples`: a planner hands a task to a worker, and the worker tries to make more of it. Any surprise ends with exit code 1. @module */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { heading, say, scene } from '../story/print.ts'
import { scenes } from './scenes.ts'
import { createWorld, type World } from './world.ts'

const state = mkdtempSync(join(tmpdir(), 'aiegis-hand-off-'))
try {
  const world = await createWorld(state)
  try {
    process.exitCode = (await tell(world)) ? 0 : 1
  } finally {
    await world.close()
  }
} finally {
  rmSync(state, { recursive: true })
}

/** Plays every scene. False when one ended otherwise than it must, or when a handler ran for what was refused. */
async function tell(world: World): Promise<boolean> {
  heading('Three agents')
  for (const { name, did } of [world.planner, world.worker, world.stranger]) say(`${name.padEnd(8)} ${did}`)
  heading('One hands a task to the other')
  let good = true
  for (const { name, who, status, code, says, play } of scenes()) {
    const before = world.effects()
    const outcome = await play(world)
    const effects = world.effects() - before
    const expected =
      outcome.status === status &&
      outcome.code === code &&
      (says?.(world) ?? []).every((text) => outcome.note?.includes(text)) &&
      effects === (status === 200 ? 1 : 0)
    good &&= expected
    scene(name, outcome, who, expected)
    if (!expected) say(`         expected ${status} ${code} ${(says?.(world) ?? []).join(', ')}; handlers ran ${effects} times`)
  }
  console.log(good ? '\nEvery scene ended as it must.' : '\nSomething ended otherwise than it must.')
  return good
}
