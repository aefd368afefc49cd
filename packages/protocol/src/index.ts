/** Wire formats of the AiEGIS receiver profile and their checks: strict, pure, without I/O. @module */
export { decodeBase64, decodeBase64url, encodeBase64, encodeBase64url } from './base64.ts'
export { concat, decodeUtf8, equal, fromHex, toHex, utf8 } from './bytes.ts'
export {
  cosignatureMessage,
  formatCheckpointBody,
  formatCosignature,
  parseCheckpoint,
  parseCosignature,
  parseDecimal,
  parseHash,
  verifyCheckpoint,
  verifyCosignature,
  type Checkpoint,
  type CosignatureVerdict,
  type NoteVerdict,
} from './checkpoint.ts'
export { defaultCrypto, hashText, nobleCrypto, nodeCrypto, webCrypto, type CryptoPort } from './crypto.ts'
export { decodeDelegation, DELEGATION_TYPE, parseDelegation } from './delegation.ts'
export { checkDid, didKeyUrl, formatDidKey, parseDidKey, parseDidUrl, type DidUrl } from './did.ts'
export { DID_DOCUMENT, keysOfDidDocument, parseDidDocument, type DidDocument, type DocumentKey } from './did-document.ts'
export { didWebHost, didWebUrl } from './did-web.ts'
export { importEd25519, verifyEd25519, type Ed25519PublicKey } from './ed25519.ts'
export {
  checkComponents,
  findSignature,
  formatContentDigest,
  formatSignatureHeaders,
  formatSignatureParams,
  parseContentDigest,
  RepeatedTag,
  signatureBase,
  type SignatureMember,
  type SignatureParams,
} from './http-signature.ts'
export { canonicalize } from './jcs.ts'
export { isObject, parseJson, type JsonLimits, type JsonObject, type JsonValue } from './json.ts'
export { jwkOf, parseEd25519Jwk, thumbprint, type Ed25519Jwk } from './jwk.ts'
export { decodeJws, encodeJwsInput, JwsHeaderError, verifyJws, type JwsForm, type UnverifiedJws } from './jws.ts'
export { hasQuorum, verifyHead, type HeadKeys, type HeadSignatures } from './head.ts'
export { buildLeaf, commit, leafOfToken, type LeafInput, type TokenOfLeaf } from './leaf.ts'
export { checkLedgerEvidence, formatLedgerEvidence, type Contradiction, type Prefix } from './ledger-evidence.ts'
export { AHP_VERSION, LIMITS } from './limits.ts'
export { AGENT_DID, HASH, IDENTIFIER, JURISDICTION, membersOf, textOf, type Members } from './members.ts'
export {
  emptyRoot,
  hashLeaf,
  hashNode,
  MAX_TREE_SIZE,
  verifyConsistency,
  verifyInclusion,
  type ConsistencyClaim,
  type InclusionClaim,
} from './merkle.ts'
export { checkAction, covers, parseMission } from './mission.ts'
export {
  formatNote,
  formatVkey,
  LOG_KEY_TYPE,
  noteKeyId,
  parseNote,
  parseVkey,
  WITNESS_KEY_TYPE,
  type NoteSignature,
  type SignedNote,
  type Vkey,
} from './note.ts'
export {
  decodePassport,
  FACTS,
  GRADES,
  parsePassport,
  PASSPORT_TYPE,
  RISKS,
  splitPassportHeader,
  type Attestation,
  type Fact,
  type Grade,
  type Passport,
  type PassportHeader,
} from './passport.ts'
export { checkReceipt, formatReceipt, type CheckedReceipt, type ReceiptLedgerKeys, type ReceiptTrust } from './receipt.ts'
export { REASONS, type ReasonCode } from './reasons.gen.ts'
export { Malformed, Refusal, refuseAs, type RefusalOptions } from './refusal.ts'
export { signJws } from './sign-jws.ts'
export { createSigner, type Signer, type SyncSigner } from './signer.ts'
export {
  bitAt,
  checkBits,
  gzipOf,
  parseStatusListClaims,
  STATUS_LIST,
  STATUS_LIST_TYPE,
  statusBit,
  type SyncInflate,
} from './status-list.ts'
export { parseDictionary, type DictionaryMember } from './structured-fields.ts'
export { EMPTY_TILE, growTile, readTile, TILE_HEIGHT, TILE_WIDTH, tileBytes, tileNode, type Tile } from './tile.ts'
export { formatTilePath, parseTilePath, type TileName } from './tile-path.ts'
export { formatMilliseconds, formatSeconds, parseMilliseconds, parseSeconds } from './time.ts'
export {
  decodeProofHeader,
  formatProof,
  parseProof,
  proofsUnder,
  type LogProof,
  type Proven,
  type ReadCheckpoints,
} from './tlog-proof.ts'
export { consistencyPath, edgeOf, inclusionPath, nodesIn, rootOf, widthOf, type NodeSource } from './tree-paths.ts'
export { DECISION_TYPE, decodeToken, OBLIGATIONS, parseTokenClaims, TOKEN_TYPE, type Obligation } from './token.ts'
export { normaliseUrl, parseNormalUrl, parseOrigin, parseRequestTarget, withoutQuery, type NormalUrl } from './url.ts'
export type {
  AgentName,
  AskAnswer,
  AskBody,
  ContextClaims,
  Decision,
  DecisionClaims,
  DelegationClaims,
  EnrolAnswer,
  EnrolBody,
  Entry,
  InterruptBody,
  IssueAnswer,
  IssueBody,
  IssueChallenge,
  LedgerEvidence,
  MissionPair,
  PassportClaims,
  PolicyPack,
  Problem,
  Receipt,
  ReceiverDocument,
  RevokeBody,
  StatusListClaims,
  TokenClaims,
  TrustBundle,
  VerifyAnswer,
  VerifyBody,
} from './wire.gen.ts'
