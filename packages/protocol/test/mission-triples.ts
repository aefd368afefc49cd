/** Generates missions and questions about them, most of which are nearly covered, from a seed (spec chapter 8.3). @module */
import type { NaivePair } from './naive-mission.ts'

/** Pseudo-random choices, the same for the same seed (mulberry32). */
export interface Choices {
  /** An integer from 0 to `count` − 1. */
  below(count: number): number
  pick<T>(values: readonly [T, ...T[]]): T
}

export function choicesFrom(seed: number): Choices {
  let state = seed
  const below = (count: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count)
  }
  return { below, pick: (values) => values[below(values.length)] ?? values[0] }
}

/** One to three pairs; about one in three missions has a pair that no mission may have. */
export function missionFrom(choices: Choices): readonly [NaivePair, ...NaivePair[]] {
  const pair = (): NaivePair => ({ action: actionPattern(choices), target: targetPattern(choices) })
  return [pair(), ...Array.from({ length: choices.below(3) }, pair)]
}

/** An action that a pair of `mission` covers, or one that looks like it. */
export function actionFor(choices: Choices, pair: NaivePair): string {
  const name = pair.action.endsWith('.*') ? pair.action.slice(0, -2) : pair.action === '*' ? choices.pick(NAMES) : pair.action
  const inside = pair.action.endsWith('.*') ? `${name}.${choices.pick(LAST_NAMES)}` : name
  return choices.below(10) < 7 ? inside : choices.pick(NEAR_ACTIONS)(name)
}

/** A target that a pair of `mission` covers, or one that looks like it. */
export function targetFor(choices: Choices, pair: NaivePair): string {
  const inside = pair.target.endsWith('*') ? pair.target.slice(0, -1) + choices.pick(TAILS) : pair.target
  const roll = choices.below(10)
  if (roll < 5) return inside
  if (roll < 8) return inside + choices.pick(NEAR_TAILS)
  return choices.pick(NEAR_TARGETS)(inside)
}

function actionPattern(choices: Choices): string {
  const roll = choices.below(20)
  if (roll === 0) return choices.pick(WRONG_ACTIONS)
  if (roll < 5) return '*'
  return roll < 13 ? `${choices.pick(NAMES)}.*` : choices.pick(NAMES)
}

function targetPattern(choices: Choices): string {
  const roll = choices.below(20)
  if (roll === 0) return choices.pick(WRONG_TARGETS)
  if (roll < 5) return choices.pick(EXACT_TARGETS)
  const base = choices.pick(ORIGINS) + choices.pick(PATHS)
  return roll < 15 ? `${base}/*` : base + choices.pick(TAILS)
}

const NAMES = [
  'orders',
  'orders.create',
  'orders.items.add',
  'http.get',
  'tool.read_file',
  '0',
  'a.-._',
  'a'.repeat(126),
] as const
const LAST_NAMES = ['create', 'x.y', '_', '-', '0', 'orders'] as const
const WRONG_ACTIONS = [
  '',
  'orders*',
  'orders.',
  '.*',
  '**',
  'Orders.*',
  'orders.*.x',
  '_a',
  'a..*',
  'é.*',
  'a'.repeat(129),
  `${'a'.repeat(127)}.*`,
] as const

const NEAR_ACTIONS: readonly [(name: string) => string, ...((name: string) => string)[]] = [
  (name) => name,
  (name) => `${name}x`,
  (name) => `${name}.`,
  (name) => `${name}..x`,
  (name) => `${name}.*`,
  (name) => `${name}.X`,
  (name) => `${name}.x y`,
  (name) => `${name}.é`,
  (name) => `${name}\n`,
  (name) => `${name}\0.x`,
  (name) => ` ${name}`,
  (name) => `x.${name}`,
  (name) => name.slice(0, -1),
  (name) => name.toUpperCase(),
  (name) => `${name}.${'a'.repeat(127 - name.length)}`,
  (name) => `${name}.${'a'.repeat(128 - name.length)}`,
  () => '*',
  () => '',
]

