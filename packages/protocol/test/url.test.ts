import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Malformed } from '../src/refusal.ts'
import { normaliseUrl, parseNormalUrl, parseOrigin, parseRequestTarget, withoutQuery } from '../src/url.ts'

/** What `parse` returns, or `undefined` when it throws Malformed; anything else it throws rises. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

const ofLength = (length: number): string => 'https://rs.example/'.padEnd(length, 'a')

/** What each router family would make of it is in the comment; here none of them is asked. */
const REFUSED_TARGETS: readonly (readonly [why: string, target: string])[] = [
  ['an empty target', ''],
  ['authority-form', 'rs.example:8443'],
  ['asterisk-form', '*'],
  ['absolute-form with a foreign host, which some frameworks believe', 'http://evil.example/api/a'],
  ['absolute-form with the own host', 'https://rs.example/api/a'],
  ['a target that is read as a network path', '//evil.example/api/a'],
  ['"//" inside the path', '/api//a'],
  ['"//" at the end of the path', '/api/a//'],
  ['"//" before the query', '/api//?x=1'],
  ['a backslash in the path', '/api\\a'],
  ['a backslash in the query', '/api?x=\\'],
  ['a leading backslash', '\\api'],
  ['a fragment', '/api/a#frag'],
  ['an empty fragment', '/api/a#'],
  ['a fragment in the query', '/api/a?x#frag'],
  ['a NUL', '/api/a\0'],
  ['an escaped NUL', '/api/a%00'],
  ['an escaped NUL in the query', '/api/a?x=%00'],
  ['a tab', '/api/\ta'],
  ['a line feed', '/api/a\n'],
  ['a carriage return in the query', '/api/a?x\r'],
  ['DEL', '/api/a\x7f'],
  ['a space', '/api/a b'],
  ['a space in the query', '/api/a?x y'],
  ['a Latin-1 character', '/api/\xe9'],
  ['a character past Latin-1', '/api/\u2215a'],
  ['a lone surrogate', '/api/\ud800'],
  ['a truncated escape', '/api/%E0%A4%A'],
  ['an escape at the very end', '/api/%'],
  ['an escape with one digit at the end', '/api/%4'],
  ['an escape that is not hexadecimal', '/api/%G1'],
  ['a sign inside an escape', '/api/%+1'],
  ['an invalid escape in the query', '/api?x=%zz'],
  ['a lower-case escape', '/api/%c3%A9'],
  ['a lower-case escape in the query', '/api?x=%2f'],
  ['an escaped letter', '/api/%61'],
  ['an escaped digit in the query', '/api?x=%30'],
  ['an escaped hyphen', '/api/%2D'],
  ['an escaped tilde', '/api/%7E'],
  ['a dot segment', '/api/./a'],
  ['a dot segment at the end', '/api/.'],
  ['only a dot segment', '/.'],
  ['a double dot segment', '/api/../b'],
  ['a double dot segment at the end', '/api/..'],
  ['only a double dot segment', '/..'],
  ['a dot segment before the query', '/api/..?x=1'],
  ['an escaped dot segment', '/api/%2E%2E/b'],
  ['an escaped dot segment in lower case', '/api/%2e%2e/b'],
  ['a half-escaped dot segment', '/api/.%2E/b'],
  ['a dot segment after decoding: slash behind', '/api/..%2Fb'],
  ['a dot segment after decoding: slash before', '/api/x%2F..'],
  ['a dot segment after decoding: slash on both sides', '/api/x%2F.%2Fb'],
  ['a dot segment after decoding: backslash', '/api/..%5Cb'],
  ['a dot segment before ";"', '/api/..;/b'],
  ['a dot segment before ";" with a parameter', '/api/..;v=1/b'],
  ['a single dot before ";"', '/api/.;'],
  ['a dot segment before an escaped ";"', '/api/..%3B/b'],
  ['an unescaped quote', '/api/"'],
  ['an unescaped "<"', '/api/<'],
  ['an unescaped "^" in the path, which newer runtimes escape', '/api/^'],
  ['unescaped braces in the path', '/api/{id}'],
  ['an unescaped apostrophe in the query', "/api?x='"],
]

