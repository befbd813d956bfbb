import type { Claim, Claimed, StoredAnswer } from '../../kernel/index.ts'

const MOST = 1_000

export interface KeptAnswers {
  find(claim: Claim): Claimed
  keep(claim: Claim, answer: StoredAnswer): void
}

/** What each Idempotency-Key was answered with, in memory: the latest thousand of them. */
export function keptAnswers(): KeptAnswers {
  const kept = new Map<string, { readonly fingerprint: Uint8Array; readonly answer: StoredAnswer }>()
  return {
    find: (claim) => {
      const known = kept.get(idOf(claim))
      if (!known) return { is: 'new' }
      const same = Buffer.compare(known.fingerprint, claim.fingerprint) === 0
      return same ? { is: 'finished', answer: known.answer } : { is: 'mismatch' }
    },
    keep: (claim, answer) => {
      kept.set(idOf(claim), { fingerprint: claim.fingerprint, answer })
      if (kept.size > MOST) kept.delete(kept.keys().next().value ?? '')
    },
  }
}

const idOf = ({ caller, route, key }: Claim) => JSON.stringify([caller, route, key])
