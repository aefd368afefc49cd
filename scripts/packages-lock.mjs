// The manifest and lock of an empty folder in which packages of this repository are installed from their tarballs (scripts/packages.mjs).

/**
 * `wanted` with the @aiegis packages that they need, from `packages` (name, manifest, tarball, integrity), and everything of others as `lock`, that of the
 * repository, has it: the same versions and hashes, so nothing is asked of a registry that npm ci does not ask.
 */
export function lockOf(lock, wanted, packages) {
  const entries = {}
  const own = closure(wanted, packages)
  for (const { name, manifest, tarball, integrity } of own) {
    const { version, dependencies, peerDependencies, peerDependenciesMeta, bin } = manifest
    entries[`node_modules/${name}`] = {
      version,
      resolved: `file:${tarball}`,
      integrity,
      dependencies,
      peerDependencies,
      peerDependenciesMeta,
      bin,
    }
  }
  const peers = [...new Set(own.flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {})))]
  for (const { manifest, path } of own) {
    const from = `packages/${path.split('/').at(-1)}`
    for (const name of Object.keys(manifest.dependencies ?? {})) if (!name.startsWith('@aiegis/')) take(lock, from, name, entries)
  }
  for (const name of peers) take(lock, '', name, entries)
  const dependencies = {
    ...Object.fromEntries(own.map(({ name, tarball }) => [name, `file:${tarball}`])),
    ...Object.fromEntries(peers.map((name) => [name, lock.packages[`node_modules/${name}`].version])),
  }
  const manifest = { name: 'empty', version: '0.0.0', private: true, dependencies }
  return {
    manifest,
    lockfile: { name: 'empty', version: '0.0.0', lockfileVersion: 3, requires: true, packages: { '': manifest, ...entries } },
  }
}

/** The packages of these names and all that they need of this repository. */
function closure(names, packages) {
  const found = new Map()
  const add = (name) => {
    if (found.has(name)) return
    const each = packages.find((candidate) => candidate.name === name)
    found.set(name, each)
    for (const needed of Object.keys(each.manifest.dependencies ?? {})) if (needed.startsWith('@aiegis/')) add(needed)
  }
  for (const name of names) add(name)
  return [...found.values()]
}

/** Copies the entry that `name` leads to from the folder `from`, as Node finds it, and those that it leads to itself. */
function take(lock, from, name, entries) {
  const path = find(lock.packages, from, name)
  if (path === undefined) return
  const target = path.replace(/^packages\/([^/]+)\//, 'node_modules/@aiegis/$1/')
  if (entries[target] !== undefined) return
  const { dev: _dev, devOptional: _devOptional, peer: _peer, ...entry } = lock.packages[path]
  entries[target] = entry
  for (const next of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) take(lock, path, next, entries)
  for (const next of Object.keys(entry.peerDependencies ?? {}))
    if (!entry.peerDependenciesMeta?.[next]?.optional) take(lock, path, next, entries)
}

function find(packages, from, name) {
  for (let folder = from; ;) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    if (packages[path] !== undefined) return path
    if (folder === '') return undefined
    const cut = folder.lastIndexOf('/node_modules/')
    folder = cut === -1 ? '' : folder.slice(0, cut)
  }
}
