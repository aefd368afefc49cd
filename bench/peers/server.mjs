// One server of `npm run bench -- http`, named on the command line: each checks its own kind of evidence, parses the same content and answers the same.
// Tells its parent where it listens and, as often as asked, how much CPU time this process has used: who sends the requests is another one.
import { createHash, createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireAiegisToken } from '@aiegis/express'
import { createMockHarness, listen } from '@aiegis/testing'
import { createNodeVerifier } from '@aiegis/verifier/node'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import { Hono } from 'hono'
import { jwk } from 'hono/jwk'
import { calculateJwkThumbprint, createRemoteJWKSet, EmbeddedJWK, jwtVerify } from 'jose'
import Koa from 'koa'
import koaJwt from 'koa-jwt'

const [name, jwksUri, issuer, audience] = process.argv.slice(2)

const SERVERS = {
  bare: () => onExpress(),
  kit: async (origin) => onExpress(requireAiegisToken({ verifier: await verifierOf(origin) })),
  auth0: () => onExpress(auth({ issuer, jwksUri, audience, dpop: { enabled: true, required: true } })),
  jose: (origin) => onExpress(joseByHand(origin)),
  expressJwt: async () => {
    const keys = await importKeys()
    return onExpress(expressjwt({ secret: (_, { header }) => keys.get(header.kid), algorithms: ['RS256'], issuer, audience }))
  },
  koaJwt: async () => {
    const keys = await importKeys()
    return onKoa(koaJwt({ secret: ({ kid }) => keys.get(kid), algorithms: ['RS256'], issuer, audience }))
  },
  honoJwk: async () => {
    const verification = { iss: issuer, aud: audience, typ: 'at+jwt' }
    return onHono(jwk({ keys: await fetchKeys(), alg: ['RS256'], verification }))
  },
}

const server = createServer()
const origin = `http://127.0.0.1:${await listen(server)}`
server.on('request', await SERVERS[name](origin))
process.on('message', () => process.send(process.cpuUsage()))
process.on('disconnect', () => process.exit())
process.send(origin)

function onExpress(...checks) {
  const app = express()
  for (const check of checks) app.use(check)
  app.use(express.json())
  app.post('/orders', (request, response) => void response.json({ ordered: request.body.item }))
  app.use((error, _request, response, _next) => void response.status(error.status ?? 500).end())
  return app
}

function onKoa(check) {
  const app = new Koa()
  app.silent = true
  app.use(check)
  app.use(async (context) => {
    const chunks = []
    for await (const chunk of context.req) chunks.push(chunk)
    context.body = { ordered: JSON.parse(Buffer.concat(chunks).toString()).item }
  })
  return app.callback()
}

function onHono(check) {
  const app = new Hono()
  app.use(check)
  app.post('/orders', async (context) => context.json({ ordered: (await context.req.json()).item }))
  return getRequestListener(app.fetch)
}

/** Every check of the kit, on the clock of the system. The keys of the mock harness follow from their names, so those of the client are the same. */
async function verifierOf(base) {
  const clock = { now: Date.now, seconds: () => Math.floor(Date.now() / 1000), advance() {} }
  const harness = createMockHarness({ audience: base, clock })
  const verifier = createNodeVerifier({ trust: harness.trust({ time: { skewSeconds: 0 } }), get: harness.receiver().get })
  await verifier.warm()
  // Tokens of the second in which the receiver started are refused: it cannot know what came before.
  await sleep(1000 - (Date.now() % 1000) + 10)
  return verifier
}

/** Access token and DPoP proof (RFC 9449 §4.3), with a memory of used proofs. */
function joseByHand(base) {
  const keys = createRemoteJWKSet(new URL(jwksUri))
  const used = new Set()
  return async (request, response, next) => {
    const [, token = ''] = (request.headers.authorization ?? '').split('DPoP ')
    const access = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ['EdDSA'] }).catch(() => undefined)
    const proof = await jwtVerify(request.headers.dpop ?? '', EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['EdDSA'],
      maxTokenAge: 300,
    }).catch(() => undefined)
    const isValid =
      access !== undefined &&
      proof !== undefined &&
      proof.payload.htm === request.method &&
      proof.payload.htu === base + request.originalUrl &&
      proof.payload.ath === createHash('sha256').update(token).digest('base64url') &&
      access.payload.cnf?.jkt === (await calculateJwkThumbprint(proof.protectedHeader.jwk)) &&
      !used.has(proof.payload.jti)
    if (isValid) {
      used.add(proof.payload.jti)
      next()
    } else response.status(401).end()
  }
}

async function fetchKeys() {
  return (await (await fetch(jwksUri)).json()).keys
}

/** For libraries that leave finding the key to a function: fetched once, imported once. */
async function importKeys() {
  return new Map((await fetchKeys()).map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]))
}
