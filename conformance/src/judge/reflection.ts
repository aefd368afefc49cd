/** Finds what a refusal repeats of the request: it may hold nothing of it (AHP-REFUSE-5). @module */
import type { Built } from '../build/index.ts'
import type { Response } from '../wire/response.ts'

/** Words shorter than this could be there by chance. */
const MIN_WORD = 16

/** A sentence for the first word of the evidence that is found in the response; none when there is none. `allowed` is what a challenge must name. */
export function faultsOfReflection(response: Response, built: Built, allowed: readonly string[]): readonly string[] {
  const { fields, trailers, content } = response
  const text = [...[...fields, ...trailers].map(([, value]) => value), Buffer.from(content).toString('latin1')].join('\n')
  const sayable = allowed.join('\n')
  // A name with a space behind it stands in every list of names.
  const found = wordsOf(built).find((word) => text.includes(word) && !sayable.includes(word.trim()))
  return found === undefined ? [] : [`the refusal repeats ${JSON.stringify(found.slice(0, 60))} of the request (AHP-REFUSE-5)`]
}

function wordsOf(built: Built): readonly string[] {
  const parts = Object.values(built.parts)
  const claims = parts.flatMap((part) => part.split('~')).flatMap(payloadWords)
  const pieces = parts.flatMap((part) => part.split(/[\s.~,;="]+/))
  const words = [...pieces, ...claims, built.nonce].map((word) => word.trim())
  return [...new Set(words)].filter((word) => word.length >= MIN_WORD && !COMMON.has(word))
}

/** Values of the claims of a compact JWS. */
function payloadWords(text: string): readonly string[] {
  const payload = text.split('.')[1]
  if (payload === undefined || !/^[\w-]+$/.test(payload)) return []
  return [
    ...Buffer.from(payload, 'base64url')
      .toString('utf8')
      .matchAll(/"([^"\\]*)"/g),
  ].map(([, word = '']) => word)
}

/** What is no secret of a request: names that every request and every refusal may hold. */
const COMMON: ReadonlySet<string> = new Set([
  'ahp-receiver/0.1',
  'application/json',
  'application/problem+json',
  'content_type_mismatch',
])
