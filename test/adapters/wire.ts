/** Sends requests byte for byte on one connection and reads each answer to its end. Loopback only. @module */
import { connect, type Socket } from 'node:net'
import type { RawRequest } from '@aiegis/testing'
import { headOf } from '../raw.ts'

/** How requests share a connection: one after the other, all at once, or not, each on its own at the same time. */
export type Sending = 'in turn' | 'at once' | 'apart'

/** A complete answer. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** The answer to each request, as many as came before the server closed the connection. */
export async function exchange(port: number, requests: readonly RawRequest[], sending: Sending): Promise<readonly Answer[]> {
  if (sending === 'apart') return (await Promise.all(requests.map((each) => exchange(port, [each], 'in turn')))).flat()
  const socket = connect(port, '127.0.0.1')
  const reader = readerOf(socket)
  const answers: Answer[] = []
  try {
    if (sending === 'at once') for (const request of requests) write(socket, request)
    for (const request of requests) {
      if (sending === 'in turn') write(socket, request)
      const answer = await reader(request.method === 'HEAD')
      if (answer === undefined) break
      answers.push(answer)
    }
    return answers
  } finally {
    socket.destroy()
  }
}

function write(socket: Socket, request: RawRequest): void {
  socket.write(headOf(request), 'latin1')
  if (request.sending === undefined || request.sending === 'whole') socket.write(request.body)
  else socket.write(request.body.subarray(0, -1), () => request.sending === 'cut' && socket.end())
}

/** Reads answers one by one; `undefined` when the connection ended before one was complete. */
function readerOf(socket: Socket): (isHead: boolean) => Promise<Answer | undefined> {
  let all = ''
  let ended = false
  let wake = (): void => {}
  socket.on('data', (bytes) => {
    all += bytes.toString('latin1')
    wake()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    ended = true
    wake()
  })
  return async (isHead) => {
    for (;;) {
      const length = lengthOf(all, isHead)
      if (length !== undefined) {
        const text = all.slice(0, length)
        all = all.slice(length)
        return { status: Number(text.slice(9, 12)), text }
      }
      if (ended) return undefined
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
}

/** How long the first answer in `all` is, when it is complete. */
function lengthOf(all: string, isHead: boolean): number | undefined {
  const end = all.indexOf('\r\n\r\n') + 4
  if (end < 4) return undefined
  const head = all.slice(0, end).toLowerCase()
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/.exec(head) ?? []
  if (head.startsWith('http/1.1 100')) return undefined
  if (isHead) return end
  if (!head.includes('transfer-encoding: chunked')) return all.length >= end + Number(length) ? end + Number(length) : undefined
  const last = all.indexOf('0\r\n\r\n', end)
  return last < 0 ? undefined : last + 5
}
