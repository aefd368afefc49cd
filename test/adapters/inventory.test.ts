/** The list of an application's routes names what is in front of the check, and nothing that is behind it (spec chapter 11). @module */
import * as onExpress from '@aiegis/express'
import { routesOf as routesOfExpress } from '@aiegis/express/routes'
import { honoAiegis } from '@aiegis/fetch/hono'
import { routesOf as routesOfHono, unprotectedRoutes } from '@aiegis/fetch/hono-routes'
import * as onKoa from '@aiegis/koa'
import { routesOf as routesOfKoa } from '@aiegis/koa/routes'
import { createMockHarness } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { Router as KoaRouter } from '@koa/router'
import express from 'express'
import express4 from 'express4'
import { Hono } from 'hono'
import Koa from 'koa'
import { afterAll, describe, expect, test } from 'vitest'

const verifier = createVerifier({ ...createMockHarness({ logSize: 1 }).receiver(), log: () => {} })
afterAll(() => verifier.close())
const done = (): void => {}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s', (_name, framework) => {
  const check = onExpress.requireAiegisToken({ verifier })
  const optional = onExpress.requireAiegisToken({ verifier, presence: 'optional' })

  test('names routes in front of the check, in routers too, and none behind it', () => {
    const early = framework.Router()
    early.use('/deep', framework.Router().delete('/early', done))
    const late = framework.Router()
    late.get('/late', done).use('/deeper', framework.Router().put('/later', done))
    const app = framework()
    app.use(framework.json(), optional).get('/health', done).use('/v1', early)
    app.use(check)
    app.post(['/orders', '/o'], done).all('/any', done).use('/v1', late)
    const routes = routesOfExpress(app, ['/v1', '/deep', '/deeper'])
    expect(unprotectedRoutes(routes)).toEqual(['GET /health', 'DELETE /v1/deep/early'])
    expect(unprotectedRoutes(routes, ['GET /health'])).toEqual(['DELETE /v1/deep/early'])
    expect(routes.filter(({ isProtected }) => isProtected).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /orders',
      'POST /o',
      'ALL /any',
      'GET /v1/late',
      'PUT /v1/deeper/later',
    ])
  })

  test('a check counts as first handler of a route, in its router, and at a path that is named', () => {
    const inner = framework.Router().get('/before', done).use(check).get('/after', done)
    const app = framework()
    app.get('/first', check, done).get('/second', done, check)
    app
      .use('/inner', inner)
      .use('/api', check, framework.Router().get('/x', done))
      .use('/other', framework.Router().get('/x', done))
    expect(unprotectedRoutes(routesOfExpress(app, ['/inner', '/api', '/other']))).toEqual([
      'GET /second',
      'GET /inner/before',
      'GET /other/x',
    ])
    // Express 4 keeps no paths of `use`.
    const unnamed = unprotectedRoutes(routesOfExpress(app)).map((name) => name.replace(/\/(?:inner|other)\//, '/…/'))
    expect(unnamed).toEqual(['GET /second', 'GET /…/before', 'GET /…/x'])
  })

  test('a check at a path does not count for a router whose path may be left out in part, nor for one at several paths', () => {
    const inner = (): express.Router => framework.Router().get('/x', done)
    const isFour = framework === (express4 as unknown)
    const partly = isFour ? '/:a/:b?' : '/:a{/:b}'
    const any = isFour ? '/*' : '/*any'
    const app = framework()
    app.use('/:a/:b', check).use(partly, inner())
    app.use(/^\/$/, check).use(any, inner())
    app.use('/api', check).use(['/api', '/legacy'], inner()).use('/api', inner())
    const open = unprotectedRoutes(routesOfExpress(app, [partly, any, '/api', '/legacy']))
    expect(open).toEqual(isFour ? [`GET ${partly}/x`, 'GET /…/x'] : [`GET ${partly}/x`, `GET ${any}/x`, 'GET /…/x'])
  })

  test('an application in another one is one route, and an empty one has none', () => {
    const app = framework()
    app.use('/sub', framework().get('/x', done))
    expect(unprotectedRoutes(routesOfExpress(app, ['/sub']))).toEqual(['ALL /sub/… (an application)'])
    expect(routesOfExpress(framework())).toEqual([])
  })
})

