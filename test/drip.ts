/** A request whose last byte comes late. @module */
import { connect } from 'node:net'
import type { RawRequest } from '@aiegis/testing'

/** Sends a request up to its last byte; `end` sends that and resolves to the status. */
export function drip(port: number, { method, target, lines, body }: RawRequest): { end(): Promise<number> } {
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const socket = connect(port, '127.0.0.1')
  socket.write(`${method} ${target} HTTP/1.1\r\n${head}\r\n`)
  socket.write(body.subarray(0, -1))
  return {
    end: () =>
      new Promise((resolve, reject) => {
        socket.on('error', reject).once('data', (bytes) => {
          socket.destroy()
          resolve(Number(bytes.toString('latin1').split(' ')[1]))
        })
        socket.write(body.subarray(-1))
      }),
  }
}
