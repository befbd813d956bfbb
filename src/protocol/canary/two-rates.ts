/** How often something happened of how many times. */
export interface Rate {
  readonly hits: number
  readonly of: number
}

/** What two groups have seen in the same time, whose sizes depend on nothing that happened. */
export interface Block {
  readonly control: Rate
  readonly canary: Rate
}

/** By how much more often something may happen to the canary, of what else would be left, and how much is staked on it. */
export interface Alternative {
  readonly more: number
  readonly stake: number
}

export interface RatesOptions {
  readonly alternatives: readonly Alternative[]
  /** What is assumed of the control, as if it had been seen, until it is known. */
  readonly prior: Rate
}

/** What is known so far. */
export interface Evidence {
  /** The logarithm of what each stake has become. */
  readonly logs: readonly number[]
  /** All that was seen of the control. */
  readonly control: Rate
}

export const noEvidence = ({ alternatives }: RatesOptions): Evidence => ({
  logs: alternatives.map(({ stake }) => Math.log(stake)),
  control: { hits: 0, of: 0 },
})

/**
 * Takes one more block. Each alternative is an e-variable for two samples (Turner, Ly and Grünwald, "Generic E-variables for exact
 * sequential k-sample tests that allow for optional stopping", 2024): the likelihood of the block under the two rates that it says,
 * divided by that under one common rate, their mean by the sizes of the groups. The control's rate is estimated by what came before the
 * block. While the canary's rate is not the higher one, the expected factor is at most 1, so by Ville's inequality the sum of
 * all ever exceeds 1/α with a probability of α at most, however often and whenever somebody looks.
 */
export function addBlock({ logs, control }: Evidence, block: Block, { alternatives, prior }: RatesOptions): Evidence {
  const base = (control.hits + prior.hits) / (control.of + prior.of)
  return {
    logs: logs.map((log, i) => log + logFactor(block, base, alternatives[i]?.more ?? 0)),
    control: { hits: control.hits + block.control.hits, of: control.of + block.control.of },
  }
}

function logFactor({ control, canary }: Block, base: number, more: number): number {
  const all = control.of + canary.of
  if (all === 0) return 0
  const higher = base + more * (1 - base)
  const common = (control.of * base + canary.of * higher) / all
  return logRatio(control, base, common) + logRatio(canary, higher, common)
}

const logRatio = ({ hits, of }: Rate, rate: number, common: number) =>
  times(hits, rate / common) + times(of - hits, (1 - rate) / (1 - common))

/** What has not happened says nothing, whatever its probability. */
const times = (count: number, ratio: number) => (count === 0 ? 0 : count * Math.log(ratio))

/** How many times likelier what was seen is where the canary's rate is the higher one, as a logarithm. */
export function logEvidence({ logs }: Evidence): number {
  const top = Math.max(...logs)
  return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0))
}
