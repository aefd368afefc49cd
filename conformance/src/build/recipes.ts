/** The complete, valid requests from which every case starts, by name (conformance/README.md). @module */
import type { Json, JsonObject } from './json.ts'

/** One agent of a chain. */
export interface AgentPlan {
  /** Label of its key. */
  readonly agent: string
  readonly issuer: string
  /** Members of the subject that differ from the usual ones. */
  readonly subject?: JsonObject
  /** Bit of the status list; absent for issuers without one. */
  readonly status?: { readonly list: string; readonly index: string }
}

/** Everything that a request is made of, before dates and keys. */
export interface Recipe {
  readonly method: string
  /** Request target, without the origin. */
  readonly target: string
  readonly contentType: string | null
  readonly content: string
  readonly action: string
  /** What was decided about, when it is not the target URI without its query. */
  readonly decidedTarget?: string
  readonly harness: string
  readonly log: string
  readonly agents: readonly AgentPlan[]
  /** Members of delegations that differ from the usual ones, one for each hand-off. */
  readonly delegations: readonly JsonObject[]
  readonly mission: Json
  readonly tree: { readonly size: string; readonly index: string }
}

const SINGLE: AgentPlan = { agent: 'agent', issuer: 'issuer' }

const plain: Recipe = {
  method: 'GET',
  target: '/conformance/echo?q=1',
  contentType: null,
  content: '',
  action: 'http.get',
  harness: 'harness',
  log: 'log',
  agents: [SINGLE],
  delegations: [],
  mission: [{ action: '*', target: { uri: '/*' } }],
  tree: { size: '1000003', index: '524287' },
}

const post: Recipe = {
  ...plain,
  method: 'POST',
  target: '/conformance/echo',
  contentType: 'application/json',
  content: '{"item":"book","quantity":1}',
  action: 'http.post',
}

const chain2: Recipe = {
  ...plain,
  agents: [
    { agent: 'agent', issuer: 'issuer', subject: { maxDepth: 1 } },
    { agent: 'agent-second', issuer: 'issuer' },
  ],
  delegations: [{ maxDepth: 0 }],
}

const chain3: Recipe = {
  ...plain,
  agents: [
    { agent: 'agent', issuer: 'issuer', subject: { maxDepth: 2 } },
    { agent: 'agent-second', issuer: 'issuer', subject: { maxDepth: 1 } },
    { agent: 'agent-third', issuer: 'issuer' },
  ],
  delegations: [{ maxDepth: 1 }, { maxDepth: 0 }],
}

/** A passport on the one list of an issuer. */
function listedBy(issuer: string): Recipe {
  return { ...plain, agents: [{ agent: 'agent', issuer, status: { list: `/list/${issuer}`, index: '0' } }] }
}

const AIMED = 'https://target.conformance.example/thing'

/** Recipes by name. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  plain,
  post,
  declared: { ...post, target: '/conformance/declared', action: 'conformance.run' },
  aimed: {
    ...post,
    target: '/conformance/aimed',
    action: 'conformance.aim',
    decidedTarget: AIMED,
    mission: [{ action: 'conformance.aim', target: AIMED }],
  },
  // The other harness, with the log that only it may use.
  second: { ...plain, harness: 'second-harness', log: 'second-log' },
  // A passport of an issuer that vouches for principals only.
  rooted: { ...plain, agents: [{ agent: 'agent', issuer: 'root-issuer' }] },
  // An agent whose key is not in the subgroup of prime order, which spec 2.3 allows.
  mixed: { ...plain, agents: [{ agent: 'agent-mixed', issuer: 'issuer' }] },
  put: { ...post, method: 'PUT', action: 'http.put' },
  patch: { ...post, method: 'PATCH', action: 'http.patch' },
  delete: { ...plain, method: 'DELETE', action: 'http.delete' },
  head: { ...plain, method: 'HEAD', action: 'http.head' },
  options: { ...plain, method: 'OPTIONS', action: 'http.options' },
  chain2,
  chain3,
  'chain3-web': { ...chain3, harness: 'web-harness' },
  // Logs with a tree: `tree` without a URL, the others published by the suite host.
  tree: { ...plain, log: 'tree-log' },
  cosigned: { ...plain, log: 'cosigned-log' },
  'audit-honest': { ...plain, log: 'audit-honest' },
  'audit-late': { ...plain, log: 'audit-late' },
  'audit-silent': { ...plain, log: 'audit-silent' },
  'audit-moved': { ...plain, log: 'audit-moved' },
  'audit-torn': { ...plain, log: 'audit-torn' },
  'audit-hollow': { ...plain, harness: 'second-harness', log: 'audit-hollow' },
  'audit-swapped': { ...plain, harness: 'second-harness', log: 'audit-swapped' },
  'audit-forged': { ...plain, harness: 'second-harness', log: 'audit-forged' },
  'audit-witnessed': { ...plain, harness: 'second-harness', log: 'audit-witnessed' },
  'audit-few': { ...plain, harness: 'second-harness', log: 'audit-few' },
  'audit-spoiled': { ...plain, harness: 'second-harness', log: 'audit-spoiled' },
  // Heads that the log signed and that are not in the tree that it publishes.
  'audit-invented': { ...plain, log: 'audit-invented', tree: { size: '200', index: '7' } },
  'audit-fork': { ...plain, log: 'audit-fork', tree: { size: '300', index: '12' } },
  'audit-split': { ...plain, log: 'audit-split', tree: { size: '310', index: '12' } },
  'audit-back': { ...plain, log: 'audit-back', tree: { size: '320', index: '315' } },
  turning: listedBy('turning-issuer'),
  replaying: listedBy('replaying-issuer'),
  forgetful: listedBy('forgetful-issuer'),
  silent: listedBy('silent-issuer'),
  returning: listedBy('returning-issuer'),
  staying: listedBy('staying-issuer'),
  leaving: listedBy('leaving-issuer'),
  // A passport on a status list of the suite host.
  listed: { ...plain, agents: [{ agent: 'agent', issuer: 'listed-issuer', status: { list: '/status/good', index: '0' } }] },
  'chain3-listed': {
    ...chain3,
    agents: chain3.agents.map((plan) => ({ ...plan, issuer: 'listed-issuer', status: { list: '/status/good', index: '0' } })),
  },
  // A passport of an issuer whose keys are those of its DID document, and a token of such a harness.
  web: { ...plain, agents: [{ agent: 'agent', issuer: 'web-good' }] },
  'web-harness': { ...plain, harness: 'web-harness' },
}
