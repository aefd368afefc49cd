/** The receiver of applications that sit behind nginx or Envoy: a server that their proxy asks before it serves a request. @module */
export { startGate, type Gate, type GateOptions, type Listen } from './gate.ts'
export { PROXIES, type Proxy } from './original.ts'
