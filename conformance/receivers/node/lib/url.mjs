/** The one spelling of URLs and request targets (spec chapter 7.4). Throws `Malformed`; nothing is repaired. @module */
import { must } from './refusal.mjs'

const MAX = 1024
const URL_FORM = /^(https?):\/\/([^/?#@]+)(\/[^]*)$/
const HOST = /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?$/
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const PATH = /^\/(?:[!$&'()*+,\-./0-9:;=@A-Z[\]_a-z|~]|%[0-9A-F]{2})*$/
const QUERY = /^(?:[!$&()*+,\-./0-9:;=?@A-Z[\]^_`a-z{|}~]|%[0-9A-F]{2})*$/
const LOCAL = ['localhost', '127.0.0.1', '[::1]']

/** Origin, authority, path and query (`undefined` without `?`) of a URL in normal form. */
export function parseUrl(text) {
  const [, scheme, authority, target] = URL_FORM.exec(text) ?? []
  must(scheme !== undefined && text.length <= MAX, 'not a URL in normal form')
  const [, host, port] = HOST.exec(authority) ?? []
  must(
    host !== undefined && (port === undefined || (Number(port) <= 65535 && port !== { http: '80', https: '443' }[scheme])),
    'not an authority',
  )
  must(scheme === 'https' || LOCAL.includes(host), 'http to another machine')
  must(isHost(host), 'not a host in its one spelling')
  return { text, origin: `${scheme}://${authority}`, authority, ...parseTarget(target) }
}

/** An origin alone. */
export function checkOrigin(text) {
  must(text.length <= 256 && parseUrl(`${text}/`).origin === text, 'not an origin')
}

/** The target in the line of a request: path and query. */
export function parseTarget(target) {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? undefined : target.slice(mark + 1)
  must(target.length <= MAX && PATH.test(path) && !path.includes('//') && QUERY.test(query ?? ''), 'not a target in normal form')
  for (const [, digits] of target.matchAll(/%(..)/g)) {
    const sign = String.fromCharCode(Number.parseInt(digits, 16))
    must(sign !== '\0' && !/[\w.~-]/.test(sign), 'an escape that must not be there')
  }
  const decoded = path.replaceAll(/%(..)/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)))
  for (const segment of decoded.split(/[/\\]/)) must(!/^\.\.?(?:;|$)/.test(segment), 'a dot segment')
  return { path, query }
}

/** Addresses are those that the URL parser leaves as they are; all else is a name. */
function isHost(host) {
  const parsed = URL.canParse(`https://${host}/`) ? new URL(`https://${host}/`).hostname : undefined
  const isAddress = host.startsWith('[') || /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/.test(host)
  if (isAddress) return parsed === host
  return host.length <= 253 && host.split('.').every((label) => LABEL.test(label))
}
