/** What a route needs to have been decided (spec chapter 11). @module */
import { Refusal } from './refusal.mjs'
import { parseUrl } from './url.mjs'

const GRADES = ['none', 'asserted', 'evidence_checked', 'live']

/** `requirement` is `{action?, target?, isUnmapped?}`. Refuses with a code of the step requirement. */
export function checkRequirement({ method }, { entry, htu }, requirement, { passports }, trust) {
  const { action = `http.${method.toLowerCase()}`, target, isUnmapped = false } = requirement
  const { origin, path } = parseUrl(htu)
  if (isUnmapped || (requirement.action === undefined && !entry.action.startsWith('http.'))) throw new Refusal('action_unmapped')
  if (entry.action !== action) throw new Refusal('action_mismatch')
  if (entry.target !== (target ?? origin + path)) throw new Refusal('target_mismatch')
  for (const [fact, least] of Object.entries(trust.require)) {
    const asserted = passports.map(({ subject }) => subject.attestations[fact].grade)
    // Nothing is checked here, so what is checked has the grade none (AHP-REQ-9).
    if (!asserted.every((grade) => isAtLeast(grade, least.asserted)) || !isAtLeast('none', least.checked))
      throw new Refusal('grade_insufficient')
  }
}

function isAtLeast(grade, least = 'none') {
  return GRADES.indexOf(grade) >= GRADES.indexOf(least)
}