const ACCEPTED_TARGETS: readonly (readonly [why: string, target: string, path: string, query: string])[] = [
  ['the root', '/', '/', ''],
  ['a plain path', '/api/a', '/api/a', ''],
  ['a query', '/api/a?x=1', '/api/a', '?x=1'],
  ['an empty query, which is not the same as none', '/api/a?', '/api/a', '?'],
  ['"?" inside the query', '/api/a?x?y', '/api/a', '?x?y'],
  ['slashes and dots in the query', '/api/a?u=//b/../c', '/api/a', '?u=//b/../c'],
  ['a trailing slash', '/api/a/', '/api/a/', ''],
  ['upper case, unchanged', '/API/a', '/API/a', ''],
  ['parameters', '/api/a;v=1', '/api/a;v=1', ''],
  ['dots that are no segment', '/api/a..b/...', '/api/a..b/...', ''],
  ['a dot file', '/.well-known/aiegis-receiver', '/.well-known/aiegis-receiver', ''],
  ['".;" after other characters', '/api/a..;/b', '/api/a..;/b', ''],
  ['upper-case escapes', '/api/%C3%A9?q=%20+', '/api/%C3%A9', '?q=%20+'],
  ['an escaped slash between names', '/api/a%2Fb', '/api/a%2Fb', ''],
  ['an escape of "%" before digits', '/api/%2561', '/api/%2561', ''],
  ['brackets and bars', '/api/[a]|b?f[x]=^`{|}', '/api/[a]|b', '?f[x]=^`{|}'],
  ['every sub-delimiter', "/!$&'()*+,;=:@", "/!$&'()*+,;=:@", ''],
]

