/** What a later call on a verified request may ask for: less, or the same once more (spec chapter 11). @module */
import { Refusal } from '@aiegis/protocol'
import type { AiegisContext } from './context.ts'
import type { Requirement, AnyRoute } from './requirement.ts'
import { checkReach } from './steps/requirement.ts'

/** Throws `grade_insufficient`, `depth_exceeded`, and `misconfigured` for what the first call did not require. `requirement` is that of `route`. */
export function narrow(context: AiegisContext, route: AnyRoute, requirement: Requirement): void {
  const { target, acceptWarn, acceptObligations, body, claims, check } = route
  if ([target, acceptWarn, acceptObligations, body, claims, check].some((given) => given !== undefined)) {
    throw new Refusal('misconfigured', 'a second requireAiegisToken() on one request may only name action, require and maxDepth')
  }
  if (route.action !== undefined && route.action !== context.action) {
    throw new Refusal(
      'misconfigured',
      `the route wants ${route.action}, which the mount did not know: name it in the mount's actions`,
    )
  }
  checkReach(context.grades, context.depth, requirement)
}
