/** Types of every wire object, generated from spec/schemas (spec chapters 3 to 5, 8 to 11, 13 to 16). @module */

/** What a receiver has to do if it serves the request. */
export type Obligation = 'notify_owner' | 'log_full' | 'confirm_human' | 'redact_response' | 'content_unseen'

/** What policy said. */
export type Decision = 'ALLOW' | 'WARN' | 'BLOCK'

/** The machine. */
export type HardwareFact =
  | {
      readonly grade: 'none'
    }
  | {
      readonly type: string
      readonly grade: 'asserted' | 'evidence_checked' | 'live'
      /** RFC 3339 time, UTC, whole seconds. */
      readonly time: string
      /** SHA-256 in unpadded base64url. */
      readonly digest: string
      /** SHA-256 in unpadded base64url. */
      readonly jkt: string
    }

/** The person. */
export type HumanFact =
  | {
      readonly grade: 'none'
    }
  | {
      readonly type: string
      readonly grade: 'asserted' | 'evidence_checked' | 'live'
      /** RFC 3339 time, UTC, whole seconds. */
      readonly time: string
      /** SHA-256 in unpadded base64url. */
      readonly digest: string
      /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
      readonly id: string
    }

/** The software. */
export type RuntimeFact =
  | {
      readonly grade: 'none'
    }
  | {
      readonly type: string
      readonly grade: 'asserted' | 'evidence_checked' | 'live'
      /** RFC 3339 time, UTC, whole seconds. */
      readonly time: string
      /** SHA-256 in unpadded base64url. */
      readonly digest: string
    }

/** Body of POST /api/agent/suspend and /api/agent/resume (chapter 15). */
export type InterruptBody =
  | {
      readonly agent: AgentName
      readonly reason?: string
    }
  | {
      /** Identifier made by the harness; a ULID is recommended. */
      readonly task: string
      readonly reason?: string
    }

/** The request for which a token is asked. */
export type ShownRequest =
  | {
      readonly method: string
      /** Absolute URL in normal form (chapter 7), without fragment. */
      readonly url: string
      readonly contentType: string
      /** The content itself, base64url. */
      readonly content: string
    }
  | {
      readonly method: string
      /** Absolute URL in normal form (chapter 7), without fragment. */
      readonly url: string
      readonly contentType: string
      /** SHA-256 in unpadded base64url. */
      readonly contentDigest: string
    }

/** Body of POST /api/agent/revoke (chapter 19). */
export type RevokeBody =
  | {
      readonly passport: string
    }
  | {
      readonly status_index: number
    }

/** A harness whose tokens the receiver accepts, with the logs it may use. */
export type TrustedHarness =
  | {
      /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
      readonly did: string
      readonly keys: readonly PinnedKey[]
      readonly ledgers: readonly string[]
    }
  | {
      /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
      readonly did: string
      readonly didWeb: true
      readonly ledgers: readonly string[]
    }

/** A passport issuer, with what it may vouch for and how its passports are revoked. */
export type TrustedIssuer =
  | {
      /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
      readonly did: string
      readonly keys: readonly PinnedKey[]
      readonly roles: readonly ('root' | 'hop')[]
      readonly status:
        | 'unrevocable'
        | {
            readonly lists: readonly string[]
            readonly keys: readonly PinnedKey[]
            /** Age at which a list of this issuer is unusable; that of "time" when absent. */
            readonly maxStalenessSeconds?: number
          }
    }
  | {
      /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
      readonly did: string
      readonly didWeb: true
      readonly roles: readonly ('root' | 'hop')[]
      readonly status:
        | 'unrevocable'
        | {
            readonly lists: readonly string[]
            readonly keys: readonly PinnedKey[]
            /** Age at which a list of this issuer is unusable; that of "time" when absent. */
            readonly maxStalenessSeconds?: number
          }
    }

/** How strongly a fact is supported, weakest first. */
export type Grade = 'none' | 'asserted' | 'evidence_checked' | 'live'

