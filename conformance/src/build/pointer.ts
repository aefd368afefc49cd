/** Small changes of JSON values by JSON pointer (RFC 6901); nothing is changed in place. @module */
import { isList, isObject, type Json } from './json.ts'

/** The value with another one at the path; the member is made when it is not there, and `-` means after the last element. */
export function setAt(root: Json, path: string, value: Json): Json {
  return changed(root, namesOf(path), path, (parent, name) => {
    if (isList(parent)) return name === '-' ? [...parent, value] : parent.with(position(parent, name, path), value)
    return { ...parent, [name]: value }
  })
}

/** The value without what is at the path. Throws `RangeError` when there is nothing. */
export function removeAt(root: Json, path: string): Json {
  return changed(root, namesOf(path), path, (parent, name) => {
    if (isList(parent)) return parent.toSpliced(position(parent, name, path), 1)
    if (!Object.hasOwn(parent, name)) throw new RangeError(`there is nothing at ${path}`)
    return Object.fromEntries(Object.entries(parent).filter(([other]) => other !== name))
  })
}

/** The value with one more: before the element at the path, or a member that was not there. Throws `RangeError` when it was. */
export function addAt(root: Json, path: string, value: Json): Json {
  return changed(root, namesOf(path), path, (parent, name) => {
    if (isList(parent)) return name === '-' ? [...parent, value] : parent.toSpliced(position(parent, name, path), 0, value)
    if (Object.hasOwn(parent, name)) throw new RangeError(`there is something at ${path} already`)
    return { ...parent, [name]: value }
  })
}

/** What is at the path; undefined when nothing is. */
export function valueAt(root: Json, path: string): Json | undefined {
  return namesOf(path).reduce<Json | undefined>((value, name) => {
    if (isList(value)) return value[Number(name)]
    return isObject(value) ? value[name] : undefined
  }, root)
}

type Edit = (parent: readonly Json[] | { readonly [name: string]: Json }, name: string) => Json

function changed(value: Json, names: readonly string[], path: string, edit: Edit): Json {
  const [name, ...rest] = names
  if (name === undefined) throw new RangeError('the whole value has no place in itself')
  if (!isList(value) && !isObject(value)) throw new RangeError(`nothing can be at ${path}`)
  if (rest.length === 0) return edit(value, name)
  if (isList(value)) {
    const index = position(value, name, path)
    return value.with(index, changed(value[index] ?? null, rest, path, edit))
  }
  return { ...value, [name]: changed(value[name] ?? null, rest, path, edit) }
}

function namesOf(path: string): readonly string[] {
  if (!path.startsWith('/')) throw new RangeError(`a path begins with a slash: ${path}`)
  return path
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function position(list: readonly Json[], name: string, path: string): number {
  const index = Number(name)
  if (!/^\d+$/.test(name) || index >= list.length) throw new RangeError(`there is nothing at ${path}`)
  return index
}
