/** Decides whether a mission covers an action on a target (spec chapter 8, mission). @module */
import { utf8 } from './bytes.ts'
import { isObject } from './json.ts'
import { LIMITS } from './limits.ts'
import { Malformed } from './refusal.ts'
import { parseNormalUrl } from './url.ts'
import type { MissionPair } from './wire.gen.ts'

/** Segments of `a-z 0-9 _ -` joined by dots, the first character a letter or digit: `orders.create`, `http.get`, `tool.read_file`. */
const ACTION = /^[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/
const MAX_PAIRS = 16

/**
 * Parses the name of an action: `[a-z0-9][a-z0-9_-]*` and then any number of `.` with `[a-z0-9_-]+`, at most 128 bytes.
 * Throws `Malformed`. Does not check that any route or pack knows it.
 */
export function checkAction(text: string): string {
  if (!isAction(text)) throw new Malformed('not the name of an action')
  return text
}

/**
 * Parses 1 to 16 pairs of exactly `action` and `target`. An action is exact, or a name followed by `.*`, or `*`; at most 128 bytes.
 * A target is exact text of 1 to 1,024 bytes or, when it ends in `*`, a normal URL without query whose path ends in `/*`.
 * Throws `Malformed`. Does not compare the mission with anything.
 */
export function parseMission(value: unknown): readonly MissionPair[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_PAIRS) throw new Malformed('a mission has 1 to 16 pairs')
  return Array.from(value, (pair: unknown) => parsePair(pair))
}

/**
 * True when one pair of a parsed mission covers both the action and the target. Text is compared by bytes, an URL pattern with the whole
 * origin and then the path; a target that is not a normal URL without query is covered by the same text only, never by a pattern.
 * An action that is not the name of one is covered by nothing, `*` included: a harness may have read it as another.
 */
export function covers(mission: readonly MissionPair[], action: string, target: string): boolean {
  return isAction(action) && mission.some((pair) => coversAction(pair.action, action) && coversTarget(pair.target, target))
}

function isAction(text: string): boolean {
  return text.length <= LIMITS.action && ACTION.test(text)
}

function parsePair(value: unknown): MissionPair {
  if (!isObject(value)) throw new Malformed('a pair is not an object')
  const { action, target } = value
  if (Object.keys(value).length !== 2 || typeof action !== 'string' || typeof target !== 'string') {
    throw new Malformed('a pair has exactly the texts "action" and "target"')
  }
  return { action: parseActionPattern(action), target: parseTargetPattern(target) }
}

function parseActionPattern(text: string): string {
  if (text.length > LIMITS.action) throw new Malformed('action is too long')
  if (text !== '*') checkAction(text.endsWith('.*') ? text.slice(0, -2) : text)
  return text
}

function parseTargetPattern(text: string): string {
  if (text.length === 0 || text.length > LIMITS.targetUri || utf8(text).length > LIMITS.targetUri) {
    throw new Malformed('target is empty or too long')
  }
  if (!text.endsWith('*')) return text
  // The slash before the star makes the authority complete: "https://api.example*" would cover other hosts.
  if (!text.endsWith('/*')) throw new Malformed('the star of a target follows a slash')
  parseNormalUrl(text.slice(0, -1), { allowQuery: false })
  return text
}

function coversAction(pattern: string, action: string): boolean {
  return pattern === '*' || pattern === action || (pattern.endsWith('.*') && action.startsWith(pattern.slice(0, -1)))
}

function coversTarget(pattern: string, target: string): boolean {
  if (pattern === target) return true
  return pattern.endsWith('/*') && target.startsWith(pattern.slice(0, -1)) && isNormalUrl(target)
}

/** Text that only begins like a URL of the pattern, such as one with dot segments, may be read as another resource. */
function isNormalUrl(text: string): boolean {
  try {
    parseNormalUrl(text, { allowQuery: false })
    return true
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}
