/** Receivers that are wrong about what only level full shows: published logs, witnesses, TLS, keys that are taken back (spec chapters 2.8 and 5). @module */
import { inFile, type Maker, type Mutant } from './mutant.ts'

const guard = ofFull('verifier/node/did-web/guard.js')
const documents = ofFull('verifier/did-keys.js')
const origin = ofFull('verifier/audit-origin.js')
const audit = ofFull('verifier/audit.js')
const head = ofFull('protocol/head.js')
const QUORUM = 'return signed.length >= quorum;'
const AUDITED = "proven.get(String(checkpoint.size)) === undefined ? 'asserted' : 'audited'"

export const FULL_MUTANTS: readonly Mutant[] = [
  guard('tls-unchecked', 'believes any certificate', 'rejectUnauthorized: true,', 'rejectUnauthorized: false,'),
  guard(
    'tls-any-name',
    'does not compare the name of a certificate',
    'rejectUnauthorized: true,',
    'rejectUnauthorized: true, checkServerIdentity: () => undefined,',
  ),
  documents(
    'document-keys-kept',
    'keeps keys that a document has no more',
    'source.document = { keys, ',
    'source.document = { keys: new Map([...(source.document?.keys ?? []), ...keys]), ',
  ),
  audit('audit-nothing', 'audits no log', '...options.ledgers.flatMap((ledger) => auditOf(ledger, options))', ''),
  origin('audit-believed', 'reports heads as audited that it has not found', AUDITED, "'audited'"),
  head('quorum-of-signatures', 'counts witness lines and not witnesses', QUORUM, 'return signed.length * 2 >= quorum;'),
]

export const FULL_STRICT_MUTANTS: readonly Mutant[] = [
  guard('strict tls-own-roots', 'knows the roots of its runtime alone', '...(ca === undefined ? undefined : { ca }),', ''),
  origin('strict audit-asserted', 'reports heads as asserted that it has found', AUDITED, "'asserted'"),
  head('strict quorum-all', 'wants all witnesses', QUORUM, 'return signed.length >= witnesses.length;'),
  head(
    'strict quorum-young',
    'wants cosignatures of the last day',
    'one.seconds <= BigInt(latest)',
    'one.seconds <= BigInt(latest) && one.seconds > BigInt(latest) - 86400n',
  ),
  head(
    'strict quorum-no-skew',
    'allows witnesses no skew',
    'one.seconds <= BigInt(latest)',
    'one.seconds <= BigInt(latest) - 5n',
  ),
  head(
    'strict quorum-unspoiled',
    'refuses heads beside whose quorum a witness is ahead',
    QUORUM,
    'return signed.length >= quorum && signed.length === witnesses.filter(({ verdict }) => verdict === "ok").length;',
  ),
  ofFull('verifier/node/content.js')(
    'strict content-hurry',
    'gives content a tenth of its time',
    'limits.timeoutMs);',
    'limits.timeoutMs / 10);',
  ),
  ofFull('verifier/status.js')(
    'strict status-young',
    'uses lists for a sixth of their time',
    'if (age > issuer.maxStalenessSeconds * 1000)',
    'if (age > issuer.maxStalenessSeconds * 20)',
  ),
]

function ofFull(path: string): Maker {
  const make = inFile(path)
  return (id, defect, find, replace) => make(id, defect, find, replace, 'full')
}
