/** Receivers that judge in another order, or once for all what time changes (spec chapters 10.1 and 12.2). @module */
import { inFile, type Mutant } from './mutant.ts'

const road = inFile('verifier/road.js')
const replay = inFile('verifier/steps/replay.js')
const STATUS = "on('status')(chain, trust, lists, now);"

export const ORDER_MUTANTS: readonly Mutant[] = [
  road(
    'content-first',
    'reads the content before it looks at anything',
    "const credential = on('extract')(request);",
    `const credential = on('extract')(request);
    const content = await request.content({ maxBytes: trust.limits.bodyBytes, timeoutMs: trust.time.bodyTimeoutSeconds * 1000 });
    request = { ...request, content: () => content };`,
  ),
  road(
    'status-before-possession',
    'asks for status before it knows who sends',
    "await on('possession')",
    `${STATUS}\n    await on('possession')`,
    'standard',
  ),
  road(
    'status-before-ledger',
    'asks for status before it knows that there is a decision',
    "const inclusion = await on('ledger')",
    `${STATUS}\n    const inclusion = await on('ledger')`,
    'standard',
  ),
  road(
    'requirement-before-status',
    'asks what the route wants before it asks for status',
    STATUS,
    `on('requirement')(token, chain, requirement, mapped);\n    ${STATUS}`,
    'standard',
  ),
  replay(
    'replay-warm-by-clock',
    'waits after its start, and then takes what is from before it',
    '&& iat <= warm)',
    '&& now() <= warm)',
  ),
  replay('replay-ends-with-token', 'forgets a used token when it ends', 'const RECORD_GRACE = 60;', 'const RECORD_GRACE = 0;'),
  inFile('verifier/steps/passports.js')(
    'chain-ends-once',
    'judges the ends of a chain when it sees it for the first time',
    'export function checkEnds(chain, now) {',
    `const seen = new WeakMap();
export function checkEnds(chain, now) {
    seen.set(chain, seen.get(chain) ?? now);
    now = seen.get(chain);`,
  ),
  inFile('verifier/trust-keys.js')(
    'role-of-status-unknown',
    'does not know the keys of status lists when it asks what a key is for',
    'roleOf: (jkt) => roles.get(jkt)?.role,',
    "roleOf: (jkt) => [roles.get(jkt)?.role].find((role) => role !== 'status'),",
    'standard',
  ),
  inFile('verifier/trust-keys.js')(
    'role-of-witness-unknown',
    'does not know the keys of witnesses when it asks what a key is for',
    'roleOf: (jkt) => roles.get(jkt)?.role,',
    "roleOf: (jkt) => [roles.get(jkt)?.role].find((role) => role !== 'witness'),",
    'full',
  ),
]
