/** Receivers on Bun. @module */
import { tableOn } from './table.ts'

tableOn('Bun')
