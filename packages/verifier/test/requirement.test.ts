import { describe, expect, test } from 'vitest'
import { createActionMap } from '../src/action-map.ts'
import { completeRequirement } from '../src/requirement.ts'

const defaults = { require: {}, acceptWarn: false, acceptObligations: [] } as const

describe('actions of a mount', () => {
  const map = createActionMap({
    'GET /orders/:id': 'orders.read',
    'POST /orders': 'orders.create',
    'GET /files/*path': 'files.read',
    'HEAD /files/*path': 'files.stat',
  })

  test.each([
    ['POST', '/orders', 'orders.create'],
    ['POST', '/orders/', 'orders.create'],
    ['POST', '/ORDERS', 'orders.create'],
    ['GET', '/orders/7', 'orders.read'],
    ['GET', '/Orders/7/', 'orders.read'],
    ['HEAD', '/orders/7', 'orders.read'],
    ['GET', '/files/a/b', 'files.read'],
    ['HEAD', '/files/a/b', 'files.stat'],
  ])('AHP-REQ-5 AHP-REQ-6 %s %s is %s', (method, path, action) => {
    expect(map(method, path)).toMatchObject({ kind: 'action', action })
  })

  test('AHP-REQ-7 a known path with another method is unmapped, an unknown path is undeclared', () => {
    expect(map('DELETE', '/orders/7')).toEqual({ kind: 'unmapped' })
    expect(map('PUT', '/orders/')).toEqual({ kind: 'unmapped' })
    expect(map('GET', '/customers')).toEqual({ kind: 'undeclared' })
  })

  test('AHP-REQ-5 a slash at the end of a pattern is not demanded of the path', () => {
    const slashed = createActionMap({ 'POST /admin/': 'admin.wipe' })
    for (const path of ['/admin', '/admin/', '/ADMIN'])
      expect(slashed('POST', path)).toMatchObject({ kind: 'action', action: 'admin.wipe' })
    expect(() => createActionMap({ 'POST /admin/': 'admin.wipe', 'POST /admin': 'admin.read' })).toThrow(/hides/)
  })

  test.each([
    ['an escape that a router reads', '/run%21all', 'orders.run'],
    ['text beyond ASCII in a pattern', '/b%C3%BCro/7', 'office.read'],
    ['an escape in a pattern', '/caf%C3%A9', 'cafe.read'],
    ['an escaped slash', '/admin%2Fwipe', 'admin.wipe'],
    ['an escaped slash of Windows', '/admin%5Cwipe', 'admin.wipe'],
    ['what a router takes for the query', '/admin/wipe;x=/1', 'admin.wipe'],
    ['parameters of a segment', '/admin;v=1/wipe', 'admin.wipe'],
    ['an empty parameter', '/orders/', 'orders.read'],
    ['an escape that is no text', '/orders/%FF', 'orders.read'],
    ['one entry in each reading', '/orders/a%2520b%40c;d', 'orders.read'],
  ])('AHP-REQ-5 %s does not slip past the map', (_title, path, action) => {
    const read = createActionMap({
      'GET /run\\!all': 'orders.run',
      'GET /büro/:room': 'office.read',
      'GET /caf%C3%A9': 'cafe.read',
      'GET /admin/wipe': 'admin.wipe',
      'GET /orders/:id': 'orders.read',
    })
    expect(read('GET', path)).toMatchObject({ kind: 'action', action })
  })

  test('AHP-REQ-5 a path that is two entries in two readings is neither', () => {
    const read = createActionMap({
      'GET /admin/wipe': 'admin.wipe',
      'GET /:name': 'names.read',
      'POST /admin/keys': 'keys.create',
    })
    for (const path of ['/admin%2Fwipe', '/admin%2Fkeys', '/admin;x/wipe'])
      expect(read('GET', path)).toEqual({ kind: 'unmapped' })
    expect(read('GET', '/a%2Fb')).toMatchObject({ action: 'names.read' })
    expect(read('GET', '/%61dmin%2Fb;')).toMatchObject({ action: 'names.read' })
  })

  test.each([
    ['GET', '/', { 'GET /*rest': 'all.read' }, 'all.read'],
    ['GET', '/files', { 'GET /files/*rest': 'files.read' }, 'files.read'],
    ['GET', '/files', { 'GET /files': 'files.list', 'GET /files/*rest': 'files.read' }, 'files.list'],
    ['POST', '/files', { 'GET /files/*rest': 'files.read' }, 'undeclared'],
    ['GET', '/b%C3%BCro/', { 'GET /büro/:room': 'office.read' }, 'office.read'],
    ['GET', '/files/.json', { 'GET /files/:name.json': 'files.read' }, 'files.read'],
    ['GET', '/%E2%84%AAeys', { 'GET /keys': 'keys.read' }, 'keys.read'],
    ['GET', '/%CE%A3', { 'GET /ς': 'sigma.read' }, 'sigma.read'],
    ['GET', '/my%20docs%21/7', { 'GET /my%20docs\\!/:id': 'docs.read' }, 'docs.read'],
    ['GET', '/a%25b%21', { 'GET /a%25b\\!': 'text.read' }, 'text.read'],
    ['GET', '/orders/', { 'GET /orders': 'orders.list', 'GET /orders/:id': 'orders.read' }, 'unmapped'],
    ['POST', '/orders/', { 'POST /orders': 'orders.create', 'GET /orders/:id': 'orders.read' }, 'orders.create'],
    ['PUT', '/orders/', { 'GET /orders/:id': 'orders.read' }, 'unmapped'],
    ['GET', '/users/me', { 'GET /users/me': 'me.read', 'GET /users/:id': 'users.read' }, 'me.read'],
    ['GET', '/users/ME', { 'GET /users/me': 'me.read', 'GET /users/:id': 'users.read' }, 'unmapped'],
    ['GET', '/users/ME', { 'GET /users/me': 'users.read', 'GET /users/:id': 'users.read' }, 'users.read'],
    ['GET', '/orders/export', { 'GET /:type/export': 'any.export', 'GET /orders/:id': 'orders.read' }, 'unmapped'],
    ['HEAD', '/admin', { 'HEAD /:x': 'any.probe', 'GET /admin': 'admin.read' }, 'unmapped'],
    ['HEAD', '/admin', { 'GET /:x': 'any.read', 'HEAD /:y': 'any.probe' }, 'any.probe'],
    ['HEAD', '/a', { 'HEAD /a': 'a.probe', 'GET /*rest': 'all.read' }, 'unmapped'],
    ['GET', '/a/v-', { 'GET /a/v-:x/*rest': 'rest.read' }, 'undeclared'],
  ])('AHP-REQ-5 AHP-REQ-6 AHP-REQ-7 %s %s of %j is %s', (method, path, actions, expected) => {
    const found = createActionMap(actions)(method, path)
    expect(found.kind === 'action' ? found.action : found.kind).toBe(expected)
  })

  test('AHP-REQ-8 a pattern that some routers lead to a later one, and too many optional parts, stop at start', () => {
    expect(() => createActionMap({ 'GET /:page': 'pages.read', 'GET /': 'home.read' })).toThrow("'GET /:page' hides 'GET /'")
    expect(() => createActionMap({ 'GET /files/*rest': 'files.read', 'GET /files': 'files.list' })).toThrow(/hides/)
    expect(() => createActionMap({ 'GET /a{/b}{/c}{/d}{/e}{/f}{/g}': 'a.read' })).not.toThrow()
    expect(() => createActionMap({ 'GET /a{/b}{/c}{/d}{/e}{/f}{/g}{/h}': 'a.read' })).toThrow('more than 6 optional parts')
  })

  test('AHP-REQ-8 a pattern that hides a later one under another action stops at start', () => {
    expect(() => createActionMap({ 'GET /orders/:id': 'orders.read', 'GET /orders/export': 'orders.export' })).toThrow(
      "'GET /orders/:id' hides 'GET /orders/export'; write 'GET /orders/export' before it",
    )
    expect(() => createActionMap({ 'GET /orders/export': 'orders.export', 'GET /orders/:id': 'orders.read' })).not.toThrow()
  })

  test.each([
    [{ 'POST orders': 'orders.create' }, /write the key 'POST orders' as method and path/],
    [{ 'post /orders': 'orders.create' }, /as method and path/],
    [{ 'POST /orders/:': 'orders.create' }, /not a pattern of path-to-regexp/],
    [{ 'POST /orders': 'Orders Create' }, /actions\['POST \/orders'\]/],
  ])('%j stops at start with a sentence', (actions, sentence) => {
    expect(() => createActionMap(actions as Record<string, string>)).toThrow(sentence)
  })
})