/** Payload of an aegis-context+jwt: what a receiver says of a request to a service behind it (chapter 20). */
export interface ContextClaims {
  /** Version of this profile. */
  readonly ahp: 'ahp-receiver/0.1'
  /** The receiver. */
  readonly iss: string
  /** Name of the service. */
  readonly aud: string
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly iat: number
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly exp: number
  /** This context. */
  readonly jti: string
  /** Method of the request to the service. */
  readonly htm: string
  /** Path and query of the request to the service. */
  readonly htt: string
  /** The agents from principal to presenter, each with the issuer of its passport. */
  readonly path: readonly ContextAgent[]
  readonly action: string
  readonly target: string
  readonly decision: 'ALLOW' | 'WARN'
  readonly obl: readonly Obligation[]
  /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
  readonly harness: string
  /** The jti of the token. */
  readonly receipt: string
  /** The task. */
  readonly txn: string
}

/** An agent, named by issuer and DID together. */
export interface ContextAgent {
  /** The did:key of an Ed25519 key. */
  readonly did: string
  /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
  readonly issuer: string
}

/** Payload of an aegis-decision+jwt: a decision that is no token (chapter 3). */
export interface DecisionClaims {
  /** Version of this profile. */
  readonly ahp: 'ahp-receiver/0.1'
  /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
  readonly iss: string
  /** The did:key of an Ed25519 key. */
  readonly sub?: string
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly iat: number
  /** Identifier made by the harness; a ULID is recommended. */
  readonly jti: string
  /** Identifier made by the harness; a ULID is recommended. */
  readonly txn: string
  /** 16 random bytes in unpadded base64url. */
  readonly salt: string
  readonly entry: Entry
}

/** The nine members of a ledger entry that a token carries in claim "entry" (chapter 4). */
export interface Entry {
  /** RFC 3339 time, UTC, three decimals. */
  readonly ts: string
  readonly action: string
  readonly target: string
  readonly decision: Decision
  /** At most 64 bytes of UTF-8. */
  readonly deciding_pack: string | null
  /** At most 64 bytes of UTF-8. */
  readonly deciding_rule: string | null
  /** At most 64 bytes of UTF-8. */
  readonly deciding_layer: string | null
  readonly deny_reason: string | null
  /** Milliseconds that the decision took. */
  readonly decision_ms: number
}

/** Payload of an aegis-delegation+jwt (chapter 8). */
export interface DelegationClaims {
  /** Version of this profile. */
  readonly ahp: 'ahp-receiver/0.1'
  /** The did:key of an Ed25519 key. */
  readonly iss: string
  /** The did:key of an Ed25519 key. */
  readonly sub: string
  readonly aud: readonly string[]
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly iat: number
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly exp: number
  /** Identifier made by the harness; a ULID is recommended. */
  readonly jti: string
  /** Identifier made by the harness; a ULID is recommended. */
  readonly txn: string
  /** SHA-256 of the text before the ~ that precedes this delegation. */
  readonly par: string
  readonly depth: number
  readonly maxDepth: number
  readonly mission: readonly MissionPair[]
}

/** One pair of a mission: what may be done to what (chapter 8). */
export interface MissionPair {
  /** Exact, prefix.* or *. */
  readonly action: string
  /** Exact, or a URL that ends in /* after its authority. */
  readonly target: string
}

/** Answer of POST /api/agent/enrol (chapter 19). */
export interface EnrolAnswer {
  /** One-time code: 32 random bytes. */
  readonly enrolment: string
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly expires: number
}

/** Body of POST /api/agent/enrol: the passport that a code stands for (chapter 19). */
export interface EnrolBody {
  readonly mission: readonly MissionPair[]
  readonly harness?: readonly string[]
  readonly attestations?: {
    readonly hardware?: HardwareFact
    readonly human?: HumanFact
    readonly runtime?: RuntimeFact
  }
  /** Name of a jurisdiction, such as EU or IE. */
  readonly jurisdiction?: string
  readonly risk?: 'minimal' | 'limited' | 'high' | 'critical'
  readonly maxDepth?: number
  readonly delegatedOnly?: boolean
  /** Of the passport; 30 days when absent. */
  readonly lifetimeSeconds?: number
  /** Of the code; 600 when absent. */
  readonly validSeconds?: number
}

/** An agent is named by issuer and DID together. */
export interface AgentName {
  /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
  readonly issuer: string
  /** The did:key of an Ed25519 key. */
  readonly did: string
}

