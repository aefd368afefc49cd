// One request with all its evidence, made with nothing but node:crypto and the text of the chapters: what an implementation can be held against.
import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto'

const SECOND = 1795212000 // 2026-11-20T22:00:00Z
const AUDIENCE = 'https://api.example.com'
const ORIGIN = 'ledger.example/aiegis/1'
const LIST = 'https://identity.example/status/revocation/1'
/** 131,072 bits, all zero but the one with index 42, gzipped. Kept as text, because compressors differ. */
const ENCODED_LIST = 'uH4sIAAAAAAACA-3BMQEAAAzDoEiZf5WT0Qeo6gIAAAAAAAAAAAAAAAAAAACGHjOa7TAAQAAA'

/** What `spec/worked-example.json` holds. */
export function workedExample() {
  const keys = {
    harness: key('harness', (did) => `${did}#1`, 'did:web:harness.example'),
    issuer: key('issuer', (did) => `${did}#1`, 'did:web:identity.example'),
    status: key('status', (did) => `${did}#status-1`, 'did:web:identity.example'),
    agent: key('agent', (did) => `${did}#${did.slice('did:key:'.length)}`),
    worker: key('worker', (did) => `${did}#${did.slice('did:key:'.length)}`),
    log: key('log', () => ORIGIN),
  }
  const vkey = verifierKey(keys.log)
  const passport = passportOf(keys, keys.agent, { maxDepth: 1 })
  const request = {
    method: 'POST',
    target: '/orders?dry=1',
    host: 'api.example.com',
    contentType: 'application/json',
    content: '{"item":"book","quantity":1}',
  }
  const token = jws(keys.harness, { typ: 'aegis-token+jwt' }, tokenClaims(keys.harness, keys.agent, request, passport.text))
  const blocks = [0, 1].map((number) => jws(keys.harness, { typ: 'aegis-decision+jwt' }, decisionClaims(keys, number)))
  const leaves = [blocks[0], token, blocks[1]].map((decision) => leafOf(decision, keys.harness.kid))
  const log = { index: 1, ...prove([leafHash(leaves[0]), leafHash(leaves[2])], threeRoot(leaves), 3, 1, keys.log, vkey) }
  const possession = possess(keys.agent, token)
  return {
    $comment: 'Generated. The keys are made from public text: never use them. The chapters that it follows: 2 to 9, 14 and 15.9.',
    now: SECOND + 30,
    keys: Object.fromEntries(
      Object.entries(keys).map(([role, { kid, did, seed, jwk, thumbprint }]) => [role, { seed, kid, did, jwk, thumbprint }]),
    ),
    trustBundle: trustBundle(keys, vkey),
    passport,
    statusList: jws(keys.status, { typ: 'vc+jwt', cty: 'vc' }, statusListClaims()),
    token,
    decision: blocks[0],
    leaf: { text: leaves[1], hash: hex(leafHash(leaves[1])) },
    log: { vkey, leaves, ...log },
    possession,
    request: { ...request, headers: headersOf(request, token, passport.text, log.proof, possession) },
    handOff: handOff(keys, passport, request, leaves, vkey),
    didDocument: didDocument(keys.harness),
    interrupt: jws(keys.harness, { typ: 'aegis-decision+jwt' }, interruptClaims(keys)),
  }
}

function headersOf(request, token, chain, proof, possession) {
  return [
    ['Host', request.host],
    ['Content-Type', request.contentType],
    ['Content-Length', String(Buffer.byteLength(request.content))],
    ['X-AEGIS-Token', token.text],
    ['X-AEGIS-Passport', chain],
    ['X-AEGIS-Proof', b64(proof)],
    ['Signature-Input', `pop=${possession.params}`],
    ['Signature', `pop=:${possession.signature}:`],
  ]
}

/** Chapter 8.5: the same request, made by an agent that got it handed off; its decision is the fourth entry of the log. */
function handOff(keys, principal, request, leaves, vkey) {
  const passport = passportOf(keys, keys.worker, { delegatedOnly: true }, '4711')
  const delegation = jws(keys.agent, { typ: 'aegis-delegation+jwt' }, delegationClaims(keys, principal.text))
  const chain = `${principal.text}~${delegation.text}~${passport.text}`
  const differing = { jti: '01KAHWN2RZ5T8V0X3Y6A9C1E4K', txn: delegation.claims.txn, salt: saltOf('salt of the second token') }
  const token = jws(
    keys.harness,
    { typ: 'aegis-token+jwt' },
    { ...tokenClaims(keys.harness, keys.worker, request, chain), ...differing },
  )
  const leaf = leafOf(token, keys.harness.kid)
  const [first, second, third, fourth] = [...leaves, leaf].map(leafHash)
  const left = node(first, second)
  const log = { index: 3, ...prove([third, left], node(left, node(third, fourth)), 4, 3, keys.log, vkey) }
  const possession = possess(keys.worker, token)
  return {
    passport,
    delegation,
    chain,
    reference: `sha-256=${hash(chain)}`,
    token,
    leaf: { text: leaf, hash: hex(fourth) },
    log,
    possession,
    headers: headersOf(request, token, chain, log.proof, possession),
  }
}

