/** Missions and normal form once more, written from the text of the specification alone, slow and plain (spec chapters 7.4 and 8.3). @module */

export interface NaivePair {
  readonly action: string
  readonly target: string
}

/** Section 8.3: one pair covers both. */
export function naiveCovers(mission: readonly NaivePair[], action: string, target: string): boolean {
  return mission.some((pair) => naiveCoversAction(pair.action, action) && naiveCoversTarget(pair.target, target))
}

/** Section 8.3 and AHP-PASS-12: a list of 1 to 16 pairs, each of which is one of the rows of the two tables. */
export function isNaiveMission(mission: readonly NaivePair[]): boolean {
  return (
    mission.length >= 1 &&
    mission.length <= 16 &&
    mission.every((pair) => isActionOfPair(pair.action) && isTargetOfPair(pair.target))
  )
}

function naiveCoversAction(pattern: string, action: string): boolean {
  if (!isActionName(action)) return false
  if (pattern === '*') return true
  if (pattern.endsWith('.*')) return action.startsWith(pattern.slice(0, -1))
  return pattern === action
}

function naiveCoversTarget(pattern: string, target: string): boolean {
  if (!pattern.endsWith('*')) return pattern === target
  return isNormalUrlWithoutQuery(target) && target.startsWith(pattern.slice(0, -1))
}

function isActionOfPair(text: string): boolean {
  if (text.length > 128) return false
  return text === '*' || isActionName(text.endsWith('.*') ? text.slice(0, -2) : text)
}

/** `[a-z0-9][a-z0-9_-]*` and then any number of `.` with `[a-z0-9_-]+`, at most 128 bytes. */
function isActionName(text: string): boolean {
  if (text.length > 128) return false
  const [first = '', ...more] = text.split('.')
  return /^[a-z0-9][a-z0-9_-]*$/.test(first) && more.every((part) => /^[a-z0-9_-]+$/.test(part))
}

function isTargetOfPair(text: string): boolean {
  if (text.endsWith('*')) return text.endsWith('/*') && isNormalUrlWithoutQuery(text)
  return text !== '' && Buffer.byteLength(text) <= 1024
}

/** Section 7.4, its six points in order. */
export function isNormalUrlWithoutQuery(text: string): boolean {
  const parts = /^(https|http):\/\/(\[[^\]/]*\]|[^:/]*)(?::([0-9]*))?(\/.*)$/s.exec(text)
  if (parts === null || text.length > 1024) return false
  const [, scheme = '', host = '', port, path = ''] = parts
  if (scheme === 'http' && !['localhost', '127.0.0.1', '[::1]'].includes(host)) return false
  if (!isHost(host)) return false
  if (port !== undefined) {
    const number = Number(port)
    if (String(number) !== port || number < 1 || number > 65_535) return false
    if (number === (scheme === 'https' ? 443 : 80)) return false
  }
  return isPath(path)
}

/** An address that WHATWG URL leaves unchanged, or a name. What ends in a number is an address (WHATWG URL, host parsing). */
function isHost(host: string): boolean {
  const last = host.split('.').at(-1) ?? ''
  if (host.startsWith('[') || /^([0-9]+|0x[0-9a-f]*)$/.test(last)) {
    try {
      return new URL(`https://${host}/`).hostname === host
    } catch {
      return false
    }
  }
  return (
    host.length <= 253 && host.split('.').every((label) => label.length <= 63 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label))
  )
}

function isPath(path: string): boolean {
  let decoded = ''
  for (let at = 0; at < path.length; at++) {
    let character = path.charAt(at)
    if (character === '%') {
      const digits = path.slice(at + 1, at + 3)
      if (!/^[0-9A-F]{2}$/.test(digits) || digits === '00') return false
      character = String.fromCharCode(Number.parseInt(digits, 16))
      if (/[A-Za-z0-9._~-]/.test(character)) return false
      at += 2
    } else if (character <= ' ' || character >= '\u007F' || '"#<>?\\^{}`'.includes(character)) return false
    decoded += character
  }
  if (path.includes('//')) return false
  return decoded.split(/[/\\]/).every((segment) => !['.', '..'].includes(segment.split(';')[0] ?? ''))
}
