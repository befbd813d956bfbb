import { addCounts, type CanaryCounts, newCounts, type VariantCounts } from './counts.ts'
import { countOf, countSlower, type Latencies, quantileOf } from './latencies.ts'
import { addBlock, type Evidence, logEvidence, noEvidence, type Rate, type RatesOptions } from './two-rates.ts'

/** What the judge remembers of a canary: plain data. */
export interface Judgement {
  /** By the name of each question. */
  readonly evidence: Readonly<Record<string, Evidence>>
  /** What was counted before the block that is open, and in that. */
  readonly before: CanaryCounts
  readonly open: CanaryCounts
}

/** Why a canary is to be aborted, in one sentence. */
export interface Fault {
  readonly question: string
  readonly why: string
}

/** One way in which a canary may be worse: asked by itself, and with a part of all false alarms that may be. */
interface Question {
  readonly name: string
  /** The probability of a false alarm, however long the canary lasts. */
  readonly alpha: number
  readonly rates: RatesOptions
  /** What it looks at, of a block; `before` is what came before that. Undefined where nothing can be said yet. */
  readonly look: (
    block: CanaryCounts,
    before: CanaryCounts,
  ) => { readonly control: Rate; readonly canary: Rate } | undefined
  readonly tell: (counts: CanaryCounts) => string
}

/** Of a few percent more, mostly: what is worse than that shows soon, by whichever of them. */
const MORE_OFTEN: RatesOptions = {
  alternatives: [
    { more: 0.05, stake: 0.8 },
    { more: 0.2, stake: 0.1 },
    { more: 0.9, stake: 0.1 },
  ],
  prior: { hits: 0.25, of: 50 },
}

const slowerThan = (part: number): RatesOptions => ({
  alternatives: [
    { more: 0.15, stake: 0.2 },
    { more: 0.4, stake: 0.4 },
    { more: 0.9, stake: 0.4 },
  ],
  prior: { hits: 50 * (1 - part), of: 50 },
})

/** What is no difference to anybody: a canary may be slower by so much, or by this part. */
const TOLERATED_MS = 25
const TOLERATED_PART = 0.1
/** Of the requests to the control that belong to a block; and how many to the canary are enough with fewer. */
const NEARLY = 0.8
const MANY = 5
/** Of the control, before a quantile of it says anything. */
const MIN_LATENCIES = 20

const share = (hits: keyof VariantCounts, of: 'requests' | 'checked') => (block: CanaryCounts) => ({
  control: { hits: Number(block.stable[hits]), of: block.stable[of] },
  canary: { hits: Number(block.canary[hits]), of: block.canary[of] },
})

const tellShare =
  (hits: 'failures' | 'undeclared' | 'refusals' | 'broken', of: 'requests' | 'checked', what: string) =>
  ({ stable, canary }: CanaryCounts) =>
    `${canary[hits]} of ${canary[of]} ${what} by the canary, and ${stable[hits]} of ${stable[of]} by the old revision`

/**
 * A quantile test: how many waits are longer than that part of the control's were until now. Under the tolerance, the canary may wait so
 * much longer.
 */
const slower = (part: number) => (block: CanaryCounts, before: CanaryCounts) => {
  if (countOf(before.stable.latencies) < MIN_LATENCIES) return undefined
  const limit = quantileOf(before.stable.latencies, part) ?? 0
  const rate = (latencies: Latencies, ms: number): Rate => ({
    hits: countSlower(latencies, ms),
    of: countOf(latencies),
  })
  return {
    control: rate(block.stable.latencies, limit),
    canary: rate(block.canary.latencies, limit + Math.max(TOLERATED_MS, limit * TOLERATED_PART)),
  }
}

const tellSlower =
  (part: number) =>
  ({ stable, canary }: CanaryCounts) => {
    const [old, own] = [stable, canary].map(({ latencies }) => Math.round(quantileOf(latencies, part) ?? 0))
    return `its p${part * 100} is ${own} ms, and that of the old revision ${old} ms`
  }