const ORIGINS = [
  'https://api.example.com',
  'https://api.example.com',
  'https://api.example.com:8443',
  'https://api.example.co',
  'https://xn--bcher-kva.example',
  'https://10.0.0.1',
  'https://[2001:db8::1]:1',
  'http://localhost:18082',
  'http://127.0.0.1',
] as const
const PATHS = ['', '', '/orders', '/a/b', '/%C3%A9', '/a*b', '/a;v=1', '/.well-known', '/...', '/a%2Fb'] as const
const TAILS = ['', 'orders', '7', '7/items', '%C3%A9', 'a%2Fb', '*', 'x*/y', '...', 'a;b', '~', 'x/', "!$&'()+,=:@[]|"] as const
const EXACT_TARGETS = [
  'crm',
  'crm:customers/7',
  'é',
  'e\u0301',
  'https:',
  'https://api.example.com',
  'https://api.example.com/?q=1',
  'https://API.example.com/a',
  'https://api.example.com/a/../b',
  'crm*x',
  'a'.repeat(1024),
  'é'.repeat(512),
] as const
const WRONG_TARGETS = [
  '',
  '*',
  '/*',
  'crm/*',
  'https://*',
  'https:///*',
  'https://api.example.com*',
  'https://*.example.com/*',
  'https://api.example.com/orders*',
  'https://api.example.com/**',
  'https://api.example.com/?/*',
  'https://api.example.com/#/*',
  'https://api.example.com//*',
  'https://api.example.com/../*',
  'https://api.example.com/%2e/*',
  'https://api.example.com/%c3%a9/*',
  'https://api.example.com/é/*',
  'https://api.example.com:443/*',
  'https://api.example.com./*',
  'https://API.example.com/*',
  'https://user@api.example.com/*',
  'http://api.example.com/*',
  'https://127.1/*',
  `https://${'a.'.repeat(126)}bc/*`,
  `https://api.example.com/${'a'.repeat(999)}/*`,
  'a'.repeat(1025),
  'é'.repeat(513),
] as const

/** What follows a target that is covered; some of it leaves the target covered by a pattern. */
const NEAR_TAILS = [
  '/',
  '//',
  '/x',
  'x',
  '?',
  '?x=1',
  '#',
  '#x',
  '/.',
  '/..',
  '/../admin',
  '/./x',
  '/..;/admin',
  '/.;x',
  '/..%2Fadmin',
  '/%2E%2E/admin',
  '/%2e%2e/admin',
  '%2F..%2Fadmin',
  '%5C..%5Cadmin',
  '/..x',
  '\\..\\admin',
  '%c3%a9',
  '%C3%A9',
  '%41',
  '%00',
  '%4',
  '%',
  '%2541',
  '*',
  '/*',
  'é',
  ' ',
  '\n',
  '\0',
  '\u007F',
  '^',
  '{}',
] as const

/** The same URL under another authority or scheme, or another text altogether. */
const NEAR_TARGETS: readonly [(url: string) => string, ...((url: string) => string)[]] = [
  (url) => url.replace(AUTHORITY, '$1$2.evil$3'),
  (url) => url.replace(AUTHORITY, '$1$2x$3'),
  (url) => url.replace(AUTHORITY, '$1$2.$3'),
  (url) => url.replace(AUTHORITY, '$1$2:443$3'),
  (url) => url.replace(AUTHORITY, '$1$2:80$3'),
  (url) => url.replace(AUTHORITY, '$1$2:$3'),
  (url) => url.replace(AUTHORITY, '$1$2:08443$3'),
  (url) => url.replace(AUTHORITY, '$1$2:65536$3'),
  (url) => url.replace(AUTHORITY, '$1$2@evil.example$3'),
  (url) => url.replace(AUTHORITY, '$1user:pw@$2$3'),
  (url) => url.replace(AUTHORITY, '$1sub.$2$3'),
  (url) => url.replace(AUTHORITY, '$1$2\\$3'),
  (url) => url.replace(AUTHORITY, (_, scheme: string, host: string, path: string) => scheme + host.toUpperCase() + path),
  (url) => url.replace(/^https/, 'http'),
  (url) => url.replace(/^http:/, 'https:'),
  (url) => url.replace(/^http/, 'HTTP'),
  (url) => url.replace('//', '/'),
  (url) => url.replace(/\/$/, ''),
  (url) => url.slice(0, -1),
  (url) => ` ${url}`,
  (url) => url.padEnd(1024, 'a'),
  (url) => url.padEnd(1025, 'a'),
  (url) => url.normalize('NFD'),
  (url) => url.toUpperCase(),
  () => '',
  () => '*',
]
const AUTHORITY = /^(https?:\/\/)([^/]*)(.*)$/s