describe('AHP-BIND-6 request target', () => {
  test.each(REFUSED_TARGETS)('refuses %s', (_, target) => {
    expect(() => parseRequestTarget(target)).toThrow(Malformed)
    expect(() => parseNormalUrl(`https://rs.example${target}`)).toThrow(Malformed)
  })

  test.each(ACCEPTED_TARGETS)('accepts %s', (_, target, path, query) => {
    expect(parseRequestTarget(target)).toEqual({ path, query })
    expect(parseNormalUrl(`https://rs.example${target}`)).toEqual({
      href: `https://rs.example${target}`,
      origin: 'https://rs.example',
      path,
      query,
    })
  })

  test('accepts 1,024 bytes and refuses 1,025', () => {
    expect(parseRequestTarget(`/${'a'.repeat(1023)}`).path).toHaveLength(1024)
    expect(() => parseRequestTarget(`/${'a'.repeat(1024)}`)).toThrow(Malformed)
  })

  test('refuses an escape of each unreserved character and accepts one of every other byte but NUL', () => {
    for (let byte = 1; byte < 256; byte++) {
      const escape = `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
      const unreserved = /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
      expect(attempt(() => parseRequestTarget(`/a${escape}`))?.path).toBe(unreserved ? undefined : `/a${escape}`)
    }
  })
})

describe('AHP-BIND-6 normal URL', () => {
  test.each([
    ['another scheme', 'ftp://rs.example/'],
    ['an upper-case scheme', 'HTTPS://rs.example/'],
    ['a relative URL', '/api/a'],
    ['no path', 'https://rs.example'],
    ['a query without a path', 'https://rs.example?x=1'],
    ['an empty host', 'https:///a'],
    ['userinfo', 'https://user@rs.example/'],
    ['userinfo with a password that looks like a port', 'https://evil.com:x@rs.example/'],
    ['an empty userinfo', 'https://@rs.example/'],
    ['an upper-case host', 'https://RS.example/'],
    ['a trailing dot in the host', 'https://rs.example./'],
    ['an empty label', 'https://rs..example/'],
    ['a label that starts with a hyphen', 'https://-rs.example/'],
    ['a label that ends with a hyphen', 'https://rs-.example/'],
    ['a label of 64 characters', `https://${'a'.repeat(64)}.example/`],
    ['a host of 254 characters', `https://${'a.'.repeat(125)}abcd/`],
    ['an underscore in the host', 'https://r_s.example/'],
    ['a percent in the host', 'https://rs%2Eexample/'],
    ['an internationalised host', 'https://b\xfccher.example/'],
    ['the default port', 'https://rs.example:443/'],
    ['the default port of http', 'http://localhost:80/'],
    ['port 0', 'https://rs.example:0/'],
    ['a port with a leading zero', 'https://rs.example:08443/'],
    ['an empty port', 'https://rs.example:/'],
    ['port 65536', 'https://rs.example:65536/'],
    ['an IPv4 address in short form', 'https://127.1/'],
    ['an IPv4 address as one number', 'https://2130706433/'],
    ['an IPv4 address in hexadecimal', 'https://0x7f.0.0.1/'],
    ['an IPv4 address with a leading zero', 'https://127.0.0.01/'],
    ['an IPv6 address in long form', 'https://[0:0:0:0:0:0:0:1]/'],
    ['an IPv6 address in upper case', 'https://[2001:DB8::1]/'],
    ['an IPv6 address with a zone', 'https://[fe80::1%25eth0]/'],
    ['an IPv4-mapped address in dotted form', 'https://[::ffff:127.0.0.1]/'],
    ['http for a host that is not loopback', 'http://rs.example/'],
    ['http for another address of 127/8', 'http://127.0.0.2/'],
    ['http for a name below localhost', 'http://a.localhost/'],
    ['http for a name that starts like localhost', 'http://localhost.evil.example/'],
    ['http for a mapped loopback address', 'http://[::ffff:7f00:1]/'],
    ['a leading space', ' https://rs.example/'],
    ['a trailing line feed', 'https://rs.example/\n'],
    ['a tab inside the scheme', 'ht\ttps://rs.example/'],
  ])('refuses %s', (_, text) => {
    expect(() => parseNormalUrl(text)).toThrow(Malformed)
  })

  test.each([
    ['https://rs.example/', 'https://rs.example'],
    ['https://rs.example:8443/a', 'https://rs.example:8443'],
    ['https://rs.example:65535/a', 'https://rs.example:65535'],
    ['https://rs.example:80/a', 'https://rs.example:80'],
    [`https://${'a'.repeat(63)}.example/`, `https://${'a'.repeat(63)}.example`],
    [`https://${'a.'.repeat(125)}abc/`, `https://${'a.'.repeat(125)}abc`],
    ['https://xn--bcher-kva.example/', 'https://xn--bcher-kva.example'],
    // Node 20 and 22 call this no URL, Node 24 and 26 do not mind: here it is text.
    ['https://xn--a/', 'https://xn--a'],
    ['https://127.0.0.1/', 'https://127.0.0.1'],
    ['https://[2001:db8::1]:8443/', 'https://[2001:db8::1]:8443'],
    ['http://localhost/', 'http://localhost'],
    ['http://localhost:18082/orders', 'http://localhost:18082'],
    ['http://localhost:443/', 'http://localhost:443'],
    ['http://127.0.0.1:18082/orders', 'http://127.0.0.1:18082'],
    ['http://[::1]:18082/orders', 'http://[::1]:18082'],
  ])('accepts %s', (text, origin) => {
    expect(parseNormalUrl(text).origin).toBe(origin)
  })

  test('refuses a query, also an empty one, where none is allowed', () => {
    expect(parseNormalUrl('https://rs.example/a', { allowQuery: false }).query).toBe('')
    expect(() => parseNormalUrl('https://rs.example/a?x', { allowQuery: false })).toThrow(Malformed)
    expect(() => parseNormalUrl('https://rs.example/a?', { allowQuery: false })).toThrow(Malformed)
  })

  test('accepts 1,024 bytes and refuses 1,025, or the limit that is given', () => {
    expect(parseNormalUrl(ofLength(1024)).href).toHaveLength(1024)
    expect(() => parseNormalUrl(ofLength(1025))).toThrow(Malformed)
    expect(parseNormalUrl(ofLength(30), { maxBytes: 30 }).href).toHaveLength(30)
    expect(() => parseNormalUrl(ofLength(31), { maxBytes: 30 })).toThrow(Malformed)
  })

  test('an origin is the URL without its path and nothing else', () => {
    expect(parseOrigin('https://rs.example')).toBe('https://rs.example')
    expect(parseOrigin('http://localhost:18082')).toBe('http://localhost:18082')
    for (const wrong of [
      'https://rs.example/',
      'https://rs.example/a',
      'https://rs.example?',
      'https://rs.example#',
      'https://RS.example',
      'rs.example',
      '',
    ]) {
      expect(() => parseOrigin(wrong)).toThrow(Malformed)
    }
  })

  test('cuts the query at the first question mark', () => {
    expect(withoutQuery('https://rs.example/a?x?y')).toBe('https://rs.example/a')
    expect(withoutQuery('https://rs.example/a?')).toBe('https://rs.example/a')
    expect(withoutQuery('https://rs.example/a')).toBe('https://rs.example/a')
  })
})

/** Text that is close to a URL: pieces that matter, joined at random. */
const nearUrl: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('https://', 'http://', 'https:/', 'https:\\\\', 'HTTPS://', '//'),
    fc.array(
      fc.constantFrom(
        'a',
        'rs.example',
        '.',
        '-',
        '--',
        'localhost',
        '127.0.0.1',
        '[::1]',
        '0x7',
        '1',
        '09',
        ':',
        '443',
        '8443',
        '@',
        '_',
        '%41',
        'A',
      ),
      {
        maxLength: 4,
      },
    ),
    fc.array(
      fc.constantFrom(
        '/',
        'a',
        '.',
        '..',
        ';',
        '?',
        '#',
        '\\',
        '%',
        '%2F',
        '%2E',
        '%5C',
        '%41',
        '%c3',
        '%C3',
        '%00',
        '^',
        '|',
        '[',
        '{',
        "'",
        '"',
        ' ',
        '\n',
        '\xe9',
        '*',
        '&',
        '=',
      ),
      { maxLength: 10 },
    ),
  )
  .map(([scheme, host, rest]) => scheme + host.join('') + (rest.length > 0 ? '/' : '') + rest.join(''))