/** All that is asked. Their alphas add up to 1 %: so many canaries that are fine are aborted, at most. */
export const QUESTIONS: readonly Question[] = [
  {
    ...{ name: 'failures', alpha: 0.0015, rates: MORE_OFTEN, look: share('failures', 'requests') },
    tell: tellShare('failures', 'requests', 'requests failed'),
  },
  {
    ...{ name: 'undeclared', alpha: 0.005, rates: MORE_OFTEN, look: share('undeclared', 'requests') },
    tell: tellShare('undeclared', 'requests', 'requests were answered with what the contract does not declare'),
  },
  {
    ...{ name: 'broken', alpha: 0.001, rates: MORE_OFTEN, look: share('broken', 'checked') },
    tell: tellShare('broken', 'checked', 'replies break the contract'),
  },
  {
    ...{ name: 'refusals', alpha: 0.0005, rates: MORE_OFTEN, look: share('refusals', 'requests') },
    tell: tellShare('refusals', 'requests', 'requests were refused (4xx)'),
  },
  { name: 'p50', alpha: 0.0015, rates: slowerThan(0.5), look: slower(0.5), tell: tellSlower(0.5) },
  { name: 'p90', alpha: 0.0005, rates: slowerThan(0.9), look: slower(0.9), tell: tellSlower(0.9) },
]

const nothing = (): CanaryCounts => ({ stable: newCounts(), canary: newCounts() })

export const newJudgement = (): Judgement => ({
  evidence: Object.fromEntries(QUESTIONS.map(({ name, rates }) => [name, noEvidence(rates)])),
  before: nothing(),
  open: nothing(),
})

/**
 * Takes what was counted since the last time, while the canary had this share of the callers, or, with 0, copies of what they read. A block ends when nearly as many requests to
 * the control are in it as belong to those to the canary, or when some are to the canary: by their number alone, never by what became of them.
 */
export function takeCounts({ evidence, before, open }: Judgement, news: CanaryCounts, share: number): Judgement {
  const weight = share === 0 ? 50 : share
  const block = add(open, news)
  const { stable, canary } = block
  const belongs = (canary.requests * (100 - weight)) / weight
  const isWhole = canary.requests < MANY ? stable.requests >= belongs * NEARLY : stable.requests * 2 >= canary.requests
  if (canary.requests === 0 || !isWhole) return { evidence, before, open: block }
  const taken = QUESTIONS.map(({ name, rates, look }) => {
    const known = evidence[name] ?? noEvidence(rates)
    const seen = look(block, before)
    return [name, seen ? addBlock(known, seen, rates) : known] as const
  })
  return { evidence: Object.fromEntries(taken), before: add(before, block), open: nothing() }
}

const add = (a: CanaryCounts, b: CanaryCounts): CanaryCounts => ({
  stable: addCounts(a.stable, b.stable),
  canary: addCounts(a.canary, b.canary),
})

/** All that was counted. */
export const totalsOf = ({ before, open }: Judgement): CanaryCounts => add(before, open)

/** What the canary is worse in; undefined while nothing shows it. */
export function findFault(judgement: Judgement): Fault | undefined {
  const found = QUESTIONS.find(({ name, alpha }) => {
    const evidence = judgement.evidence[name]
    return evidence !== undefined && logEvidence(evidence) >= -Math.log(alpha)
  })
  return found && { question: found.name, why: found.tell(totalsOf(judgement)) }
}

/** How much there is for each question, and from when on a canary is aborted. */
export const evidenceOf = ({ evidence }: Judgement) =>
  QUESTIONS.map(({ name, alpha, rates }) => {
    const value = Math.exp(logEvidence(evidence[name] ?? noEvidence(rates)))
    return { question: name, value: Number(Math.min(value, 1e9).toPrecision(3)), limit: 1 / alpha }
  })
