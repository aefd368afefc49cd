/** What is needed of a parser with the Standard Schema interface, version 1, such as one of zod, valibot or arktype (spec chapter 11.6). @module */

/** Parses a value; `Output` is what comes out. The interface is that of standardschema.dev, and nothing of it is imported. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

/** A value, or what is wrong. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly { readonly message: string }[] }

/** Throws `TypeError` for an option that is no such parser. */
export function checkSchema(name: string, schema: unknown): void {
  const inner: unknown = Reflect.get(Object(schema), '~standard')
  if (Reflect.get(Object(inner), 'version') !== 1 || typeof Reflect.get(Object(inner), 'validate') !== 'function')
    throw new TypeError(`${name}: not a parser with the Standard Schema interface (version 1), such as z.object({ … }) of zod`)
}