describe('properties', () => {
  test('whatever is accepted is its own WHATWG form, and nothing but Malformed is thrown', () => {
    let accepted = 0
    fc.assert(
      fc.property(
        fc.oneof({ weight: 8, arbitrary: nearUrl }, fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true })),
        (text) => {
          const url = attempt(() => parseNormalUrl(text))
          if (url === undefined) return true
          accepted++
          const whatwg = new URL(text)
          const target = parseRequestTarget(url.path + url.query)
          return (
            whatwg.href === text &&
            whatwg.origin === url.origin &&
            whatwg.pathname === url.path &&
            url.origin + url.path + url.query === text &&
            target.path === url.path &&
            target.query === url.query
          )
        },
      ),
      { numRuns: 20_000 },
    )
    expect(accepted).toBeGreaterThan(200)
  })

  test('the normal form of a URL is accepted, is its own normal form, and reaches the same resource', () => {
    let made = 0
    fc.assert(
      fc.property(fc.oneof(nearUrl, fc.webUrl({ withQueryParameters: true, withFragments: true })), (text) => {
        const normal = attempt(() => normaliseUrl(text))
        if (normal === undefined) return true
        made++
        return (
          parseNormalUrl(normal).href === normal &&
          normaliseUrl(normal) === normal &&
          new URL(normal).href === normal &&
          new URL(normal).origin === new URL(text).origin
        )
      }),
      { numRuns: 10_000 },
    )
    expect(made).toBeGreaterThan(1000)
  })

  test('for signers: escapes, host, port, dot segments and fragment come into one form', () => {
    expect(normaliseUrl('HTTPS://RS.Example:443/%7ea/../%61%c3%a9^?q=\\%2f#frag')).toBe('https://rs.example/a%C3%A9%5E?q=%5C%2F')
    expect(normaliseUrl('https://rs.example')).toBe('https://rs.example/')
    expect(normaliseUrl('https://rs.example/a?')).toBe('https://rs.example/a?')
    expect(normaliseUrl('https://b\xfccher.example/')).toBe('https://xn--bcher-kva.example/')
    for (const wrong of [
      '',
      'a',
      'https://',
      'https://u:p@rs.example/',
      'https://rs.example//a',
      'http://rs.example/',
      'https://rs.example/..%2Fa',
      'https://rs.example/%00',
      // Not repaired: unescaping what stands behind the first "%" would make an escape that nobody wrote.
      'https://rs.example/a%%32Fb',
      'https://rs.example/a?x=%%34%33',
    ]) {
      expect(() => normaliseUrl(wrong)).toThrow(Malformed)
    }
  })
})
