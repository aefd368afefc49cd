/** Counts questions per agent in sliding windows, in bounded memory, for `input.harness.counters` (spec chapter 16, counters). @module */
import type { Counters } from './facts.ts'

/** Counts in one process. Servers side by side count apart. */
export interface CounterStore {
  /** Counts one question of `agent` about `action` and returns the counts with it. `now` is epoch milliseconds. */
  count(agent: string, action: string, now: number): Counters
}

const MINUTE = 60_000
const HOUR = 3_600_000
const MAX_ACTIONS = 64

interface Window {
  start: number
  current: number
  previous: number
}

interface Pair {
  readonly minute: Window
  readonly hour: Window
}

interface Agent extends Pair {
  readonly actions: Map<string, Pair>
  seen: number
}

/**
 * A store that remembers at most `maxAgents`. No agent that asked within two hours is ever forgotten, or asking under many names
 * would reset a count: when there is no room, newcomers share one count.
 */
export function createCounters(maxAgents = 50_000): CounterStore {
  const agents = new Map<string, Agent>()
  const rest = createAgent(0)
  let swept = 0

  function find(key: string, now: number): Agent {
    const known = agents.get(key)
    if (known !== undefined) return known
    if (agents.size >= maxAgents && now - swept >= MINUTE) {
      swept = now
      for (const [name, agent] of agents) if (now - agent.seen >= 2 * HOUR) agents.delete(name)
    }
    if (agents.size >= maxAgents) return rest
    const agent = createAgent(now)
    agents.set(key, agent)
    return agent
  }

  return {
    count(key, action, now) {
      const agent = find(key, now)
      agent.seen = now
      const byAction = pairOf(agent.actions, action, now)
      return {
        requests_1m: add(agent.minute, MINUTE, now),
        requests_1h: add(agent.hour, HOUR, now),
        action_requests_1m: add(byAction.minute, MINUTE, now),
        action_requests_1h: add(byAction.hour, HOUR, now),
      }
    },
  }
}

function createAgent(now: number): Agent {
  return { ...createPair(now), actions: new Map(), seen: now }
}

function createPair(now: number): Pair {
  return { minute: { start: now, current: 0, previous: 0 }, hour: { start: now, current: 0, previous: 0 } }
}

/** Beyond 64 actions an agent's further ones share one count of that agent. */
function pairOf(actions: Map<string, Pair>, action: string, now: number): Pair {
  const key = actions.has(action) || actions.size < MAX_ACTIONS ? action : ''
  const pair = actions.get(key) ?? createPair(now)
  actions.set(key, pair)
  return pair
}

/**
 * Counts one, and returns this window with the part of the one before it that still lies within `length`, rounded up. The clock
 * going back does not open a new window.
 */
function add(window: Window, length: number, now: number): number {
  const passed = Math.floor((now - window.start) / length)
  if (passed >= 1) {
    window.previous = passed === 1 ? window.current : 0
    window.current = 0
    window.start += passed * length
  }
  window.current += 1
  const left = 1 - Math.max(0, now - window.start) / length
  return window.current + Math.ceil(window.previous * left)
}
