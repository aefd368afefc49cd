/** What a case asks for and cannot be made (conformance/README.md). @module */

/** A change that cannot be made: its layer, path or text is not there. */
export class ChangeError extends Error {
  override readonly name = 'ChangeError'
}
