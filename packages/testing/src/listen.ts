/** Starts servers of tests and examples, on loopback only. @module */
import type { Server } from 'node:net'

/** Listens on 127.0.0.1; gives the port, a free one unless `port` says which. Rejects when it cannot be listened on. */
export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed)
      listening()
    })
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('the server listens on no port')
  return address.port
}