/** Answer of POST /api/agent/issue (chapter 19). */
export interface IssueAnswer {
  readonly status: 'issued'
  /** The value of X-AEGIS-Passport. */
  readonly passport: string
  /** The did:key of an Ed25519 key. */
  readonly agent_did: string
  readonly status_index: number
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly expires: number
}

/** Answer of POST /api/agent/issue/challenge (chapter 19). */
export interface IssueChallenge {
  readonly challenge_id: string
  /** 32 random bytes. */
  readonly challenge_nonce_hex: string
  readonly ttl_seconds: number
  /** For people. */
  readonly instructions: string
}

/** Body of POST /api/agent/issue (chapter 19). */
export interface IssueBody {
  /** The did:key of an Ed25519 key. */
  readonly agent_pubkey: string
  readonly challenge_id: string
  /** Ed25519 signature in unpadded base64url. */
  readonly challenge_signature: string
}

/** Bytes under the log, as JCS (chapter 4). Seven members of the entry are commitments. */
export interface Leaf {
  readonly v: 1
  readonly entry: {
    /** RFC 3339 time, UTC, whole seconds. */
    readonly ts: string
    /** SHA-256 in unpadded base64url. */
    readonly agent_did: string
    /** SHA-256 in unpadded base64url. */
    readonly action: string
    /** SHA-256 in unpadded base64url. */
    readonly target: string
    readonly decision: Decision
    /** SHA-256 in unpadded base64url. */
    readonly deciding_pack: string
    /** SHA-256 in unpadded base64url. */
    readonly deciding_rule: string
    /** At most 64 bytes of UTF-8. */
    readonly deciding_layer: string | null
    /** SHA-256 in unpadded base64url. */
    readonly deny_reason: string
    /** SHA-256 in unpadded base64url. */
    readonly decision_ms: string
    /** DID URL of a key: DID, one #, fragment. */
    readonly harness_kid: string
    /** Ed25519 signature in unpadded base64url. */
    readonly ledger_sig: string
  }
  /** SHA-256 in unpadded base64url. */
  readonly tok: string
}

/** Two heads that one log signed and that cannot both be honest (chapter 5). */
export interface LedgerEvidence {
  /** Version of this profile. */
  readonly ahp: 'ahp-receiver/0.1'
  /** equivocation: two trees of one name; rollback: a head that the log stopped showing. */
  readonly kind: 'equivocation' | 'rollback'
  /** Verifier key of the log. */
  readonly vkey: string
  readonly earlier: SeenHead
  readonly later: SeenHead
  readonly prefix?: LedgerPrefix
}

/** A signed note, and when the receiver got it. */
export interface SeenHead {
  /** The whole checkpoint with its signatures. */
  readonly note: string
  /** RFC 3339 time, UTC, whole seconds. */
  readonly seen: string
}

/** What the larger tree has in the place of the smaller; absent for two heads of one size and for a rollback. */
export interface LedgerPrefix {
  /** Root over the first leaves of the larger tree, as many as the smaller has. */
  readonly root: string
  /** Path of RFC 9162 section 2.1.4 from that root to the root of the larger tree. */
  readonly path: readonly string[]
}

/** Payload of a passport, a W3C verifiable credential secured as vc+jwt (chapter 8). */
export interface PassportClaims {
  readonly '@context': readonly ['https://www.w3.org/ns/credentials/v2']
  readonly type: readonly ['VerifiableCredential', 'AiegisPassport']
  /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
  readonly issuer: string
  /** RFC 3339 time, UTC, whole seconds. */
  readonly validFrom: string
  /** RFC 3339 time, UTC, whole seconds. */
  readonly validUntil: string
  readonly credentialSubject: {
    /** The did:key of an Ed25519 key. */
    readonly id: string
    readonly attestations: {
      readonly hardware: HardwareFact
      readonly human: HumanFact
      readonly runtime: RuntimeFact
    }
    readonly mission: readonly MissionPair[]
    /** Harnesses that may decide for this agent. */
    readonly harness: readonly string[]
    /** Name of a jurisdiction, such as EU or IE. */
    readonly jurisdiction?: string
    readonly risk?: 'minimal' | 'limited' | 'high' | 'critical'
    /** Hand-offs below this agent; absent means 0. */
    readonly maxDepth?: number
    /** True: acts only for another agent; absent means false. */
    readonly delegatedOnly?: boolean
  }
  readonly cnf: {
    readonly jwk: Jwk
  }
  readonly credentialStatus?: {
    readonly type: 'BitstringStatusListEntry'
    readonly statusPurpose: 'revocation'
    readonly statusListIndex: string
    /** Absolute URL in normal form (chapter 7), without fragment. */
    readonly statusListCredential: string
  }
}

