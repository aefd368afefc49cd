/** What routes ask besides evidence, and evidence that is optional: rows of the same table (spec chapter 11). Data only. @module */
import { utf8, type JsonObject } from '@aiegis/protocol'
import { withLine, type MockHarness, type RawRequest } from '@aiegis/testing'
import type { AnyRoute } from '@aiegis/verifier'
import { z } from 'zod'
import { bare } from '../raw.ts'
import { chunked, forged, one, ORDER, to, type AdapterCase } from './cases.ts'

/** A token with claims that this profile does not know. */
function claiming(harness: MockHarness, own: JsonObject): RawRequest {
  return harness.mint({}, { claims: (claims) => ({ ...claims, ...own }) })
}

/** A parser of one text. */
const TENANT: NonNullable<AnyRoute['claims']> = z.object({ tenant: z.string() })

/** What a check may answer, and what it may not. */
const ANSWERS: Readonly<Record<string, () => unknown>> = {
  yes: () => true,
  no: () => false,
  nothing: () => undefined,
  throw: () => {
    throw new RangeError('a defect')
  },
  'late-yes': async () => true,
  'late-no': async () => false,
}

function everySecond(): () => boolean {
  let asked = 0
  return () => asked++ % 2 === 1
}

function withBody(request: RawRequest): RawRequest {
  return request.method === 'POST' ? { ...request, body: utf8('{}') } : request
}

