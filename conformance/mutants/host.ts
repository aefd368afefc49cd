/** The suite host on ports that are free now: many trials go on at the same time. @module */
import { freePort, openHost, worldOf, type Setup } from '@aiegis/conformance/run'

/** A host, with the port that it has. */
export interface Opened {
  readonly host: Awaited<ReturnType<typeof openHost>> | null
  readonly setup: Setup
}

/** Ports next to a free one may be taken: another is tried then. */
const CHANCES = 20

/** Opens the host that `setup` needs; none at level basic. `now` is that of what it serves. */
export async function openSomewhere(setup: Setup, now: () => number = Date.now): Promise<Opened> {
  if (setup.level === 'basic') return { host: null, setup }
  for (let chance = 1; ; chance += 1) {
    const placed = { ...setup, hostPort: await freePort() }
    try {
      return { host: await openHost(worldOf(placed, now), placed.hostPort), setup: placed }
    } catch (error) {
      if (chance === CHANCES) throw error
    }
  }
}