/** Public Ed25519 key. */
export interface Jwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  /** Ed25519 public key, 32 bytes in unpadded base64url. */
  readonly x: string
}

/** Manifest of a policy pack (chapter 16). */
export interface PolicyPack {
  readonly spec_version: 'ahp-policy-pack/0.1'
  readonly pack_id: string
  readonly pack_name: string
  /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
  readonly issuer: string
  /** RFC 3339 time, UTC, whole seconds. */
  readonly issued_at: string
  /** RFC 3339 time, UTC, whole seconds. */
  readonly expires_at: string
  readonly jurisdictions: readonly string[]
  readonly rules: readonly PolicyRule[]
  readonly default_decision?: 'ALLOW' | 'WARN' | 'DENY'
  readonly signature?: {
    readonly alg: 'EdDSA'
    /** DID URL of a key: DID, one #, fragment. */
    readonly kid: string
    /** Ed25519 signature in unpadded base64url. */
    readonly value: string
  }
}

/** One rule of a pack. */
export interface PolicyRule {
  readonly rule_id: string
  readonly match: {
    readonly action: string
    readonly fields: readonly string[]
  }
  readonly policy:
    | {
        readonly language: 'rego'
        readonly module: string
        readonly rego_version?: 'v0' | 'v1'
      }
    | {
        readonly language: 'jsonlogic'
        readonly module: unknown
      }
  readonly deny_reason: string
  readonly layer: string
}

/** Body of a refusal, application/problem+json (chapter 13). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly retry: 'same-token' | 'new-token' | 'never'
  readonly executed: 'no' | 'unknown'
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly now: number
}

/** Answer of POST /api/protect, with 200 for ALLOW and WARN and with 401 for BLOCK (chapter 15). */
export interface AskAnswer {
  readonly decision: Decision
  readonly reason: string | null
  /** At most 64 bytes of UTF-8. */
  readonly layer: string | null
  /** At most 64 bytes of UTF-8. */
  readonly deciding_pack: string | null
  /** At most 64 bytes of UTF-8. */
  readonly deciding_rule: string | null
  /** Milliseconds that the decision took. */
  readonly decision_ms: number
  /** The agent; only echoed when the question was not signed. */
  readonly agent_did: string | null
  /** Identifier made by the harness; a ULID is recommended. */
  readonly receipt_id: string
  /** The token. */
  readonly token?: string
  /** Value of X-AEGIS-Proof. */
  readonly proof?: string
  readonly obligations?: readonly Obligation[]
}

/** Body of POST /api/protect (chapter 15). */
export interface AskBody {
  /** Name of an action. */
  readonly action: string
  /** What is acted on; a URL or any other name. */
  readonly target: string
  readonly input?: unknown
  readonly context?: {
    /** The did:key of an Ed25519 key. */
    readonly agent_did?: string
    /** Name of a jurisdiction, such as EU or IE. */
    readonly jurisdiction?: string
    /** Identifier made by the harness; a ULID is recommended. */
    readonly txn?: string
    readonly request?: ShownRequest
    readonly [k: string]: unknown
  }
}

/** Evidence of one decision that a receiver acted on, to be checked years later without a network (chapter 10). */
export interface Receipt {
  /** Version of this profile. */
  readonly ahp: 'ahp-receiver/0.1'
  /** RFC 3339 time, UTC, whole seconds. */
  readonly verified: string
  /** The compact JWS. The leaf is rebuilt from it alone. */
  readonly token: string
  /** Text of the proof (chapter 5), not its base64url. */
  readonly proof: string
  readonly harness: ReceiptKey
  readonly ledger: ReceiptLedger
}

