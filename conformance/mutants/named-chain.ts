/** Receivers that look at one place of a chain and not at every other (spec chapter 8.5). @module */
import { inFile, type Mutant } from './mutant.ts'

const joins = inFile('verifier/steps/joins.js')
const passports = inFile('verifier/steps/passports.js')
const delegations = inFile('verifier/steps/delegations.js')
const status = inFile('verifier/steps/status.js')

const ROLE = "const role = at === 0 ? 'root' : 'hop';"
const HAND_OFFS = 'for (const { aud, txn } of delegations) {'
const LINKS = 'for (const link of links) {'
const SHARED = 'links.some((other) => equal(other.key.bytes, agent.bytes))'
const OF_TOKEN = ' || equal(key.bytes, agent.bytes)'
const BOTH = 'if (equal(key.bytes, link.key.bytes))'
const ENDS = 'for (const { exp } of chain.delegations)'
const BEGINNINGS = 'for (const { iat } of chain.delegations)'
const AGENTS = 'if (isRepeated(links.map(({ passport }) => passport.subject)))'
const STATUS = 'for (const { passport } of chain.links)'
const NO_STATUS = 'if (passport.status === null) {'

export const CHAIN_MUTANTS: readonly Mutant[] = [
  joins('role-of-first', 'asks the role of the first issuer alone', ROLE, `${ROLE}\n        if (at > 0) break;`),
  joins('role-of-later', 'asks the roles of later issuers alone', ROLE, `${ROLE}\n        if (at === 0) continue;`),
  joins(
    'role-not-middle',
    'asks no role of the issuer in the middle',
    ROLE,
    `${ROLE}\n        if (links[at - 1] && links[at + 1]) continue;`,
  ),
  joins('role-of-two', 'asks the roles of the first two issuers', ROLE, `${ROLE}\n        if (at > 1) break;`),
  joins(
    'role-in-two',
    'asks no role of later issuers of a chain of three',
    ROLE,
    `${ROLE}\n        if (at > 0 && links.length > 2) break;`,
  ),
  joins('joins-of-last', 'joins the last delegation alone', HAND_OFFS, HAND_OFFS.replace('delegations', 'delegations.slice(-1)')),
  joins(
    'joins-of-first',
    'joins the first delegation alone',
    HAND_OFFS,
    HAND_OFFS.replace('delegations', 'delegations.slice(0, 1)'),
  ),
  joins('keys-of-sender', 'asks the roles of the key of the sender alone', LINKS, 'for (const link of links.slice(-1)) {'),
  joins(
    'keys-of-principal',
    'asks the roles of the key of the principal alone',
    LINKS,
    'for (const link of links.slice(0, 1)) {',
  ),
  joins(
    'keys-not-middle',
    'asks no role of the key in the middle',
    LINKS,
    'for (const link of new Set([links[0], links.at(-1)])) {',
  ),
  joins('shared-own', 'compares the key of an agent with that of its own issuer', SHARED, 'equal(link.key.bytes, agent.bytes)'),
  joins(
    'shared-others',
    'compares the key of an agent with those of other issuers than its own',
    SHARED,
    SHARED.replace('equal', 'other !== link && equal'),
  ),
  joins(
    'shared-first',
    'compares the keys of agents with that of the first issuer',
    SHARED,
    'equal(links[0].key.bytes, agent.bytes)',
  ),
  joins(
    'shared-last',
    'compares the keys of agents with that of the last issuer',
    SHARED,
    'equal(links.at(-1).key.bytes, agent.bytes)',
  ),
  joins(
    'shared-before',
    'compares the key of an agent with those of issuers up to its own',
    SHARED,
    SHARED.replace('links', 'links.slice(0, links.indexOf(link) + 1)'),
  ),
  joins(
    'shared-after',
    'compares the key of an agent with those of issuers from its own on',
    SHARED,
    SHARED.replace('links', 'links.slice(links.indexOf(link))'),
  ),
  joins(
    'shared-next',
    'compares the key of an agent with those of issuers beside it',
    SHARED,
    SHARED.replace('equal', 'Math.abs(links.indexOf(other) - links.indexOf(link)) < 2 && equal'),
  ),
  joins('token-key-not-agent', 'does not compare the keys of agents with that of the token', OF_TOKEN, ''),
  joins(
    'token-key-sender',
    'compares the key of the sender with that of the token',
    OF_TOKEN,
    OF_TOKEN.replace('equal', 'link === links.at(-1) && equal'),
  ),
  joins(
    'token-key-principal',
    'compares the key of the principal with that of the token',
    OF_TOKEN,
    OF_TOKEN.replace('equal', 'link === links[0] && equal'),
  ),
  joins(
    'token-key-last',
    'compares the key of the last issuer with that of the token',
    BOTH,
    BOTH.replace('equal', 'link === links.at(-1) && equal'),
  ),
  joins(
    'token-key-first',
    'compares the key of the first issuer with that of the token',
    BOTH,
    BOTH.replace('equal', 'link === links[0] && equal'),
  ),
  passports(
    'delegation-end-first',
    'asks the end of the first delegation',
    ENDS,
    ENDS.replace('delegations', 'delegations.slice(0, 1)'),
  ),
  passports(
    'delegation-begin-first',
    'asks the beginning of the first delegation',
    BEGINNINGS,
    BEGINNINGS.replace('delegations', 'delegations.slice(0, 1)'),
  ),
  passports(
    'delegation-begin-last',
    'asks the beginning of the last delegation',
    BEGINNINGS,
    BEGINNINGS.replace('delegations', 'delegations.slice(-1)'),
  ),
  delegations(
    'agent-at-ends',
    'compares the first agent with the last',
    AGENTS,
    'if (links.length > 1 && links[0].passport.subject === links.at(-1).passport.subject)',
  ),
  delegations(
    'agent-beside',
    'compares each agent with the next',
    AGENTS,
    'if (links.some(({ passport }, at) => passport.subject === links[at + 1]?.passport.subject))',
  ),
  delegations(
    'agent-of-first',
    'looks for the first agent among the others',
    AGENTS,
    'if (links.slice(1).some(({ passport }) => passport.subject === links[0].passport.subject))',
  ),
  delegations(
    'agent-of-last',
    'looks for the last agent among the others',
    AGENTS,
    'if (links.slice(0, -1).some(({ passport }) => passport.subject === links.at(-1).passport.subject))',
  ),
  status(
    'status-not-middle',
    'asks no status of the middle',
    STATUS,
    'for (const { passport } of new Set([chain.links[0], chain.links.at(-1)]))',
  ),
  status(
    'status-of-principal',
    'asks the status of the principal alone',
    STATUS,
    'for (const { passport } of chain.links.slice(0, 1))',
  ),
  status('status-of-sender', 'asks the status of the sender alone', STATUS, 'for (const { passport } of chain.links.slice(-1))'),
  status(
    'no-status-first',
    'lets a first passport of three be on no list',
    NO_STATUS,
    `${NO_STATUS}\n        if (passport.maxDepth === 2) return;`,
  ),
  status(
    'no-status-middle',
    'lets a middle passport be on no list',
    NO_STATUS,
    `${NO_STATUS}\n        if (passport.maxDepth === 1) return;`,
  ),
].map((mutant) => ({ ...mutant, level: 'standard' as const }))
