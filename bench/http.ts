/** CPU time that a server takes for one request: this kit beside a bare framework and beside what checks less. @module */
import { createIssuer, AUDIENCE, ISSUER, mintOfKit, type Mint } from './http-evidence.ts'
import { CONNECTIONS, hasPeers, serve, serveKeys, type Evidence, type Served } from './http-server.ts'
import { interleave, ratio, report } from './measure.ts'

/**
 * Requests of one round that count, so many that each round has its share of collecting garbage, which comes about every 150; and those in
 * front of them that do not: they find the caches full of another server's work.
 */
const REQUESTS = 300
const FIRST = 50
/** Requests to each server before the first round: with fewer, compilers are still at work on what checks most. */
const WARM_UP = 4000

interface Subject {
  readonly name: string
  /** Which of the servers in `bench/peers/server.mjs`. */
  readonly server: string
  readonly mint: Mint
}

/**
 * `kit_over_…`: all checks of a receiver, over Express without any, over express-oauth2-jwt-bearer with a DPoP proof for each request
 * (with the algorithm of the kit, and with those that are usual there), over the same written by hand with jose, and over three that
 * check a bearer token and nothing else. As many requests share a tree head as there are connections; `kit_alone_over_…` is with a tree
 * head for each. Every request has evidence of its own and is answered with 200, or this fails.
 */
export async function benchHttp(json: boolean): Promise<void> {
  if (!hasPeers()) {
    console.error('the servers to compare with are not installed: npm run bench:setup')
    process.exitCode = 3
    return
  }
  const [ed25519, rsa] = await Promise.all([createIssuer('EdDSA'), createIssuer('RS256')])
  const eddsa = await ed25519.dpop('EdDSA')
  const subjects: readonly Subject[] = [
    { name: 'kit', server: 'kit', mint: mintOfKit(CONNECTIONS) },
    { name: 'kit alone', server: 'kit', mint: mintOfKit(1) },
    { name: 'bare express', server: 'bare', mint: () => ({}) },
    { name: 'auth0 dpop', server: 'auth0', mint: eddsa },
    { name: 'auth0 dpop rs256 es256', server: 'auth0', mint: await rsa.dpop('ES256') },
    { name: 'jose', server: 'jose', mint: eddsa },
    { name: 'express jwt', server: 'expressJwt', mint: rsa.bearer },
    { name: 'koa jwt', server: 'koaJwt', mint: rsa.bearer },
    { name: 'hono jwk', server: 'honoJwk', mint: rsa.bearer },
  ]
  const keys = await serveKeys([ed25519.jwk, rsa.jwk])
  const servers = await Promise.all(subjects.map(({ server }) => serve(server, [keys.url, ISSUER, AUDIENCE])))
  try {
    const pairs = subjects.flatMap((subject, at) => {
      const server = servers[at]
      return server === undefined ? [] : [{ subject, server }]
    })
    for (const { subject, server } of pairs) await refuses(subject, server)
    const turns = pairs.map(({ subject, server }) => ({ name: subject.name, round: () => costOf(subject, server) }))
    await Promise.all(
      turns.map(async ({ round }) => {
        for (let sent = 0; sent < WARM_UP; sent += FIRST + REQUESTS) await round()
      }),
    )
    const costs = await interleave(turns)
    const over = (name: string): number => ratio(costs, 'kit', name)
    report(
      'http',
      {
        kit_over_auth0_dpop: over('auth0 dpop'),
        kit_alone_over_auth0_dpop: ratio(costs, 'kit alone', 'auth0 dpop'),
        kit_over_auth0_dpop_rs256_es256: over('auth0 dpop rs256 es256'),
        kit_over_bare_express: over('bare express'),
        kit_over_jose: over('jose'),
        kit_over_express_jwt: over('express jwt'),
        kit_over_koa_jwt: over('koa jwt'),
        kit_over_hono_jwk: over('hono jwk'),
      },
      json,
    )
  } finally {
    await Promise.all(servers.map((server) => server.close()))
    await keys.close()
  }
}

/** Microseconds of the server for one request, of a round in which all are served. */
async function costOf({ name, mint }: Subject, server: Served): Promise<number> {
  const evidence: Evidence[] = []
  while (evidence.length < FIRST + REQUESTS) evidence.push(await mint(server.origin))
  await orderAll(name, server, evidence.splice(0, FIRST))
  const before = await server.cpu()
  await orderAll(name, server, evidence)
  return ((await server.cpu()) - before) / REQUESTS
}

async function orderAll(name: string, server: Served, evidence: readonly Evidence[]): Promise<void> {
  const statuses = await Promise.all(evidence.map((each) => server.order(each)))
  const wrong = statuses.filter((status) => status !== 200)
  if (wrong.length > 0) throw new Error(`${name}: ${wrong.length} of ${statuses.length} requests were answered with ${wrong[0]}`)
}

/** A server that checks something refuses a request whose token has another signature. */
async function refuses({ name, mint }: Subject, server: Served): Promise<void> {
  const evidence = await mint(server.origin)
  const [header, value = ''] = Object.entries(evidence)[0] ?? []
  if (header === undefined) return
  const damaged = value.slice(0, -20) + (value.at(-20) === 'A' ? 'B' : 'A') + value.slice(-19)
  const status = await server.order({ ...evidence, [header]: damaged })
  if (status !== 401) throw new Error(`${name}: a request with a token that nobody signed was answered with ${status}`)
}
