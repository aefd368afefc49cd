/** Receivers on workerd. @module */
import { tableOn } from './table.ts'

tableOn('workerd')
