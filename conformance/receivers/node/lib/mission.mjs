/** What a mission covers (spec chapter 8.3). @module */
import { Malformed, must } from './refusal.mjs'
import { parseUrl } from './url.mjs'

const ACTION = /^[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/

/** What the schema cannot say of a mission (AHP-PASS-12). Throws `Malformed`. */
export function checkMission(mission) {
  for (const { target } of mission) {
    must(Buffer.byteLength(target) <= 1024, 'a target that is too long')
    if (target.endsWith('*')) must(target.endsWith('/*') && parseUrl(target).query === undefined, 'not a pattern of targets')
  }
}

/** Whether one pair covers both (AHP-PASS-13). */
export function covers(mission, action, target) {
  return (
    Buffer.byteLength(action) <= 128 &&
    ACTION.test(action) &&
    mission.some((pair) => coversAction(pair.action, action) && coversTarget(pair.target, target))
  )
}

function coversAction(pattern, action) {
  if (pattern === '*') return true
  return pattern.endsWith('.*') ? action.startsWith(pattern.slice(0, -1)) : action === pattern
}

function coversTarget(pattern, target) {
  if (!pattern.endsWith('*')) return target === pattern
  return target.startsWith(pattern.slice(0, -1)) && isPlainUrl(target)
}

function isPlainUrl(text) {
  try {
    return parseUrl(text).query === undefined
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}