function delegationClaims({ agent, worker }, before) {
  return {
    ahp: 'ahp-receiver/0.1',
    iss: agent.did,
    sub: worker.did,
    aud: [AUDIENCE],
    iat: SECOND - 600,
    exp: SECOND + 3000,
    jti: '01KAHW2C4E6G8J0M2P4R6T8V0X',
    txn: '01KAHW2C4E6G8J0M2P4R6T8V0Y',
    par: hash(before),
    depth: 1,
    maxDepth: 0,
    mission: [{ action: 'orders.create', target: `${AUDIENCE}/*` }],
  }
}

/** Chapter 2.7. */
function didDocument({ did, kid, jwk }) {
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/jwk/v1'],
    id: did,
    verificationMethod: [{ id: kid, type: 'JsonWebKey', controller: did, publicKeyJwk: jwk }],
    assertionMethod: [kid],
  }
}

/** Chapter 15.9: an operator suspended the agent. */
function interruptClaims({ harness, issuer, agent }) {
  return {
    ...decisionClaims({ harness }, 2),
    entry: entry({
      action: 'harness.suspend',
      target: `${issuer.did} ${agent.did}`,
      decision: 'ALLOW',
      deny_reason: 'asks for every order there is',
      decision_ms: 0,
    }),
  }
}

function passportOf(keys, agent, members, index = '94567') {
  return jws(keys.issuer, { typ: 'vc+jwt', cty: 'vc' }, passportClaims(keys.issuer, agent, members, index))
}

function passportClaims(issuer, agent, members, statusListIndex) {
  const fact = (type, extra) => ({
    type,
    grade: 'asserted',
    time: '2026-11-01T00:00:00Z',
    digest: hash(`evidence of ${type}`),
    ...extra,
  })
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    type: ['VerifiableCredential', 'AiegisPassport'],
    issuer: issuer.did,
    validFrom: '2026-11-01T00:00:00Z',
    validUntil: '2027-05-01T00:00:00Z',
    credentialSubject: {
      id: agent.did,
      attestations: {
        hardware: fact('tpm2', { jkt: hash('hardware key') }),
        human: fact('fido2', { id: 'did:web:acme.example:people:7f3a' }),
        runtime: { grade: 'none' },
      },
      mission: [{ action: 'orders.*', target: `${AUDIENCE}/*` }],
      harness: ['did:web:harness.example'],
      jurisdiction: 'EU',
      risk: 'limited',
      ...members,
    },
    cnf: { jwk: agent.jwk },
    credentialStatus: {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex,
      statusListCredential: LIST,
    },
  }
}

function statusListClaims() {
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    id: LIST,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer: 'did:web:identity.example',
    validFrom: '2026-11-20T21:55:00Z',
    validUntil: '2026-11-21T21:55:00Z',
    credentialSubject: {
      id: `${LIST}#list`,
      type: 'BitstringStatusList',
      statusPurpose: 'revocation',
      encodedList: ENCODED_LIST,
    },
  }
}

function tokenClaims(harness, agent, request, chain) {
  return {
    ahp: 'ahp-receiver/0.1',
    iss: harness.did,
    sub: agent.did,
    aud: AUDIENCE,
    iat: SECOND,
    exp: SECOND + 60,
    jti: '01KAHWN2RZ5T8V0X3Y6A9C1E4G',
    txn: '01KAHWN2RZ5T8V0X3Y6A9C1E4F',
    cnf: { jkt: agent.thumbprint },
    htm: request.method,
    htu: AUDIENCE + request.target,
    htc: request.contentType,
    htd: hash(request.content),
    psp: hash(chain),
    salt: saltOf('salt of the token'),
    obl: [],
    entry: entry({ decision: 'ALLOW' }),
  }
}

function decisionClaims({ harness }, number) {
  return {
    ahp: 'ahp-receiver/0.1',
    iss: harness.did,
    iat: SECOND,
    jti: `01KAHWN2RZ5T8V0X3Y6A9C1E4${'HJM'[number]}`,
    txn: '01KAHWN2RZ5T8V0X3Y6A9C1E4F',
    salt: saltOf(`salt of decision ${number}`),
    entry: entry({
      decision: 'BLOCK',
      deciding_pack: 'pii-block',
      deciding_rule: 'pii-email',
      deciding_layer: 'L3-Compliance',
      deny_reason: 'pii_email_detected',
    }),
  }
}

function entry(differing) {
  return {
    ts: '2026-11-20T22:00:00.123Z',
    action: 'orders.create',
    target: `${AUDIENCE}/orders`,
    deciding_pack: null,
    deciding_rule: null,
    deciding_layer: null,
    deny_reason: null,
    decision_ms: 2,
    ...differing,
  }
}

