/** What does not compile: `npm run types` fails when a line behind `@ts-expect-error` has no error. Nothing here runs (spec chapter 11). @module */
import type { TrustInput, Verifier } from '@aiegis/verifier'
import { Hono } from 'hono'
import { honoAiegis } from '../src/hono.ts'
import * as node from '../src/hono-node.ts'
import { z } from 'zod'
import { findAiegis, gate, withAiegis } from '../src/index.ts'

const tenants = z.object({ tenant: z.string() })

export const compiled = (verifier: Verifier, trust: TrustInput, request: Request): readonly (() => unknown)[] => [
  () => withAiegis({ verifier }, (_request, { presenter }) => new Response(presenter.did)),
  () => withAiegis({ trust }, (_request, { action }, route: { readonly params: object }) => Response.json([action, route])),
  () => new Hono().use(honoAiegis({ trust })).get('/orders', (c) => c.text(c.var.aiegis.action)),
  () => new Hono().get('/orders', node.honoAiegis({ maxDepth: 0 }), (c) => c.text(c.var.aiegis.action)),
  async () => {
    const gated = await gate({ verifier })(request)
    return gated.ok ? gated.context.action : gated.response
  },
  () => withAiegis({ verifier, claims: tenants }, (_request, { claims }) => new Response(claims.tenant)),
  () => withAiegis({ verifier, presence: 'optional' }, (_request, context) => new Response(context?.action ?? 'nobody')),
  () => new Hono().use(honoAiegis({ trust, claims: tenants })).get('/orders', (c) => c.text(c.var.aiegis.claims.tenant)),
  () => new Hono().use(node.honoAiegis({ presence: 'optional' })).get('/orders', (c) => c.text(c.var.aiegis?.action ?? 'nobody')),
  // @ts-expect-error -- there may be no context
  () => withAiegis({ verifier, presence: 'optional' }, (_request, { action }) => new Response(action)),
  // @ts-expect-error -- there may be no context
  () => new Hono().use(honoAiegis({ trust, presence: 'optional' })).get('/orders', (c) => c.text(c.var.aiegis.action)),
  // @ts-expect-error -- there may be no context
  () => findAiegis(request).action,
  // @ts-expect-error -- nobody said which parser
  () => withAiegis({ verifier }, (_request, { claims }) => new Response(claims.tenant)),
  // @ts-expect-error -- the parser gives no such claim
  () => new Hono().use(honoAiegis({ trust, claims: tenants })).get('/orders', (c) => c.text(c.var.aiegis.claims.user)),
  // @ts-expect-error -- misspelt
  () => gate({ verifier, body: { maxbyte: 1 } }),
  // @ts-expect-error -- the verdict was not looked at
  async () => (await gate({ verifier })(request)).context,
  // @ts-expect-error -- a refused request is for no handler
  async () => (await gate({ verifier })(request)).request,
  // @ts-expect-error -- no middleware in front
  () => new Hono().get('/orders', (c) => c.text(c.var.aiegis.action)),
  // @ts-expect-error -- nothing to verify with
  () => gate({}),
  // @ts-expect-error -- nothing to verify with, only what a route wants
  () => withAiegis({ action: 'orders.create' }, () => new Response()),
  // @ts-expect-error -- a bundle without audience
  () => gate({ trust: { ahp: 'ahp-receiver/0.1', bases: [], harnesses: [], issuers: [], ledgers: [] } }),
  // @ts-expect-error -- misspelt
  () => gate({ verifier, acton: 'orders.create' }),
  // @ts-expect-error -- misspelt
  () => honoAiegis({ trust, maxdepth: 1 }),
  // @ts-expect-error -- no such grade
  () => honoAiegis({ require: { hardware: { asserted: 'lively' } } }),
  // @ts-expect-error -- evidence never passes
  () => gate({ verifier, passHeaders: ['signature'] }),
]