/** The key under which the token verified. */
export interface ReceiptKey {
  /** DID URL of a key: DID, one #, fragment. */
  readonly kid: string
  readonly jwk: Jwk
}

/** The keys under which the head verified, and what the receiver asked for. */
export interface ReceiptLedger {
  readonly vkey: string
  /** Whether the receiver had proven the head when it verified the request; its word. */
  readonly assurance: 'asserted' | 'audited'
  readonly quorum: number
  /** Verifier keys of witnesses. */
  readonly witnesses: readonly string[]
}

/** What /.well-known/aiegis-receiver says (chapter 11). */
export interface ReceiverDocument {
  /** Version of this profile. */
  readonly ahp: 'ahp-receiver/0.1'
  /** Scheme, host and port of a URL, without a trailing slash. */
  readonly audience: string
  readonly bases: readonly PublicBase[]
  readonly harnesses: readonly string[]
  /** Method and path pattern → action, for routes that declare one. */
  readonly actions: {
    /** Name of an action. */
    readonly [k: string]: string
  }
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly reportOnlyUntil?: number
}

/** One origin and path under which callers reach the receiver. */
export interface PublicBase {
  /** Origin and path without a trailing slash. */
  readonly public: string
  /** Path prefix: / or without a trailing slash. */
  readonly mount: string
}

/** Says that a status list changed, and nothing else (chapter 9). */
export interface StatusHint {
  /** Absolute URL in normal form (chapter 7), without fragment. */
  readonly list: string
}

/** Payload of a status list, secured as vc+jwt by a status key (chapter 9). */
export interface StatusListClaims {
  readonly '@context': readonly ['https://www.w3.org/ns/credentials/v2']
  /** Absolute URL in normal form (chapter 7), without fragment. */
  readonly id: string
  readonly type: readonly ['VerifiableCredential', 'BitstringStatusListCredential']
  /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
  readonly issuer: string
  /** RFC 3339 time, UTC, whole seconds. */
  readonly validFrom: string
  /** RFC 3339 time, UTC, whole seconds. */
  readonly validUntil: string
  readonly credentialSubject: {
    /** The URL of the list and #list. */
    readonly id: string
    readonly type: 'BitstringStatusList'
    readonly statusPurpose: 'revocation'
    /** u and base64url of the gzipped bit string, index 0 in the most significant bit. */
    readonly encodedList: string
  }
}

/** Payload of an aegis-token+jwt (chapter 3). Unknown claims are ignored; "nbf" is refused. */
export interface TokenClaims {
  /** Version of this profile. */
  readonly ahp: 'ahp-receiver/0.1'
  /** A did:key of an Ed25519 key or a did:web, in its one spelling. */
  readonly iss: string
  /** The did:key of an Ed25519 key. */
  readonly sub: string
  /** Scheme, host and port of a URL, without a trailing slash. */
  readonly aud: string
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly iat: number
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly exp: number
  /** Identifier made by the harness; a ULID is recommended. */
  readonly jti: string
  /** Identifier made by the harness; a ULID is recommended. */
  readonly txn: string
  readonly cnf: {
    /** SHA-256 in unpadded base64url. */
    readonly jkt: string
  }
  /** Method of the request. */
  readonly htm: string
  /** Absolute URL in normal form (chapter 7), without fragment. */
  readonly htu: string
  /** Content-Type as sent; empty when absent. */
  readonly htc: string
  /** SHA-256 in unpadded base64url. */
  readonly htd: string
  /** SHA-256 in unpadded base64url. */
  readonly psp: string
  /** 16 random bytes in unpadded base64url. */
  readonly salt: string
  readonly obl: readonly Obligation[]
  readonly entry: Entry
}

