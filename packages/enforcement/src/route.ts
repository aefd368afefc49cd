/** What a route of the server is (spec chapters 15.5 and 19). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpAnswer } from './answer.ts'
import type { Room } from './read-content.ts'

/** Answers one request of `node:http`. */
export type Route = (request: IncomingMessage, response: ServerResponse) => HttpAnswer | Promise<HttpAnswer>
/** Routes of one path by method. */
export type Methods = ReadonlyMap<string, Route>
/** Answers a request with its whole content. */
export type ContentAnswer = (content: Uint8Array, request: IncomingMessage) => HttpAnswer | Promise<HttpAnswer>
/** A route that reads content of at most `limit` bytes first, in the room for everybody unless another is given. */
export type Reading = (limit: number, answer: ContentAnswer, room?: Room) => Route

/** A path that is read. */
export function get(route: Route): Methods {
  return new Map([['GET', route]])
}

/** A path to which something is sent. */
export function post(route: Route): Methods {
  return new Map([['POST', route]])
}