export const ROUTE_CASES: readonly AdapterCase[] = [
  // What a route asks besides.
  { title: 'content where the route wants some', make: one(ORDER), route: { body: { presence: 'required' } }, answers: [200] },
  {
    title: 'no content where the route wants some',
    make: one({ ...ORDER, content: '' }),
    route: { body: { presence: 'required' } },
    answers: ['content_required'],
  },
  {
    title: 'no content where the route takes none',
    make: one(undefined),
    route: { body: { presence: 'forbidden' } },
    answers: [200],
  },
  {
    title: 'content where the route takes none',
    make: one(ORDER),
    route: { body: { presence: 'forbidden' } },
    answers: ['content_forbidden'],
  },
  {
    title: 'content as long as the route takes, and one byte more',
    make: (harness) => [harness.mint({ ...ORDER, content: '12345678' }), harness.mint({ ...ORDER, content: '123456789' })],
    route: { body: { maxBytes: 8 } },
    answers: [200, 'content_too_large'],
  },
  {
    title: 'more content in chunks than the route takes',
    make: one(ORDER, chunked),
    route: { body: { maxBytes: 9 } },
    answers: ['content_too_large'],
  },
  {
    title: 'media types of a route, in any case and with parameters',
    make: (harness) =>
      ['application/json', 'Application/JSON; charset=utf-8', 'text/plain', 'application/json-seq'].map((contentType) =>
        harness.mint({ ...ORDER, contentType }),
      ),
    route: { body: { mediaTypes: ['application/JSON'] } },
    answers: [200, 200, 'media_type_not_accepted', 'media_type_not_accepted'],
  },
  {
    title: 'claims that the parser of the route takes, and others',
    make: (harness) => [claiming(harness, { tenant: 'acme' }), claiming(harness, { tenant: 7 }), harness.mint()],
    route: { claims: TENANT },
    answers: [200, 'claims_not_accepted', 'claims_not_accepted'],
  },
  {
    title: 'a check that says yes, no, nothing, and that throws',
    make: (harness) =>
      ['yes', 'no', 'nothing', 'throw', 'late yes', 'late no'].map((word) =>
        harness.mint(to(`/orders/${word.replace(' ', '-')}`)),
      ),
    route: { check: ({ target }) => ANSWERS[target.slice(target.lastIndexOf('/') + 1)]?.() as boolean },
    answers: [200, 'check_refused', 'misconfigured', 'misconfigured', 200, 'check_refused'],
  },
  {
    title: 'a request that the check refuses has not used its token',
    make: (harness) => {
      const request = harness.mint()
      return [request, request, request, request]
    },
    route: { check: everySecond() },
    answers: ['check_refused', 200, 'check_refused', 'token_replayed'],
  },
  {
    title: 'requirements that the map has for a path',
    make: (harness) =>
      ['{}', ''].map((content) => harness.mint({ ...ORDER, ...to('/strict/7'), content, action: 'orders.create' })),
    answers: [200, 'content_required'],
  },

  // Evidence that is optional.
  {
    title: 'nothing, where evidence is optional',
    make: () => [bare('GET'), withLine(withLine(bare('POST'), 'Content-Length', '2'), 'Cookie', 'session=1')].map(withBody),
    route: { presence: 'optional' },
    answers: [200, 200],
    seen: ['cookie'],
  },
  {
    title: 'the signature of somebody else, where evidence is optional',
    make: () => [
      withLine(
        withLine(bare('GET'), 'Signature-Input', 'bot=("@authority");created=1;tag="web-bot-auth"'),
        'Signature',
        'bot=:AAAA:',
      ),
    ],
    route: { presence: 'optional' },
    answers: [200],
    seen: ['signature-input', 'signature'],
  },
  {
    title: 'good evidence, where it is optional',
    make: one(ORDER),
    route: { presence: 'optional' },
    answers: [200],
  },
  {
    title: 'evidence that is not good, where it is optional',
    make: (harness) => [
      forged(harness),
      withLine(bare('GET'), 'X-AEGIS-Token', 'x'),
      withLine(bare('GET'), 'X-AEGIS-Passport', 'x'),
      withLine(bare('GET'), 'X-Aegis-Other', ''),
      withLine(
        withLine(bare('GET'), 'Signature-Input', 'a=("@method");created=1;keyid="k";tag="aegis-pop"'),
        'Signature',
        'a=:AA==:',
      ),
      withLine(bare('GET'), 'Signature-Input', 'a=(;'),
      withLine(harness.mint(), 'X-AEGIS-Token'),
    ],
    route: { presence: 'optional' },
    answers: ['untrusted', ...Array<string>(6).fill('token_missing')].with(1, 'passport_missing'),
  },
  {
    title: 'nothing, where evidence is optional and a later check wants it',
    make: () => [bare('GET')],
    route: { presence: 'optional' },
    receiver: 'checked-twice',
    answers: ['token_missing'],
  },

  // A receiver that refuses nothing yet.
  {
    title: 'report only: what would be refused reaches the handler with its content and without its evidence',
    make: (harness) => {
      const used = harness.mint(ORDER)
      return [
        bare('GET'),
        withBody(withLine(withLine(bare('POST'), 'Content-Length', '2'), 'Cookie', 'session=1')),
        forged(harness),
        { ...harness.mint(ORDER), body: utf8('{"item":8}') },
        chunked({ ...harness.mint(ORDER), body: utf8('{"item":9}') }),
        used,
        used,
        withLine(harness.mint(ORDER), 'X-HTTP-Method-Override', 'DELETE'),
      ]
    },
    reportsOnly: true,
    answers: Array<number>(8).fill(200),
    seen: ['cookie'],
  },
  {
    title: 'report only: content that would be too much is there to its last byte',
    make: (harness) => [
      harness.mint({ ...ORDER, content: 'x'.repeat(200_000) }),
      chunked(harness.mint({ ...ORDER, content: 'y'.repeat(500) })),
      harness.mint({ ...ORDER, content: '12345678' }),
    ],
    route: { body: { maxBytes: 8 } },
    reportsOnly: true,
    answers: [200, 200, 200],
  },
  {
    title: 'report only: a second check reports too',
    make: (harness) => [bare('GET'), harness.mint({ handOffs: 2 }), harness.mint()],
    receiver: 'checked-twice',
    reportsOnly: true,
    answers: [200, 200, 200],
  },
]
