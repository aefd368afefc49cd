/** For `node --import`: the process loads the module that `AIEGIS_MUTANT` names with the defect in it. @module */
import { register } from 'node:module'

const text = process.env['AIEGIS_MUTANT']
if (text === undefined) throw new TypeError('AIEGIS_MUTANT: a mutant as JSON')
const data: unknown = JSON.parse(text)
register(new URL('loader.js', import.meta.url), { data })
