/** Receivers on Deno. @module */
import { tableOn } from './table.ts'

tableOn('Deno')
