/** What a handler behind the middleware gets and what a route may declare; both are in @aiegis/verifier. @module */
export type { AiegisContext, RouteRequirement, Verifier } from '@aiegis/verifier'
