// The checks as a Worker: POST /ed25519 with Wycheproof's file as content, or without any, and POST /text.
import { rows as ed25519 } from './matrix-ed25519.mjs'
import { rows as text } from './matrix-text.mjs'

const CHECKS = { ed25519, text }

export default {
  async fetch(request) {
    const vectors = await request.text()
    return Response.json(await CHECKS[new URL(request.url).pathname.slice(1)](vectors === '' ? undefined : vectors))
  },
}
