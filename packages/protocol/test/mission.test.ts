import { describe, expect, test } from 'vitest'
import { checkAction, covers, parseMission } from '../src/mission.ts'
import { Malformed } from '../src/refusal.ts'

const ORDERS = 'https://api.example.com/orders'

/** One pair, parsed, asked about one action and target. */
const one = (action: string, target: string, asked: readonly [string, string]): boolean =>
  covers(parseMission([{ action, target }]), asked[0], asked[1])

describe('action', () => {
  test.each(['orders', 'orders.create', 'http.get', 'http.m-search', 'tool.read_file', '0', 'a.-._', 'a'.repeat(128)])(
    'accepts %s',
    (action) => {
      expect(checkAction(action)).toBe(action)
    },
  )

  test.each([
    '',
    '*',
    'orders.*',
    'Orders',
    'orders.',
    '.orders',
    'orders..create',
    '_orders',
    '-orders',
    'orders create',
    'orders\n',
    'orders/create',
    'orders\0',
    '\xf6rders',
    'a'.repeat(129),
  ])('refuses %j', (action) => {
    expect(() => checkAction(action)).toThrow(Malformed)
  })
})

describe('AHP-PASS-12 parsing a mission', () => {
  const pair = { action: 'orders.create', target: ORDERS }

  test('keeps 1 and 16 pairs, refuses none and 17', () => {
    expect(parseMission([pair])).toEqual([pair])
    expect(parseMission(Array.from({ length: 16 }, () => pair))).toHaveLength(16)
    expect(() => parseMission([])).toThrow(Malformed)
    expect(() => parseMission(Array.from({ length: 17 }, () => pair))).toThrow(Malformed)
  })

  test.each([
    ['no list', pair],
    ['null', null],
    ['text', 'orders.create'],
    ['a hole in the list', Array.from({ length: 1 })],
    ['a list as a pair', [['orders.create', ORDERS]]],
    ['text as a pair', ['orders.create']],
    ['null as a pair', [null]],
    ['a missing target', [{ action: 'orders.create' }]],
    ['a missing action', [{ target: ORDERS }]],
    ['an unknown member', [{ ...pair, until: 1 }]],
    ['an unknown member instead of the target', [{ action: 'orders.create', targets: ORDERS }]],
    ['a target that is a list', [{ ...pair, target: [ORDERS] }]],
    ['an action that is a number', [{ ...pair, action: 1 }]],
    ['an empty target', [{ ...pair, target: '' }]],
    ['a target of 1,025 bytes', [{ ...pair, target: 'a'.repeat(1025) }]],
    ['a target of 1,026 bytes in 513 characters', [{ ...pair, target: '\xe9'.repeat(513) }]],
    ['a target that is no text', [{ ...pair, target: '\ud800' }]],
    ['an action of 129 bytes', [{ ...pair, action: `${'a'.repeat(127)}.*` }]],
    ['a star that does not follow a dot', [{ ...pair, action: 'orders*' }]],
    ['a star before the end', [{ ...pair, action: 'orders.*.create' }]],
    ['two stars', [{ ...pair, action: '**' }]],
    ['a dot and a star alone', [{ ...pair, action: '.*' }]],
    ['an action in upper case', [{ ...pair, action: 'Orders.*' }]],
    ['an incomplete authority', [{ ...pair, target: 'https://api.example.com*' }]],
    ['an authority that is a star', [{ ...pair, target: 'https://*' }]],
    ['a star as a label', [{ ...pair, target: 'https://*.example.com/*' }]],
    ['an empty authority', [{ ...pair, target: 'https:///*' }]],
    ['a star that does not follow a slash', [{ ...pair, target: 'https://api.example.com/orders*' }]],
    ['a star after a query', [{ ...pair, target: 'https://api.example.com/orders?/*' }]],
    ['a pattern with userinfo', [{ ...pair, target: 'https://api.example.com@evil.example/*' }]],
    ['a pattern in upper case', [{ ...pair, target: 'https://API.example.com/*' }]],
    ['a pattern with the default port', [{ ...pair, target: 'https://api.example.com:443/*' }]],
    ['a pattern with a dot segment', [{ ...pair, target: 'https://api.example.com/a/../*' }]],
    ['a pattern with "//"', [{ ...pair, target: 'https://api.example.com//*' }]],
    ['http that is not loopback', [{ ...pair, target: 'http://api.example.com/*' }]],
    ['a star after a name that is no URL', [{ ...pair, target: 'crm/*' }]],
    ['a star alone', [{ ...pair, target: '*' }]],
  ])('refuses %s', (_, value) => {
    expect(() => parseMission(value)).toThrow(Malformed)
  })

  test.each([
    ['a target of 1,024 bytes', { action: '*', target: 'a'.repeat(1024) }],
    ['a target of 1,024 bytes in 512 characters', { action: '*', target: '\xe9'.repeat(512) }],
    ['an action pattern of 128 bytes', { action: `${'a'.repeat(126)}.*`, target: 'crm' }],
    ['a name as target', { action: 'crm.read', target: 'crm:customers/7' }],
    ['a star inside a name', { action: 'crm.read', target: 'crm*customers' }],
    ['every path of an origin', { action: '*', target: 'https://api.example.com/*' }],
    ['a port', { action: '*', target: 'https://api.example.com:8443/*' }],
    ['loopback http', { action: '*', target: 'http://localhost:18082/orders/*' }],
  ])('accepts %s', (_, accepted) => {
    expect(parseMission([accepted])).toEqual([accepted])
  })
})

