/** What to do about each refusal of a receiver, generated from spec/registry/mending.json (spec chapter 13). @module */

/** Code → a paragraph for whoever runs the receiver or calls it. */
export const MENDING: Readonly<Record<string, string>> = {
  token_missing:
    'Whoever called is no agent with a harness, or something on the way removed `X-AEGIS-Token`. Caller: ask the harness first (`harnessFetch` of `@aiegis/agent` does both). Operator: `npm run doctor` shows what a proxy removes.',
  passport_missing:
    'The token came without `X-AEGIS-Passport`. Caller: send the passport chain that the token was made for. Operator: look for a proxy with a limit on header lines below 8,000 bytes.',
  proof_missing: 'The token came without `X-AEGIS-Proof`. Caller: send the proof that the harness answered beside the token.',
  possession_missing:
    'There is no `Signature-Input` member with `tag="aegis-pop"`, or no `Signature`. Caller: sign each request with the agent\'s key. Operator: a proxy that signs requests itself may have replaced the fields instead of adding a member.',
  evidence_repeated:
    'Token, passport and proof are one line with one value each. Look for a proxy or client that adds a header which is there already, and for a comma in the value.',
  evidence_too_large:
    'A line has at most 8,000 bytes with its name, all evidence 12 KiB, and the bundle may set less (`limits`). Caller: shorten the URL or the missions of the chain, or send the chain by its digest.',
  request_malformed:
    '`Host` is missing, doubled or no authority, or there are more than 128 field lines. Look at what the client or the proxy in front sends.',
  method_invalid: 'Methods are 1 to 20 upper-case letters; `CONNECT` and `TRACE` are refused.',
  target_invalid:
    'The target must stand in the request line as the WHATWG URL parser would print it: no `//`, no dot segments, no `\\`, no needless escapes, upper-case escapes. `npm run doctor` shows what a proxy makes of it.',
  authority_unknown:
    '`Host` is none of the bases of the trust bundle. Operator: let the proxy pass `Host` unchanged, or write `"authority": "fixed"` for a base behind one that cannot; add the host to `bases` if it is yours.',
  override_header:
    'A header such as `X-HTTP-Method-Override` could change the request after it was checked. Remove it in the client or the proxy.',
  trailer_refused:
    'Trailers are not covered by the decision. Send the content with `Content-Length`, or chunked without trailers.',
  content_type_repeated: 'Send one `Content-Type`; frameworks keep the first of two and drop the other without a word.',
  content_encoding_refused:
    'The decision covers the bytes as they are read. Send the content without `Content-Encoding`; a proxy must not compress requests.',
  early_data_refused:
    'The request came as TLS early data, which anybody can send again. Caller: send it again after the handshake. Operator: turn 0-RTT off for this host.',
  token_malformed:
    'The token is not three segments of canonical base64url. It was cut or changed on the way, or something else was sent in its place.',
  token_header_invalid:
    'The header may have `alg`, `typ` and `kid` only, with `alg` `Ed25519` or `EdDSA` and `typ` `aegis-token+jwt`. The harness signs something else.',
  passport_malformed:
    'The value is no chain of one, three or five compact JWS with `~` between them, nor `sha-256=` and a digest. It was cut on the way, or is a passport of another kind.',
  passport_header_invalid:
    'A passport has the header `alg`, `typ: "vc+jwt"`, `cty: "vc"` and `kid`, and nothing else. Ask the issuer for one of this profile.',
  chain_too_long:
    'The chain has more hand-offs than `limits.delegations` of the trust bundle. Caller: use a shorter chain. Operator: raise it, up to 2, if hand-offs are meant to end here.',
  delegation_malformed:
    'A delegation is no compact JWS in canonical form, or has more than 1,100 bytes. Let the parent make a new hand-off.',
  delegation_header_invalid: 'A delegation has the header `alg`, `typ: "aegis-delegation+jwt"` and `kid`, and nothing else.',
  proof_malformed: 'The proof is not base64url of a tlog-proof in its one byte form. Caller: send it as the harness answered it.',
  possession_malformed:
    'The member must cover exactly `("@method" "@target-uri" "x-aegis-token")`, with `created`, `keyid` and `tag`, and print back to the same bytes. Use a library for RFC 9421, or `signPossession` of `@aiegis/agent`.',
  possession_repeated: 'Two members have `tag="aegis-pop"`. Remove the one that is not the agent\'s.',
  content_digest_malformed: '`Content-Digest` may be left out; if it is sent it is one `sha-256` member.',
  token_issuer_unknown:
    'The harness that signed is not in the trust bundle. Operator: check the DID in `kid` with whoever runs the harness, and add it to `harnesses` if it is meant to decide here.',
  token_key_unknown:
    'The harness is known, and this key of it is not, or is outside `validFrom` and `validUntil`. Operator: after a key change of the harness the bundle needs the new key; `npm run trust -- diff` shows what an edit changes.',
  token_signature_invalid:
    'The token was not signed by the key that it names: changed on the way, or forged. Repeated, somebody is trying.',
  token_claims_invalid:
    'A claim is missing, has another type or form, or `nbf` is there. The harness is of another version, or not of this profile.',
  token_version_unsupported: 'The claim `ahp` names another version. Harness and receiver must speak the same one.',
  token_not_yet_valid:
    "`iat` is later than this receiver's clock and its skew (5 seconds). One of the two clocks is wrong: `npm run doctor` compares this one.",
  token_expired:
    'The token lives at most 60 seconds. Caller: ask for a new one, directly before sending. Many of them on every path are a clock that is ahead: `npm run doctor` compares it.',
  token_lifetime_too_long:
    '`exp` − `iat` is more than `time.maxLifetimeSeconds` of the bundle (60; up to 300). Set the harness to the shorter one.',
  entry_time_mismatch:
    'The decision in the token is of another second than the token. The harness sells old decisions in new tokens, or is defective.',
  keys_unavailable:
    'The DID document of a party could not be read for longer than it may be used. Look at `onDependency` for `did-web`, at DNS and at the host of the document.',
  passport_required:
    'The receiver does not hold the chain of this digest. Caller: send the same token again with the chain itself; `harnessFetch` does.',
  passport_issuer_unknown:
    'The issuer of a passport is not in the trust bundle. Operator: add it to `issuers` if it may vouch for agents here.',
  passport_key_unknown:
    'The issuer is known, and this key of it is not, or not at this time. After a key change of the issuer the bundle needs the new key.',
  passport_signature_invalid: 'The passport was not signed by the key that it names. Get it anew from the issuer.',
  passport_claims_invalid:
    'A member of the passport is missing, unknown or malformed. The issuer makes passports of another profile.',
  passport_not_yet_valid:
    "`validFrom` is later than this receiver's clock and its skew. One of the clocks is wrong, or the passport was handed out too early.",
  passport_expired: '`validUntil` has passed. Caller: get a new passport from the issuer, and then a new token.',
  passport_lifetime_too_long: 'A passport lives at most 366 days. The issuer must issue shorter ones.',
  passport_key_mismatch: "`cnf.jwk` is not the key that the agent's `did:key` encodes. The issuer made a mistake.",
  delegation_signer_mismatch:
    'The agent of the passport in front did not sign the delegation. The chain was put together wrongly, or by somebody else.',
  delegation_signature_invalid: 'The delegation was changed after it was signed.',
  delegation_claims_invalid: 'A member of the delegation is missing, unknown or malformed.',
  delegation_lifetime_too_long: 'A delegation lives at most 24 hours. Make a shorter one.',
  delegation_parent_mismatch:
    '`par` is not the hash of what stands in front: the delegation was made for another chain. Hand off again from this one.',
  delegation_subject_mismatch:
    'The delegation names another agent than the passport behind it. Send the passport of the agent that the hand-off was made to.',
  delegation_depth_mismatch: '`depth` is not the place of the delegation. The chain was put together in the wrong order.',
  delegation_depth_exceeded:
    'The delegation allows more hand-offs than its maker was allowed by passport and parent. Make it with a smaller `maxDepth`.',
  delegation_outlives_parent: '`exp` is later than that of the passport or delegation in front. Make the hand-off shorter.',
  agent_repeated: 'An agent stands in the chain twice. A hand-off never leads back.',
  delegation_repeated: 'A `jti` stands in the chain twice. Make each delegation with its own.',
  delegation_not_yet_valid: "The delegation was made in the future of this receiver's clock. One of the clocks is wrong.",
  delegation_expired: 'The hand-off has ended. The parent makes a new one.',
  token_passed_on:
    'An agent sent the token of an agent in front of it. Whoever gets a hand-off asks the harness for a token of its own.',
  passport_digest_mismatch:
    'The token was made for another chain than the one sent. Caller: send the chain that the question was asked with.',
  subject_mismatch:
    '`sub` of the token is not the agent of the last passport. Caller: token and chain belong to different agents.',
  holder_key_mismatch: '`cnf.jkt` of the token is not the key of the last passport. Ask again with the present passport.',
  delegation_audience_mismatch: "The hand-off is not for this receiver. The parent names the receiver's audience in `audience`.",
  delegation_task_mismatch:
    '`txn` of the token is not that of the delegation. Ask with the task of the hand-off; `harnessFetch` takes it from the chain.',
  key_role_conflict: 'One key is used in two roles, such as agent and issuer. Each party needs keys of its own.',
  audience_mismatch:
    'The token is for another receiver. Caller: ask for a decision about this URL. Operator: `audience` of the bundle must be the origin that agents call, scheme and port included.',
  issuer_role_missing:
    'The issuer may not vouch for an agent in this place: the first passport needs the role `root`, later ones `hop`. Operator: add the role if it is meant.',
  delegated_only: 'The passport is for acting on behalf of others only. Its holder needs a hand-off.',
  harness_not_named:
    'The passport names other harnesses than the one that decided. Caller: ask one of those. Issuer: name this harness in `harness`.',
  log_not_allowed:
    'The decision is in a log that the bundle does not name for this harness. Operator: add the origin to `ledgers` of the harness if it is its log.',
  decision_not_allowed: 'The token carries a decision that is neither ALLOW nor WARN. The harness is defective.',
  obligation_not_accepted:
    'The decision asks for something that this route does not promise to do. Operator: do it, and name it in `acceptObligations`.',
  warn_not_accepted:
    'The policy allowed with a warning. Operator: `acceptWarn: true` for routes where that is enough. Caller: the answer of the harness says why.',
  mission_exceeded:
    'The action on this target is not in every mission of the chain. Caller: do something else, or get a passport or hand-off whose mission covers it.',
  method_mismatch:
    'The decision is about another method. Caller: ask for the request that is sent; a redirect or a HEAD is another one.',
  uri_mismatch:
    'The decision is about another URI, query included. Caller: ask for exactly the URL that is sent. Operator: check `public` and `mount` of `bases`, and what the proxy does to the path (`npm run doctor`).',
  content_type_mismatch:
    '`Content-Type` is not the decided one, byte for byte. Caller: set it before asking; some clients add a charset later.',
  possession_key_mismatch:
    '`keyid` is not the key that the token is bound to. Caller: sign with the key of the passport that was asked with.',
  possession_expired: 'The signature carries an `expires` that has passed. Sign directly before sending, or leave it out.',
  possession_invalid:
    "The signature is not by the agent's key over this method, URI and token. With a good token that is somebody with a copy: look at who sent it. With your own agent, it signs another URI or another token than it sends.",
  content_digest_mismatch: '`Content-Digest` is not that of the decided content. Leave it out or compute it over what is sent.',
  checkpoint_unsigned:
    'The tree head has no signature by the key of the log in the bundle. Operator: check `vkey` of the log; after a key change it is another.',
  checkpoint_signature_invalid:
    'The signature of the tree head does not verify: changed, forged, or of another log of that name.',
  witness_signature_invalid: 'A witness that the bundle knows did not sign this head. Operator: check `witnesses.vkeys`.',
  witness_quorum_missing:
    'Fewer witnesses signed than `quorum` asks for, or with a time in the future. Look at the witnesses and at the clock.',
  inclusion_invalid:
    'The proof does not lead from this decision to the signed head. It belongs to another token, or to a log that does not contain the decision.',
  ledger_inconsistent:
    'The log showed two histories. It stays refused; `AIEGIS_STATE` holds the evidence, and `npm run ledger -- check` verifies it. Talk to whoever runs the log before you trust it again.',
  ledger_unproven:
    'The log could not be read, or did not show a head within `time.maxUnprovenSeconds`. Look at `onDependency` for `ledger` and at the URL of the log.',
  status_not_listed:
    'The status entry of the passport is in no list of the bundle, or the passport has none. Operator: add the list to `status.lists` of the issuer.',
  status_unavailable:
    'No list that is recent enough. Look at `onDependency` for `status`: the host, its certificate, the clock, the key that signs the list.',
  passport_revoked: 'The issuer revoked a passport of the chain. Ask the issuer why; tokens do not help.',
  action_unmapped:
    'The path is declared with other methods only, or routers read it as two entries of the map, or the decision names an action on a route that declares none. Operator: complete `actions`, with an entry for what two patterns both take. Caller: `/.well-known/aiegis-receiver` says what routes want.',
  action_mismatch:
    'The route wants another action than the one decided. Caller: ask for the action of `/.well-known/aiegis-receiver`; a route that declares nothing wants `http.` and the method.',
  target_mismatch: 'The route wants another target. Without a declared one that is the URL without its query.',
  grade_insufficient:
    'An attestation of an agent in the chain is weaker than `require` asks. The agent needs a passport with a better grade.',
  content_required: 'The route wants content and none was decided. Caller: ask the harness about the request with its content.',
  content_forbidden: 'The route takes no content. Caller: ask the harness about the request without any.',
  media_type_not_accepted:
    'The decided `Content-Type` is none that the route takes (`body.mediaTypes`). Parameters do not count.',
  depth_exceeded: 'There are more hand-offs than this route accepts (`maxDepth`).',
  content_too_large:
    'The content is larger than `limits.bodyBytes` of the bundle (at most 1 MiB). Send less, or send a reference to it.',
  content_timeout:
    'The content did not arrive in 30 seconds, or before the token ended. Look at the connection, and at proxies that hold content back.',
  content_incomplete: 'The connection ended before the content did. Caller: send it again with a new token.',
  content_consumed:
    'Something in front of the check read the content. Operator: mount `requireAiegisToken()` in front of body parsers, or give them `{ verify: captureRawBody }`.',
  content_mismatch:
    'The content is not the decided one. Caller: serialise once, and send the bytes that were shown to the harness. Operator: a proxy changes content.',
  claims_not_accepted:
    "The harness put no such claims into the token as the route wants (`claims`), or none at all. Operator: parse such a token's claims with the same schema and read its issues; what it takes is between you and the harness.",
  check_refused:
    "The operator's own `check` of this route answered false. What it looks at is not of this specification: ask the operator.",
  check_unavailable:
    "The operator's own `check`, or the parser of claims, did not answer within 3 seconds, or said itself that it cannot know now. Look at what it asks.",
  replay_warming:
    'The receiver has just started and cannot know tokens from before. Caller: wait as `Retry-After` says and ask for a new token. Operator: a shared store knows them.',
  replay_full:
    'The store of used tokens is full, or one harness has used its share. Raise `maxRecords`, or look at who sends so many.',
  replay_unavailable:
    'The shared store did not answer in time. Look at `onDependency` for `replay`, at Redis or Valkey, and at the network to it.',
  token_replayed:
    'The token was used. Caller: do not ask again before you know whether the first request was carried out. Many of them are a client that retries, or somebody with a copy.',
  misconfigured: 'The receiver cannot work as it is set up; its own log says why. Callers can do nothing.',
}