/** What a receiver trusts, aiegis-trust.json (chapter 14). */
export interface TrustBundle {
  /** Version of this profile. */
  readonly ahp: 'ahp-receiver/0.1'
  /** Scheme, host and port of a URL, without a trailing slash. */
  readonly audience: string
  readonly bases: readonly Base[]
  readonly harnesses: readonly TrustedHarness[]
  readonly issuers: readonly TrustedIssuer[]
  readonly ledgers: readonly TrustedLedger[]
  readonly didWeb?: {
    /** Hosts, with port when not 443, that may be asked though they are local or their addresses not public; http:// before localhost for one without TLS. */
    readonly allow?: readonly string[]
    /** Absolute path of a PEM file with the only roots accepted. */
    readonly caFile?: string | null
  }
  readonly replay?: {
    readonly memory: {
      readonly singleProcess: true
      /** Live records in all; 1,000,000 when absent. */
      readonly maxRecords?: number
      /** Live records of one harness; maxRecords when absent. */
      readonly maxPerIssuer?: number
    }
  }
  readonly time?: {
    /** How far another clock may be ahead; 5 when absent. */
    readonly skewSeconds?: number
    /** Longest exp - iat of a token; 60 when absent. */
    readonly maxLifetimeSeconds?: number
    /** Time between two reads of a status list; 60 when absent. */
    readonly statusRefreshSeconds?: number
    /** Age at which a status list is unusable; 600 when absent. */
    readonly maxStalenessSeconds?: number
    /** Time for the content to arrive; 30 when absent. */
    readonly bodyTimeoutSeconds?: number
    /** Time within which a tree head must be proven; 900 when absent. */
    readonly maxUnprovenSeconds?: number
  }
  readonly limits?: {
    /** The token. */
    readonly tokenBytes?: number
    /** One passport. */
    readonly passportBytes?: number
    /** The proof header. */
    readonly proofChars?: number
    /** The content. */
    readonly bodyBytes?: number
    /** Hand-offs in a chain; 0 in receivers that read single passports only. */
    readonly delegations?: number
  }
  /** What every route demands. */
  readonly require?: {
    readonly hardware?: RequiredGrades
    readonly human?: RequiredGrades
    readonly runtime?: RequiredGrades
  }
  /** Serve under WARN; false when absent. */
  readonly acceptWarn?: boolean
  /** Obligations that the routes fulfil; none when absent. */
  readonly acceptObligations?: readonly Obligation[]
}

/** One origin and path under which callers reach the receiver. */
export interface Base {
  /** Origin and path without a trailing slash. */
  readonly public: string
  /** Path prefix: / or without a trailing slash. */
  readonly mount: string
  /** match: Host must name the origin. fixed: Host is not read, a proxy in front has checked it. */
  readonly authority: 'match' | 'fixed'
}

/** A key that the receiver was given, with the time in which it may have signed. */
export interface PinnedKey {
  /** DID URL of a key: DID, one #, fragment. */
  readonly kid: string
  readonly jwk: Jwk
  /** RFC 3339 time, UTC, whole seconds. */
  readonly validFrom?: string
  /** RFC 3339 time, UTC, whole seconds. */
  readonly validUntil?: string
}

/** A log whose tree heads the receiver accepts. */
export interface TrustedLedger {
  readonly origin: string
  readonly vkey: string
  /** Absolute URL in normal form (chapter 7), without fragment. */
  readonly url?: string
  /** cosigned also asks for a quorum of witnesses. */
  readonly assurance: 'proof' | 'cosigned'
  readonly witnesses?: {
    /** How many different witnesses must have signed. */
    readonly quorum: number
    readonly vkeys: readonly string[]
  }
}

/** Least grades of one fact: as the issuer asserts it, as the receiver checked it. */
export interface RequiredGrades {
  readonly asserted?: Grade
  readonly checked?: Grade
}

/** Answer of POST /api/agent/verify (chapter 19). */
export interface VerifyAnswer {
  readonly valid: boolean
  /** The last agent of the chain. */
  readonly agent_did: string | null
  /** Of the last passport. */
  readonly issuer: string | null
  /** When the first part of the chain ends. */
  readonly expires_at: number | null
  /** null when it was not looked up. */
  readonly revoked: boolean | null
  /** Seconds since 1970-01-01T00:00:00Z, whole. */
  readonly verified_at: number
  /** null for what was not looked at. */
  readonly checks: {
    readonly evidence: boolean
    readonly place: boolean | null
    readonly status: boolean | null
  }
  /** Public code of the first check that failed. */
  readonly code: string | null
}

/** Body of POST /api/agent/verify (chapter 19). */
export interface VerifyBody {
  /** The value of X-AEGIS-Passport. */
  readonly passport: string
}
