/** Which addresses a name may lead to: only those of the public network, unless the bundle lists the host (AHP-BYTES-29). @module */
import { lookup, Resolver } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { Malformed, must } from './refusal.mjs'

const RESERVED = new BlockList()
for (const range of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]) {
  const [address, bits] = range.split('/')
  RESERVED.addSubnet(address, Number(bits), 'ipv4')
}
const GLOBAL = new BlockList()
GLOBAL.addSubnet('2000::', 3, 'ipv6')
for (const range of ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '64:ff9b::/96']) {
  const [address, bits] = range.split('/')
  RESERVED.addSubnet(address, Number(bits), 'ipv6')
}
const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Addresses of a host that may be connected to, each `{address, family}`. Throws `Malformed` when any of them may not. */
export async function addressesOf(host, { isListed, isLocal, seconds }) {
  const found = isListed ? await lookup(host, { all: true }).catch(unusable) : await inDns(host, seconds)
  must(found.length > 0, 'a name without addresses')
  for (const { address } of found)
    must(isLocal ? isIn(LOOPBACK, address) : isListed || isPublic(address), 'an address that is not public')
  return found
}

/**
 * A `lookup` for the requests of node:http that asks DNS first and the system, with its few threads, only when DNS has no such name
 * (AHP-STATUS-20).
 */
export function lookupInDnsFirst(host, options, done) {
  const answer = (found) => {
    if (found.length === 0) done(new Malformed('a name without addresses'))
    else if (options.all) done(null, found)
    else done(null, found[0].address, found[0].family)
  }
  const system = () => lookup(host, { all: true }).then(answer, done)
  if (host === 'localhost') void system()
  else void inDns(host, 3).then((found) => (found.length > 0 ? answer(found) : system()))
}

/** True for an address of the public network. */
export function isPublic(address) {
  return !isIn(RESERVED, address) && (isIP(address) === 4 || isIn(GLOBAL, address))
}

async function inDns(host, seconds) {
  const resolver = new Resolver({ timeout: seconds * 1000, tries: 1 })
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  return [
    ...(four.value ?? []).map((address) => ({ address, family: 4 })),
    ...(six.value ?? []).map((address) => ({ address, family: 6 })),
  ]
}

function isIn(list, address) {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function unusable(error) {
  throw new Malformed(`no address: ${error.code}`)
}
