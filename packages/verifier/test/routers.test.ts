/** No router reaches a handler past the map of actions: whichever handler a path leads to, its entry is asked for or the request is refused (spec chapter 11.1). @module */
import KoaRouter from '@koa/router'
import express from 'express'
import express4 from 'express4'
import * as fc from 'fast-check'
import { fastify, type FastifyServerOptions } from 'fastify'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { createActionMap } from '../src/action-map.ts'

const METHODS = ['GET', 'HEAD', 'POST'] as const

/** Which key of the map belongs to the handler that runs for this request, if one does. */
type Routed = (method: (typeof METHODS)[number], path: string) => Promise<string | undefined>
/** Registers one handler for each key in the order of the keys; `undefined` where the router takes no such routes. */
type Framework = (keys: readonly string[]) => Promise<Routed | undefined>

function partsOf(key: string): readonly ['get' | 'head' | 'post', string] {
  const [method, pattern = ''] = key.split(' ')
  return [method === 'GET' ? 'get' : method === 'HEAD' ? 'head' : 'post', pattern]
}

function ofExpress(make: typeof express.Router, wildcard: string): Framework {
  return async (keys) => {
    const router = make()
    let ran: string | undefined
    for (const key of keys) {
      const [method, pattern] = partsOf(key)
      router[method](pattern.replace('*rest', wildcard), () => void (ran = key))
    }
    return async (method, url) => {
      ran = undefined
      Reflect.apply(router, undefined, [{ method, url }, {}, () => {}])
      return ran
    }
  }
}

const koa: Framework = async (keys) => {
  const router = new KoaRouter()
  for (const key of keys) {
    const [method, pattern] = partsOf(key)
    router[method](key, pattern, () => {})
  }
  return async (method, path) => router.match(path, method).pathAndMethod[0]?.name ?? undefined
}

const hono: Framework = async (keys) => {
  // A parameter takes whole segments there.
  if (keys.some((key) => /:[a-z]+[^a-z/]|[^/]:/.test(key))) return undefined
  const app = new Hono()
  let ran: string | undefined
  for (const key of keys) {
    const [method, pattern] = partsOf(key)
    app.on(method.toUpperCase(), pattern.replace('*rest', '*').replaceAll('\\', ''), (context) => {
      ran = key
      return context.body(null)
    })
  }
  return async (method, path) => {
    ran = undefined
    await app.fetch(new Request(`http://receiver${path}`, { method }))
    return ran
  }
}

function ofFastify(options: FastifyServerOptions): Framework {
  return async (keys) => {
    const app = fastify({ ...options, exposeHeadRoutes: true })
    try {
      for (const key of keys.toSorted((one) => (one.startsWith('HEAD') ? -1 : 0))) {
        const [method, pattern] = partsOf(key)
        const url = pattern.replace('*rest', '*').replaceAll('\\', '')
        app.route({ method: method.toUpperCase(), url, handler: async (_request, reply) => reply.header('x-ran', key).send('') })
      }
      await app.ready()
    } catch {
      return undefined
    }
    return async (method, url) => {
      const { headers } = await app.inject({ method, url })
      return headers['x-ran']?.toString()
    }
  }
}

const FRAMEWORKS: Readonly<Record<string, Framework>> = {
  'Express 5': ofExpress(express.Router, '*rest'),
  'Express 4': ofExpress(express4.Router, '*'),
  'the router of Koa': koa,
  Hono: hono,
  Fastify: ofFastify({}),
  'Fastify without case and slash': ofFastify({ routerOptions: { caseSensitive: false, ignoreTrailingSlash: true } }),
  'Fastify with parameters behind a semicolon': ofFastify({ useSemicolonDelimiter: true }),
}

const segment = fc.constantFrom('a', 'keys', 'büro', 'it\\!', ':x', ':y', ':name.json', ':p-:q', 'v-:x')
const pattern = fc
  .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
  .map(([segments, isOpen]) => `/${[...segments, ...(isOpen ? ['*rest'] : [])].join('/')}`)
  .filter((text) => new Set(text.match(/:[a-z]+/g)).size === (text.match(/:[a-z]+/g) ?? []).length)
const pieces =
  'a A keys KEYS %E2%84%AAeys b%C3%BCro B%C3%9CRO it! it%21 .json x.json - 1-2 v- v-1 a%2Fkeys a%5Ckeys a;b ;b a%3Bb %25 a%2521 %FF 7'
const piece = fc.constantFrom(...pieces.split(' '))
const path = fc.tuple(fc.array(piece, { maxLength: 4 }), fc.boolean()).map(([parts, isSlashed]) => {
  const text = `/${parts.join('/')}`
  return isSlashed && text !== '/' ? `${text}/` : text
})
const keys = fc.uniqueArray(
  fc.tuple(fc.constantFrom(...METHODS), pattern).map(([method, text]) => `${method} ${text}`),
  { minLength: 1, maxLength: 4 },
)

test.each(Object.entries(FRAMEWORKS))('AHP-REQ-5 no handler of %s is reached past the map', async (_name, framework) => {
  const seen = { same: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(keys, fc.array(path, { minLength: 8, maxLength: 8 }), async (wanted, paths) => {
      const map = mapOf(wanted)
      const routed = map && (await framework(wanted))
      const past: string[] = []
      for (const [method, one] of METHODS.flatMap((each) => paths.map((text) => [each, text] as const))) {
        const ran = await routed?.(method, one)
        const found = map?.(method, one)
        if (ran === undefined || found === undefined) continue
        if (found.kind === 'unmapped') seen.refused += 1
        else if (found.kind === 'action' && patternOf(found.key) === patternOf(ran)) seen.same += 1
        else past.push(`${method} ${one} runs ${ran}, and the map says ${found.kind === 'action' ? found.key : found.kind}`)
      }
      expect(past).toEqual([])
    }),
    { seed: 11, numRuns: 150 },
  )
  expect(seen.same).toBeGreaterThan(seen.refused)
})

function mapOf(wanted: readonly string[]): ReturnType<typeof createActionMap> | undefined {
  try {
    return createActionMap(Object.fromEntries(wanted.map((key, at) => [key, `action.n${at}`])))
  } catch {
    return undefined
  }
}

/** Parameters have no names here: two patterns of one shape are one path. */
function patternOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1).replaceAll(/:[a-z]+/g, ':')
}
