/** What runtimes make of requests before any code of a receiver sees them: one row is one row of `adapters/cases.ts` that is answered otherwise there. @module */
import type { Breakable } from '@aiegis/testing'
import type { RuntimeName } from './runtimes.ts'
import type { Shown } from './receiver.ts'

/** How a row is answered, and why it is harmless. A handler runs for each 200 only, and gets exactly what was decided. */
export interface Difference {
  readonly answers: Answers
  /** What is answered at other times, where it depends on how much of the content has arrived. */
  readonly sometimes?: readonly Answers[]
  /** What the runtime shows of each request; nothing when it answers by itself. */
  readonly shown: readonly Partial<Shown>[]
  readonly why: string
}

type Answers = readonly (string | number)[]

const url = (path: string, origin = 'http://api.example.com'): Partial<Shown> => ({ url: `${origin}${path}` })
const ORDER = url('/api/orders/7')
const TWO_TYPES = { type: 'application/json, application/json' }

/** On all of them. */
const EVERYWHERE: Readonly<Record<string, Difference>> = {
  'the type twice in one line': {
    answers: ['content_type_repeated'],
    shown: [TWO_TYPES],
    why: 'two lines are shown like this too, and of those nobody says which one the handler would go by: both are refused',
  },
  'trailers that nobody announced': {
    answers: [200],
    shown: [{ ...url('/orders/7'), method: 'POST' }],
    why: 'a Request does not show trailers: no handler is shown them either, and what it is shown was decided',
  },
  'absolute form of the very same URL': {
    answers: [200],
    shown: [{ host: 'api.example.com' }],
    why: 'shown like the origin form; host, path and query are the decided ones',
  },
}

/** Content of a GET, which no handler could be given. */
const bareGet = (hasContent: boolean): Readonly<Record<string, Difference>> => ({
  'content in a GET that was decided without': {
    answers: ['content_incomplete'],
    shown: [{ method: 'GET', hasContent }],
    why: 'handlers get no content with GET: that there was some is refused before it is compared',
  },
  'chunks in a GET that was decided without': {
    answers: ['content_incomplete'],
    shown: [{ method: 'GET', hasContent }],
    why: 'as with a length',
  },
  'content in a GET that was decided so': {
    answers: ['content_incomplete'],
    shown: [{ method: 'GET', hasContent }],
    why: 'no handler would get what was decided',
  },
})

/** Of a request line with another host than `Host`, these show `Host`. */
const hostOfAbsoluteForm: Readonly<Record<string, Difference>> = {
  'absolute form of another host': {
    answers: [200],
    shown: [{ ...ORDER, host: 'api.example.com' }],
    why: 'the host in the request line is dropped: check and handler see Host, which was decided, and nothing behind sees another',
  },
}

/**
 * Content that the receiver did not read. Runtimes read a part of it and drop it, then take the next request, or end the connection,
 * as the case may be: what is never done is to take content for a request.
 */
const UNREAD: Readonly<Record<string, Difference>> = {
  'content over the limit ends the connection': {
    answers: ['content_too_large', 200],
    sometimes: [['content_too_large'], []],
    shown: [{ method: 'POST' }],
    why: 'the second request is answered or not, by its own verdict; where the connection is reset, the first answer may be lost',
  },
  'content over the limit in chunks ends the connection': {
    answers: ['content_too_large', 200],
    sometimes: [['content_too_large'], []],
    shown: [{ method: 'POST' }],
    why: 'as with a length',
  },
}

/** Rows by title. */
export const DIFFERENCES: Readonly<Record<RuntimeName, Readonly<Record<string, Difference>>>> = {
  Bun: {
    ...EVERYWHERE,
    ...UNREAD,
    ...bareGet(false),
    ...hostOfAbsoluteForm,
    'a method in lower case': { answers: [], shown: [], why: 'the connection ends without an answer' },
    'dot segments that lead to the decided path': {
      answers: [200],
      shown: [ORDER],
      why: 'removed before anybody routes: check and handler see the decided path',
    },
    'dot segments that lead elsewhere': {
      answers: ['uri_mismatch'],
      shown: [url('/api/orders/8')],
      why: 'removed before anybody routes; the path that is left was not decided',
    },
    'escaped dot segments': { answers: [200], shown: [ORDER], why: 'as dot segments' },
    'a backslash': {
      answers: [200],
      shown: [ORDER],
      why: 'made a slash before anybody routes: check and handler see the decided path',
    },
    'the asterisk form': { answers: [400], shown: [], why: 'the runtime answers' },
  },
  Deno: {
    ...EVERYWHERE,
    ...bareGet(false),
    ...UNREAD,
    'a method in lower case': {
      answers: ['method_invalid'],
      shown: [{ method: 'delete' }],
      why: 'shown as it was sent, and refused here',
    },
    'two hosts': { answers: [400], shown: [], why: 'the runtime answers' },
    'no host': {
      answers: ['authority_unknown'],
      shown: [{ host: null }],
      why: 'the URL is that of the socket, which is no base',
    },
    'absolute form of another host': {
      answers: ['request_malformed'],
      shown: [{ ...url('/api/orders/7', 'http://evil.example'), host: 'api.example.com' }],
      why: 'the URL has another host than Host',
    },
    'the asterisk form': { answers: ['uri_mismatch'], shown: [url('/*')], why: 'shown as a path that was not decided' },
  },
  workerd: {
    ...EVERYWHERE,
    ...bareGet(true),
    ...hostOfAbsoluteForm,
    ...UNREAD,
    'a method in lower case': { answers: [501], shown: [], why: 'the runtime answers' },
    'a fragment': {
      answers: [200],
      shown: [ORDER],
      why: 'dropped before anybody routes: check and handler see the decided path',
    },
    'the asterisk form': {
      answers: ['request_malformed'],
      shown: [{ url: 'http://api.example.com*' }],
      why: 'shown as a part of the host',
    },
  },
}

/** As in the table above: a connection that is reset may take the answer along. */
const LOST: OtherAnswer = { answer: undefined, sometimes: true, why: 'content that nobody read resets the connection' }

/** Codes that are provoked by what a runtime shows otherwise. No answer is a connection that ends. */
export const OTHER_CODES: Readonly<Record<RuntimeName, Partial<Record<Breakable, OtherAnswer>>>> = {
  Bun: {
    target_invalid: { answer: [200, 200], why: 'dot segments are removed before anybody is shown the target' },
    content_too_large: LOST,
    content_incomplete: { answer: undefined, why: 'who closes its side in the middle of content gets no answer' },
  },
  Deno: { request_malformed: { answer: [400, 400], why: 'the runtime answers two hosts itself' }, content_too_large: LOST },
  workerd: { content_too_large: LOST },
}

interface OtherAnswer {
  /** Only at times; else the usual one. */
  readonly sometimes?: true
  readonly answer: readonly [status: number, code: string | number] | undefined
  readonly why: string
}
