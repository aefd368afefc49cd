/** What does not compile: `npm run types` fails when a line behind `@ts-expect-error` has no error. Nothing here runs (spec chapter 11). @module */
import { Router } from '@koa/router'
import Koa from 'koa'
import { z } from 'zod'
import { findAiegis, getAiegis, requireAiegisToken, type AiegisState } from '../src/index.ts'

const tenants = z.object({ tenant: z.string() })

export const compiled: readonly (() => unknown)[] = [
  () => new Koa().use(requireAiegisToken()).use((ctx) => void (ctx.body = getAiegis(ctx).action)),
  () => new Router<AiegisState>().get('/orders', (ctx) => void (ctx.body = getAiegis(ctx).presenter.did)),
  () => new Router<AiegisState>().get('/orders', (ctx) => void (ctx.body = getAiegis(ctx, tenants).claims.tenant)),
  // @ts-expect-error -- nobody said which parser
  () => new Router<AiegisState>().get('/orders', (ctx) => void (ctx.body = getAiegis(ctx).claims.tenant)),
  // @ts-expect-error -- there may be no context
  () => new Router<AiegisState>().get('/orders', (ctx) => void (ctx.body = findAiegis(ctx).action)),
  // @ts-expect-error -- no middleware in front
  () => new Koa<{}>().use((ctx) => void (ctx.body = getAiegis(ctx).action)),
  // @ts-expect-error -- a router that nobody said is behind it
  () => new Router<{ user: string }>().get('/orders', (ctx) => void (ctx.body = getAiegis(ctx).action)),
  // @ts-expect-error -- misspelt
  () => requireAiegisToken({ acton: 'orders.create' }),
  // @ts-expect-error -- no such fact
  () => requireAiegisToken({ require: { hardwear: { asserted: 'live' } } }),
  // @ts-expect-error -- no such grade
  () => requireAiegisToken({ require: { hardware: { asserted: 'lively' } } }),
  // @ts-expect-error -- no such obligation
  () => requireAiegisToken({ acceptObligations: ['log_everything'] }),
  // @ts-expect-error -- evidence never passes
  () => requireAiegisToken({ passHeaders: ['x-aegis-token'] }),
  // @ts-expect-error -- a bundle without audience
  () => requireAiegisToken({ trust: { ahp: 'ahp-receiver/0.1', bases: [], harnesses: [], issuers: [], ledgers: [] } }),
]
