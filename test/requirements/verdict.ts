/** Asks a verifier about one request and tells what came out, for the tests that go through the requirements one by one. @module */
import { decodeBase64url, encodeBase64url, Refusal, utf8, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import { createMockHarness, receivedFrom, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type AiegisContext, type RouteRequirement, type VerifierOptions } from '@aiegis/verifier'

/** How the receiver differs from the one that fits the mock harness. */
export interface Shape {
  /** Members of the trust bundle to replace. */
  readonly trust?: (harness: MockHarness) => JsonObject
  readonly options?: (harness: MockHarness) => Partial<VerifierOptions>
  readonly route?: RouteRequirement
  /** How often the request is sent; the last verdict counts. */
  readonly times?: number
}

/** What is sent, with a harness that is past the boot guard of the receiver. */
export type Make = (harness: MockHarness) => RawRequest

/** `served`, or the exact code of the refusal. Everything else that is thrown rises. */
export async function verdictOf(make: Make, shape: Shape = {}): Promise<string> {
  const { context, code } = await outcomeOf(make, shape)
  return context === undefined ? code : 'served'
}

/** The context of the last request sent, or the code that refused it. */
export async function outcomeOf(
  make: Make,
  shape: Shape = {},
): Promise<{ readonly context: AiegisContext | undefined; readonly code: string }> {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier({ ...harness.receiver(shape.trust?.(harness)), ...shape.options?.(harness) })
  await verifier.warm()
  harness.clock.advance(6)
  try {
    const request = make(harness)
    for (let sent = 1; sent < (shape.times ?? 1); sent++) await verifier.verify(receivedFrom(request), shape.route)
    return { context: await verifier.verify(receivedFrom(request), shape.route), code: 'served' }
  } catch (error) {
    if (error instanceof Refusal) return { context: undefined, code: error.code }
    throw error
  } finally {
    verifier.close()
  }
}

/** The texts of header and payload of a compact JWS. */
export interface JwsTexts {
  readonly header: string
  readonly payload: string
}

/** The compact JWS with other texts in it, signed again by `signer`: bytes that no JSON printer would write. */
export function resigned(compact: string, signer: SyncSigner, change: (texts: JwsTexts) => JwsTexts): string {
  const [header = '', payload = ''] = compact.split('.').map((segment) => new TextDecoder().decode(decodeBase64url(segment)))
  const texts = change({ header, payload })
  const input = `${encodeBase64url(latin1(texts.header))}.${encodeBase64url(latin1(texts.payload))}`
  return `${input}.${encodeBase64url(signer.sign(utf8(input)))}`
}

/** A request whose token has other texts. */
export function withToken(harness: MockHarness, change: (texts: JwsTexts) => JwsTexts): RawRequest {
  return harness.mint({}, { tokenText: (token) => resigned(token, harness.keys.harness, change) })
}

/** A request whose payload of the token has another text. */
export function withPayload(harness: MockHarness, change: (payload: string) => string): RawRequest {
  return withToken(harness, ({ header, payload }) => ({ header, payload: change(payload) }))
}

/** One byte per character, so that tests can write bytes that are no UTF-8. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
