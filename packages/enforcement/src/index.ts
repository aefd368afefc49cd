/** The reference enforcement server: policy packs, decisions, tokens (spec chapters 15 and 16). @module */
export { PolicyFault, type FaultCode } from './policy/fault.ts'