describe('AHP-PASS-13 cover', () => {
  test('an exact action covers itself only', () => {
    expect(one('orders.create', ORDERS, ['orders.create', ORDERS])).toBe(true)
    for (const other of ['orders', 'orders.created', 'orders.create.x', 'Orders.create', 'order', '*']) {
      expect(one('orders.create', ORDERS, [other, ORDERS])).toBe(false)
    }
  })

  test('prefix.* covers what continues after the dot, and not the prefix itself', () => {
    expect(one('orders.*', ORDERS, ['orders.create', ORDERS])).toBe(true)
    expect(one('orders.*', ORDERS, ['orders.items.add', ORDERS])).toBe(true)
    for (const other of ['orders', 'ordersx.create', 'order.create', 'x.orders.create'])
      expect(one('orders.*', ORDERS, [other, ORDERS])).toBe(false)
  })

  test('* covers every action, on its own target only', () => {
    expect(one('*', ORDERS, ['orders.create', ORDERS])).toBe(true)
    expect(one('*', ORDERS, ['orders.create', `${ORDERS}/7`])).toBe(false)
  })

  test.each(['orders.', 'orders..x', 'orders.X', 'orders.x y', 'orders.\xe9', 'orders.*', `orders.${'a'.repeat(122)}`])(
    'what is not the name of an action is covered by nothing: %s',
    (action) => {
      for (const pattern of ['*', 'orders.*']) expect(one(pattern, ORDERS, [action, ORDERS])).toBe(false)
    },
  )

  test('an exact target covers neither what is below it nor a prefix', () => {
    for (const other of [`${ORDERS}/`, `${ORDERS}/7`, ORDERS.slice(0, -1), `${ORDERS}?x=1`, ORDERS.toUpperCase()]) {
      expect(one('*', ORDERS, ['orders.create', other])).toBe(false)
    }
  })

  test.each([
    ['the slash itself', 'https://api.example.com/'],
    ['a path', 'https://api.example.com/orders'],
    ['a deep path', 'https://api.example.com/orders/7/items'],
    ['an escaped path', 'https://api.example.com/%C3%A9'],
  ])('a pattern over an origin covers %s', (_, target) => {
    expect(one('*', 'https://api.example.com/*', ['http.get', target])).toBe(true)
  })

  test.each([
    ['a host that continues', 'https://api.example.com.evil.example/orders'],
    ['userinfo that looks like the host', 'https://api.example.com@evil.example/orders'],
    ['another port', 'https://api.example.com:8443/orders'],
    ['the default port, written out', 'https://api.example.com:443/orders'],
    ['another scheme', 'http://api.example.com/orders'],
    ['a subdomain', 'https://x.api.example.com/orders'],
    ['another spelling of the host', 'https://API.example.com/orders'],
    ['no path', 'https://api.example.com'],
    ['a name', 'orders'],
  ])('a pattern over an origin does not cover %s', (_, target) => {
    expect(one('*', 'https://api.example.com/*', ['http.get', target])).toBe(false)
  })

  test.each([
    ['the path without its slash', 'https://api.example.com/orders'],
    ['a path that continues', 'https://api.example.com/orders7'],
    ['a dot segment that leaves', 'https://api.example.com/orders/../admin'],
    ['an escaped dot segment', 'https://api.example.com/orders/%2E%2E/admin'],
    ['a dot segment behind an escaped slash', 'https://api.example.com/orders/..%2Fadmin'],
    ['a dot segment before ";"', 'https://api.example.com/orders/..;/admin'],
    ['"//"', 'https://api.example.com/orders//admin'],
    ['a backslash', 'https://api.example.com/orders/\\..\\admin'],
    ['a query', 'https://api.example.com/orders/7?x=1'],
    ['a fragment', 'https://api.example.com/orders/7#x'],
    ['another spelling of an escape', 'https://api.example.com/orders/%c3%a9'],
  ])('a pattern over a path does not cover %s', (_, target) => {
    expect(one('*', 'https://api.example.com/orders/*', ['http.get', target])).toBe(false)
  })

  test('action and target must be covered by the same pair', () => {
    const mission = parseMission([
      { action: 'orders.read', target: 'https://api.example.com/*' },
      { action: '*', target: ORDERS },
    ])
    expect(covers(mission, 'orders.read', 'https://api.example.com/customers')).toBe(true)
    expect(covers(mission, 'orders.delete', ORDERS)).toBe(true)
    expect(covers(mission, 'orders.delete', 'https://api.example.com/customers')).toBe(false)
  })
})
