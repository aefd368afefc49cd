/** What does not compile: `npm run types` fails when a line behind `@ts-expect-error` has no error. Nothing here runs (spec chapter 11). @module */
import type { TrustInput, Verifier } from '@aiegis/verifier'
import express, { type Request } from 'express'
import { z } from 'zod'
import { findAiegis, getAiegis, requireAiegisToken } from '../src/index.ts'

const tenants = z.object({ tenant: z.string() })

export const compiled = (verifier: Verifier, trust: TrustInput, request: Request): readonly (() => unknown)[] => [
  () => express().use(requireAiegisToken({ trust }), requireAiegisToken({ verifier }), requireAiegisToken()),
  () => getAiegis(request).presenter.did,
  () => getAiegis(request, tenants).claims.tenant.length,
  () => requireAiegisToken({ verifier, claims: tenants, check: ({ claims }) => claims.tenant.startsWith('a') }),
  () => requireAiegisToken({ verifier, actions: { 'POST /orders': { action: 'orders.create', body: { maxBytes: 100 } } } }),
  // @ts-expect-error -- nobody said which parser
  () => getAiegis(request).claims.tenant,
  // @ts-expect-error -- the parser gives no such claim
  () => getAiegis(request, tenants).claims.tenants,
  // @ts-expect-error -- there may be no context
  () => findAiegis(request).presenter,
  // @ts-expect-error -- a plain object is no request that was verified
  () => getAiegis({ aiegis: true }),
  // @ts-expect-error -- a bundle without audience
  () => requireAiegisToken({ trust: { ahp: 'ahp-receiver/0.1', bases: [], harnesses: [], issuers: [], ledgers: [] } }),
  // @ts-expect-error -- misspelt
  () => requireAiegisToken({ acton: 'orders.create' }),
  // @ts-expect-error -- no such fact
  () => requireAiegisToken({ require: { hardwear: { asserted: 'live' } } }),
  // @ts-expect-error -- misspelt
  () => requireAiegisToken({ body: { maxbytes: 100 } }),
  // @ts-expect-error -- content is required or forbidden
  () => requireAiegisToken({ body: { presence: 'optional' } }),
  // @ts-expect-error -- optional, or it is not said
  () => requireAiegisToken({ presence: 'never' }),
  // @ts-expect-error -- a function is no parser
  () => requireAiegisToken({ claims: (value: unknown) => value }),
  // @ts-expect-error -- a check answers true or false
  () => requireAiegisToken({ check: () => 'yes' }),
  // @ts-expect-error -- a check forgot to answer
  () => requireAiegisToken({ check: () => {} }),
  // @ts-expect-error -- the parser gives no such claim
  () => requireAiegisToken({ claims: tenants, check: ({ claims }) => claims.user === '' }),
  // @ts-expect-error -- an entry of the map without an action
  () => requireAiegisToken({ verifier, actions: { 'POST /orders': { body: { maxBytes: 100 } } } }),
  // @ts-expect-error -- an entry of the map cannot make evidence optional
  () => requireAiegisToken({ trust, actions: { 'POST /orders': { action: 'orders.create', presence: 'optional' } } }),
]