describe('requirement of a route', () => {
  test.each([
    [{ maxDepth: -1 }, /maxDepth: write a whole number/],
    [{ maxDepth: 1.5 }, /maxDepth: write a whole number/],
    [{ action: 'not an action' }, /action: /],
    [{ acceptWarn: 'false' }, /acceptWarn: write true or false/],
    [{ acceptObligations: 'log_full' }, /acceptObligations: write a list/],
    [{ acceptObligations: ['anything'] }, /acceptObligations: 'anything' is none of/],
    [{ require: { soul: { asserted: 'live' } } }, /require: 'soul' is none of hardware, human, runtime/],
    [{ require: { human: { asserted: 'sure' } } }, /require.human: write/],
    [{ require: { human: { believed: 'live' } } }, /require.human: write/],
  ])('%j stops at start with a sentence', (route, sentence) => {
    expect(() => completeRequirement(route as never, defaults)).toThrow(sentence)
  })

  test('takes from the bundle what it does not say', () => {
    const requirement = completeRequirement(
      {},
      { require: { human: { asserted: 'live' } }, acceptWarn: true, acceptObligations: ['log_full'] },
    )
    expect(requirement).toMatchObject({ acceptWarn: true, maxDepth: 2 })
    expect([...requirement.acceptObligations]).toEqual(['log_full'])
    expect(requirement.grades[0]).toEqual({ human: { asserted: 'live' } })
  })
})
