/** What is known about the facts of a passport: the issuer's word, and what this receiver checked itself (spec chapter 8.6). @module */
import { FACTS, GRADES, type Attestation, type Fact, type Grade, type Passport } from '@aiegis/protocol'

/** Per fact, the issuer's word and what this receiver found. */
export type Grades = Readonly<Record<Fact, { readonly asserted: Grade; readonly checked: Grade }>>

/** One fact of a passport that has verified, for a plug-in that holds the raw evidence. */
export interface EvidenceClaim {
  readonly fact: Fact
  /** As the issuer wrote it; `digest` names the evidence, `time` says when it was appraised. */
  readonly attestation: Attestation
  readonly issuer: string
  /** The agent's did:key, to which the evidence has to be bound. */
  readonly agent: string
}

/**
 * Checks the raw evidence behind one fact again, offline, and says what came out. It is asked once per passport, not per request, and its
 * answer lives as long as the passport is remembered: it must depend on the bytes of passport and evidence alone, never on the clock or
 * the network. `none` is the answer for evidence that it does not hold. What it throws is a defect: the request gets 500 `misconfigured`.
 * Not asked about facts of grade `none`. It can never say `live`: that would need a proof about this request.
 */
export type EvidenceCheck = (claim: EvidenceClaim) => 'none' | 'evidence_checked'

/** The grades of one passport; without a check nothing counts as checked. */
export function gradesOf(passport: Passport, check: EvidenceCheck | undefined): Grades {
  const of = (fact: Fact): Grades[Fact] => {
    const attestation = passport.attestations[fact]
    const isAsked = check !== undefined && attestation.grade !== 'none'
    const answer: unknown = isAsked ? check({ fact, attestation, issuer: passport.issuer, agent: passport.subject }) : 'none'
    if (answer !== 'none' && answer !== 'evidence_checked')
      throw new TypeError(`checkEvidence: answered '${String(answer)}' about ${fact}; answer 'none' or 'evidence_checked'`)
    return Object.freeze({ asserted: attestation.grade, checked: answer })
  }
  return Object.freeze({ hardware: of('hardware'), human: of('human'), runtime: of('runtime') })
}

/** Per fact the weakest of all: a chain is as strong as its weakest passport. */
export function leastGrades(all: readonly Grades[]): Grades {
  const [first, ...others] = all
  if (first === undefined) throw new RangeError('no passport has no grades')
  return others.reduce<Grades>((least, next) => {
    const of = (fact: Fact): Grades[Fact] =>
      Object.freeze({
        asserted: weaker(least[fact].asserted, next[fact].asserted),
        checked: weaker(least[fact].checked, next[fact].checked),
      })
    return Object.freeze({ hardware: of('hardware'), human: of('human'), runtime: of('runtime') })
  }, first)
}

/** The first fact whose grade is below the one required, as a sentence; `undefined` when there is none. */
export function missingGrade(
  grades: Grades,
  required: Readonly<Partial<Record<Fact, { readonly asserted?: Grade; readonly checked?: Grade }>>>,
): string | undefined {
  for (const fact of FACTS) {
    for (const who of ['asserted', 'checked'] as const) {
      const least = required[fact]?.[who] ?? 'none'
      if (rank(grades[fact][who]) < rank(least)) return `${fact} ${who} is ${grades[fact][who]}, required ${least}`
    }
  }
  return undefined
}

function weaker(one: Grade, other: Grade): Grade {
  return rank(one) < rank(other) ? one : other
}

function rank(grade: Grade): number {
  return GRADES.indexOf(grade)
}