test('Koa: names routes in front of the check, in routers too, and none behind it', () => {
  const check = onKoa.requireAiegisToken({ verifier })
  const nested = new KoaRouter().get('/deep', done)
  const early = new KoaRouter({ prefix: '/v1' }).get('/early', done).use('/in', nested.routes())
  const guarded = new KoaRouter({ prefix: '/v2' })
    .get('/open', done)
    .use(check as never)
    .get('/closed', done)
  const own = new KoaRouter().post('/own', check as never, done).post('/late', done, check as never)
  const behind = new KoaRouter().put('/behind/:id', done)
  const app = new Koa()
  app.use(onKoa.requireAiegisToken({ verifier, presence: 'optional' }))
  app.use(early.routes()).use(guarded.routes()).use(own.routes()).use(check).use(behind.routes())
  const routes = routesOfKoa(app)
  expect(unprotectedRoutes(routes, ['HEAD /v1/early', 'HEAD /v1/in/deep', 'HEAD /v2/open'])).toEqual([
    'GET /v1/early',
    'GET /v1/in/deep',
    'GET /v2/open',
    'POST /late',
  ])
  expect(routes.filter(({ isProtected }) => isProtected).map(({ method, path }) => `${method} ${path}`)).toEqual([
    'HEAD /v2/closed',
    'GET /v2/closed',
    'POST /own',
    'PUT /behind/:id',
  ])
})

test('Koa: a check at a path does not count for a route whose path may be left out in part, or is an expression', () => {
  const check = onKoa.requireAiegisToken({ verifier })
  const router = new KoaRouter()
    .use('/:a/:b', check as never)
    .put('/:a{/:b}', done)
    .put('/:a/*rest', done)
    .put(/.*\/.*\/.*/, done)
    .put('/:a/:b/c', done)
    .use(check as never)
    .delete('/x{/:b}', done)
    .delete('/*rest', done)
  const routes = routesOfKoa(new Koa().use(router.routes()))
  expect(unprotectedRoutes(routes)).toEqual(['PUT /:a{/:b}', 'PUT /:a/*rest', 'PUT /.*\\/.*\\/.*/'])
})

test('Hono: names routes in front of the check, in applications too, and none behind it', () => {
  const check = honoAiegis({ verifier })
  const answer = (): Response => new Response()
  const early = new Hono().get('/early', answer)
  const failing = new Hono().onError(() => new Response()).get('/failing', answer)
  const app = new Hono()
    .use(async (_c, next) => next())
    .use(honoAiegis({ verifier, presence: 'optional' }))
    .get('/health', answer)
    .route('/v1', early)
    .route('/v1', failing)
    .post('/own', check, answer)
    .use('/api/*', check)
    .get('/api', answer)
    .get('/api/x', answer)
    .get('/apix', answer)
    .use(check)
    .all('/behind/:id', answer)
    .route('/v2', new Hono().delete('/late', answer))
  const routes = routesOfHono(app)
  expect(unprotectedRoutes(routes)).toEqual(['GET /health', 'GET /v1/early', 'GET /v1/failing', 'GET /apix'])
  expect(routes.filter(({ isProtected }) => isProtected).map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /own',
    'GET /api',
    'GET /api/x',
    'ALL /behind/:id',
    'DELETE /v2/late',
  ])
})

test('an exception that is no open route is an error', () => {
  const routes = [{ method: 'GET', path: '/a', isProtected: true }]
  expect(() => unprotectedRoutes(routes, ['GET /a'])).toThrow("'GET /a' is no open route")
})
