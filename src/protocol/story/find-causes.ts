import type { Evidence } from './evidence.ts'
import type { Finding, Step } from './story.ts'

/** What failed, the first cause first: what the gateway refused, what was waited for in vain, what was thrown, what is dead. */
export function findCauses(steps: readonly Step[], evidence: Evidence): readonly Finding[] {
  const found = [
    ...refusalsOf(evidence),
    ...waitsOf(steps),
    ...statementsOf(steps),
    ...errorsOf(steps),
    ...dead(steps, evidence),
  ]
  return found.filter(({ part, says }, i) => found.findIndex((one) => one.part === part && one.says === says) === i)
}

/** What the gateway itself refused, with what the contract says of it. */
const refusalsOf = ({ lines, routes }: Evidence): readonly Finding[] =>
  lines.flatMap(({ part, fields }) => {
    const { reason, status, function: name } = fields
    if (part !== 'gateway' || fields.msg !== 'request' || !reason || !(Number(status) >= 400)) return []
    const limit = routes.find((route) => route.name === name)?.limit
    const says =
      reason === 'rate_limited' && limit
        ? `functions/${name}/contract.ts allows a caller ${limit.requests} ${limit.requests === 1 ? 'request' : 'requests'} in ${limit.perSeconds} s, and this was one more`
        : `${status} ${reason}, without a call of ${name ?? 'any function'}`
    return [{ part: 'gateway', says, step: null }]
  })

const LONG_WAIT_MS = 500

const waitsOf = (steps: readonly Step[]): readonly Finding[] =>
  steps.flatMap(({ kind, part, failed, durationMs }, step) =>
    kind === 'wait' && (failed || (durationMs ?? 0) > LONG_WAIT_MS)
      ? [
          {
            part,
            says: `all connections of its pool were in use for ${Math.round(durationMs ?? 0)} ms (EBB_POOL_MAX)`,
            step,
          },
        ]
      : [],
  )

/** How Postgres says that a statement was cancelled, as those are whose request has no time left. */
const CANCELLED = /: PostgreSQL error 57014$/

const statementsOf = (steps: readonly Step[]): readonly Finding[] =>
  steps.flatMap(({ kind, part, says, failed, durationMs }, step) =>
    kind === 'statement' && failed
      ? [
          {
            ...{ part, step },
            says: CANCELLED.test(says)
              ? `${says.replace(CANCELLED, '')} had run for ${Math.round(durationMs ?? 0)} ms when the time of its request was over`
              : says,
          },
        ]
      : [],
  )

/** The first line of each error, with the place in the project's own code. */
const errorsOf = (steps: readonly Step[]): readonly Finding[] =>
  steps.flatMap(({ part, error }, step) => {
    if (error === undefined) return []
    const [what = ''] = error.split('\n')
    const place = /\b((?:functions|domain)\/[^\s)]+:\d+)(?::\d+)?/.exec(error)?.[1]
    const cause = /^caused by: (.*)$/m.exec(error)?.[1]
    const parts = [what, ...(cause ? [`caused by ${cause}`] : []), ...(place ? [`at ${place}`] : [])]
    return [{ part, says: parts.join(', '), step }]
  })

/** Deliveries that were given up, with their last answer. */
const dead = (steps: readonly Step[], { events }: Evidence): readonly Finding[] =>
  events.flatMap(({ id, type, deliveries }) =>
    deliveries
      .filter(({ state }) => state === 'dead')
      .map(({ consumer, attempts, history }) => {
        const last = history.at(-1)
        const why = last?.status ? `the last one answered ${last.status}` : (last?.error ?? 'without an answer')
        const step = steps.findLastIndex(
          ({ kind, says }) => kind === 'delivery' && says.includes(`${type} to ${consumer}`),
        )
        const says = `${type} (${id}) to ${consumer} is dead after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${why}`
        return { part: 'relay', says, step: step < 0 ? null : step }
      }),
  )
