/** What each step of the road compares, with what it expects and what came: rows for people, made of what the steps before have verified (spec chapter 10). @module */
import { hashText, withoutQuery } from '@aiegis/protocol'
import type { Stage, Steps } from '../../road.ts'
import { maskQuery, timeOf } from './output.ts'

/** One comparison. `expected` is what the trust bundle, the token or the route asks for. */
export interface Row {
  readonly what: string
  readonly expected: string
  readonly received: string
}

/** Told of each step before it is taken. */
export type Note = (stage: Stage, rows: readonly Row[]) => void

/** `steps` that note what they are about to compare. Nothing of it is a verdict: that is the step's. */
export function noted(steps: Steps, note: Note): Steps {
  return {
    extract: (request) => {
      note('extract', [row('request', 'in normal form, with evidence', `${request.method} ${maskQuery(request.target)}`)])
      return steps.extract(request)
    },
    decode: (credential, limits, chains, heads) => {
      const { token, passport, proof } = credential
      note('decode', [
        row('token', `at most ${limits.tokenBytes} characters`, `${token.length}`),
        row(
          'passport chain',
          `at most ${limits.delegations} hand-offs`,
          `${passport.length} characters, ${handOffs(passport)} hand-offs`,
        ),
        row('proof', `at most ${limits.proofChars} characters`, `${proof.length}`),
      ])
      return steps.decode(credential, limits, chains, heads)
    },
    token: (jws, trust, keys, crypto, now) => {
      note('token', [
        row('signed by', `one of ${trust.harnessDids.join(' ')}`, jws.kid),
        row('clock of the receiver', 'between iat and exp of the token', timeOf(now)),
      ])
      return steps.token(jws, trust, keys, crypto, now)
    },
    passports: (evidence, digest, chains, now) => {
      const { chain } = evidence
      const signers = chain.kind === 'new' ? chain.passports.map(({ kid }) => kid).join(' ') : 'by digest'
      note('passports', [row('vouched for by', 'issuers of the trust bundle', signers)])
      return steps.passports(evidence, digest, chains, now)
    },
    joins: (token, chain, evidence, trust) => {
      const { claims } = token
      note('joins', [
        row('audience', trust.audience, claims.aud),
        row('agent', chain.presenter.passport.subject, claims.sub),
        row('key of the agent', chain.presenter.jkt, claims.cnf.jkt),
        row('chain', chain.digest, claims.psp),
        row('harness', chain.presenter.passport.harness.join(' '), claims.iss),
        row('log', `one of the harness`, evidence.proof.checkpoint.origin),
      ])
      return steps.joins(token, chain, evidence, trust)
    },
    decision: (token, chain, requirement) => {
      const { entry, obl } = token.claims
      note('decision', [
        row('decision', requirement.acceptWarn ? 'ALLOW or WARN' : 'ALLOW', entry.decision),
        row('obligations', `of: ${[...requirement.acceptObligations].join(' ') || 'none'}`, obl.join(' ') || 'none'),
        row('mission', missionsOf(chain), `${entry.action} on ${entry.target}`),
      ])
      return steps.decision(token, chain, requirement)
    },
    binding: (credential, token, trust) => {
      const { claims } = token
      const { authority, path, query } = credential
      const uri = trust.targetUri(authority, path, query)
      const bases = trust.bases.map(({ host, mount }) => `${host}${mount}`).join(' ')
      note('binding', [
        row('host and path', `below ${bases}`, `${authority}${path}`),
        row('method', claims.htm, credential.method),
        row('URI', maskQuery(claims.htu), uri === undefined ? 'none: no base answers' : maskQuery(uri)),
        row('content type', quoted(claims.htc), quoted(credential.contentType)),
      ])
      return steps.binding(credential, token, trust)
    },
    possession: (evidence, token, chain, crypto, now) => {
      const { params } = evidence.possession
      note('possession', [
        row('key', token.claims.cnf.jkt, params.keyid),
        row('signature', "by the agent's key over method, URI and token as decided", 'masked'),
      ])
      return steps.possession(evidence, token, chain, crypto, now)
    },
    ledger: (evidence, token, trust, heads, crypto, now) => {
      const { checkpoint, index } = evidence.proof
      const ledger = trust.ledger(checkpoint.origin)
      note('ledger', [
        row('head', `signed by the key of ${checkpoint.origin}, ${ledger?.quorum ?? 0} witnesses`, `${checkpoint.size} entries`),
        row('decision', 'under that head', `entry ${index}`),
      ])
      return steps.ledger(evidence, token, trust, heads, crypto, now)
    },
    status: (chain, trust, lists, now) => {
      const entries = chain.links.map(({ passport: { status } }) => (status === null ? 'none' : `${status.list} ${status.index}`))
      note('status', [row('not revoked', 'in lists of the trust bundle', entries.join(', '))])
      return steps.status(chain, trust, lists, now)
    },
    requirement: (token, chain, requirement, mapped) => {
      const { entry, htm, htu } = token.claims
      const declared = requirement.action ?? (mapped.kind === 'action' ? mapped.action : `http.${htm.toLowerCase()}`)
      note('requirement', [
        row(
          'action',
          mapped.kind === 'unmapped' ? 'the path is declared with other methods only, or is two entries' : declared,
          entry.action,
        ),
        row('target', requirement.target ?? withoutQuery(htu), entry.target),
        row('hand-offs', `at most ${requirement.maxDepth}`, String(chain.delegations.length)),
      ])
      return steps.requirement(token, chain, requirement, mapped)
    },
    content: (request, token, requirement, trust, crypto, now, waitedMs) => {
      const content = request.content({ maxBytes: Number.MAX_SAFE_INTEGER, timeoutMs: 0 })
      const received = content instanceof Promise ? 'not read' : `${hashText(crypto, content)} of ${content.length} bytes`
      note('content', [row('SHA-256', token.claims.htd, received)])
      return steps.content(request, token, requirement, trust, crypto, now, waitedMs)
    },
    check: (...given) => {
      note('check', [])
      return steps.check(...given)
    },
    replay: (...given) => {
      note('replay', [row('use', 'the first one', 'not looked at: nothing is claimed here')])
      return steps.replay(...given)
    },
  }
}

function row(what: string, expected: string, received: string): Row {
  return { what, expected, received }
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function handOffs(chain: string): number {
  return (chain.split('~').length - 1) / 2
}

function missionsOf(chain: Parameters<Steps['decision']>[1]): string {
  const missions = [...chain.links.map(({ passport }) => passport.mission), ...chain.delegations.map(({ mission }) => mission)]
  return `covered by each of: ${missions.map((pairs) => pairs.map(({ action, target }) => `${action} on ${target}`).join(', ')).join('; ')}`
}
