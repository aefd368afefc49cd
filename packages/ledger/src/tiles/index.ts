/** A log in a directory, whose public part any web server, object store or CDN serves as it stands (spec chapter 17.9). @module */
export type { FilePort } from '../file-port.ts'
export { openTilesLog, type TilesLogOptions } from './open.ts'