/** Chapter 4. */
function leafOf({ claims, text }, harnessKid) {
  const salt = Buffer.from(claims.salt, 'base64url')
  const commit = (field, value) =>
    hash(
      Buffer.concat([
        Buffer.from(`aiegis-commit/v1\n${field}\n`),
        createHmac('sha256', salt).update(field).digest(),
        Buffer.from(jcs(value)),
      ]),
    )
  const { ts, decision, deciding_layer, ...rest } = claims.entry
  const committed = Object.fromEntries(
    Object.entries({ agent_did: claims.sub ?? null, ...rest }).map(([f, v]) => [f, commit(f, v)]),
  )
  const clear = { ts: `${ts.slice(0, 19)}Z`, decision, deciding_layer, harness_kid: harnessKid, ledger_sig: text.split('.')[2] }
  return jcs({ v: 1, entry: { ...committed, ...clear }, tok: hash(text) })
}

/** Chapter 5. */
function prove(path, root, size, index, log, vkey) {
  const head = `${ORIGIN}\n${size}\n${root.toString('base64')}\n`
  const id = Buffer.from(vkey.split('+')[1], 'hex')
  const checkpoint = `${head}\n— ${ORIGIN} ${Buffer.concat([id, sign(null, Buffer.from(head), log.private)]).toString('base64')}\n`
  const siblings = path.map((sibling) => sibling.toString('base64'))
  return { root: hex(root), checkpoint, proof: `c2sp.org/tlog-proof@v1\nindex ${index}\n${siblings.join('\n')}\n\n${checkpoint}` }
}

function threeRoot(leaves) {
  const [first, second, third] = leaves.map(leafHash)
  return node(node(first, second), third)
}

function verifierKey({ raw }) {
  const typed = Buffer.concat([Buffer.of(1), raw])
  const id = sha256(Buffer.concat([Buffer.from(`${ORIGIN}\n`), typed])).subarray(0, 4)
  return `${ORIGIN}+${hex(id)}+${typed.toString('base64')}`
}

/** Chapter 6. */
function possess(agent, { claims, text }) {
  const params = `("@method" "@target-uri" "x-aegis-token");created=${SECOND + 1};keyid="${agent.thumbprint}";tag="aegis-pop"`
  const base = `"@method": ${claims.htm}\n"@target-uri": ${claims.htu}\n"x-aegis-token": ${text}\n"@signature-params": ${params}`
  return { params, base, signature: sign(null, Buffer.from(base), agent.private).toString('base64') }
}

/** Chapter 14. */
function trustBundle({ harness, issuer, status }, vkey) {
  return {
    ahp: 'ahp-receiver/0.1',
    audience: AUDIENCE,
    bases: [{ public: AUDIENCE, mount: '/', authority: 'match' }],
    harnesses: [{ did: harness.did, keys: [pinned(harness)], ledgers: [ORIGIN] }],
    issuers: [
      { did: issuer.did, keys: [pinned(issuer)], roles: ['root', 'hop'], status: { lists: [LIST], keys: [pinned(status)] } },
    ],
    ledgers: [{ origin: ORIGIN, vkey, assurance: 'proof' }],
    replay: { memory: { singleProcess: true } },
    limits: { delegations: 1 },
  }
}

function pinned({ kid, jwk }) {
  return { kid, jwk }
}

/** An Ed25519 key whose private half is SHA-256 of a public text. */
function key(role, kidOf, did) {
  const seed = sha256(`aiegis worked example: ${role}`)
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const secret = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const raw = createPublicKey(secret).export({ type: 'spki', format: 'der' }).subarray(-32)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: b64(raw) }
  const named =
    did ?? (role === 'agent' || role === 'worker' ? `did:key:z${base58(Buffer.concat([Buffer.of(0xed, 1), raw]))}` : undefined)
  return { seed: hex(seed), private: secret, raw, jwk, thumbprint: hash(jcs(jwk)), did: named, kid: kidOf(named) }
}

function jws(signer, header, claims) {
  const input = `${b64(jcs({ alg: 'Ed25519', kid: signer.kid, ...header }))}.${b64(jcs(claims))}`
  return { claims, text: `${input}.${b64(sign(null, Buffer.from(input), signer.private))}` }
}

/** RFC 8785 for values without fractions: members sorted, no space. */
function jcs(value) {
  if (Array.isArray(value)) return `[${value.map(jcs).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value).toSorted()
  return `{${names.map((name) => `${JSON.stringify(name)}:${jcs(value[name])}`).join(',')}}`
}

function base58(bytes) {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let text = ''
  for (let rest = BigInt(`0x${hex(bytes)}`); rest > 0n; rest /= 58n) text = alphabet[Number(rest % 58n)] + text
  return text
}

function saltOf(text) {
  return b64(sha256(text).subarray(0, 16))
}

function leafHash(leaf) {
  return sha256(Buffer.concat([Buffer.of(0), Buffer.from(leaf)]))
}

function node(left, right) {
  return sha256(Buffer.concat([Buffer.of(1), left, right]))
}

function sha256(data) {
  return createHash('sha256').update(data).digest()
}

function hash(data) {
  return b64(sha256(data))
}

function b64(data) {
  return Buffer.from(data).toString('base64url')
}

function hex(bytes) {
  return Buffer.from(bytes).toString('hex')
}
