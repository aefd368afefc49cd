/** Says which addresses are of the public network: what a DID document may be read from unless the bundle says otherwise (spec chapter 2.8). @module */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** True for an address of the public network; false for all others, among them what is no address. Source: IANA special-purpose registries. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4')
  // A zone is of this machine, and with it the address.
  if (!isIPv6(address) || address.includes('%')) return false
  // What is given out at all. Addresses that wrap others (::ffff:127.0.0.1, 64:ff9b::a00:1) are not in it.
  return unicast.check(address, 'ipv6') && !special.check(address, 'ipv6')
}

/** True for an address of this machine, as it is usually written. */
export function isLoopbackAddress(address: string): boolean {
  return isIPv4(address) ? address.startsWith('127.') : address === '::1'
}

const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')

const special = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  special.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  // Protocol assignments, among them Teredo, which wraps IPv4.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 wraps IPv4 too.
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special.addSubnet(network, prefix, 'ipv6')
