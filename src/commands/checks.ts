import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from '../kernel/index.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import * as endpoints from '../protocol/admin/checks.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const checksCommand: readonly Form[] = [
  form({
    word: 'list',
    description: 'List the synthetic checks of the contracts, and what came of the last one of each.',
    options: ADMIN_OPTIONS,
    examples: ['checks list'],
    run: async (project, options: AdminOptions) => printResult(await listChecks(project, options), toRows, options),
  }),
  form({
    word: 'run',
    description: 'Have a check made now, in addition to its own times, and wait for it. Ends with 1 where it fails.',
    arguments: {
      name: {
        value: 'NAME',
        completes: 'function',
        description: 'The endpoint, such as list-orders. Default: each that has a check, one after the other.',
      },
    },
    options: ADMIN_OPTIONS,
    examples: ['checks run list-orders', 'checks run'],
    run: async (project, { name, ...options }) => {
      const names = name === undefined ? (await listChecks(project, options)).checks.map((check) => check.name) : [name]
      for (const one of names) await runCheck(project, one, options)
    },
  }),
]

const POLL_MS = 250
/** A cold start and the time of most endpoints; a run that takes longer is in the list later. */
const LIMIT_MS = 60_000

type Listed = AdminOutput<typeof endpoints.listChecks>
type Run = Listed['checks'][number]['runs'][number]

const listChecks = (project: string, options: AdminOptions) => callAdmin(project, endpoints.listChecks, {}, options)

async function runCheck(project: string, name: string, options: AdminOptions) {
  const lastOf = async () => {
    const { checks } = await listChecks(project, options)
    return checks.find((check) => check.name === name)?.runs[0]
  }
  const before = await lastOf()
  await callAdmin(project, endpoints.runCheck, { params: { name } }, options)
  const run = await waitFor(async () => {
    const last = await lastOf()
    return last?.correlationId === before?.correlationId ? undefined : last
  })
  if (!run) throw new ConfigError(`no relay has checked ${name} within ${LIMIT_MS / 1_000} s; see its log.`)
  printResult(
    run,
    (one) => [`${name} ${toOutcome(one)} in ${one.durationMs} ms, correlation ${one.correlationId}`],
    options,
  )
  if (!run.passed) process.exitCode = 1
}

async function waitFor<Value>(find: () => Promise<Value | undefined>): Promise<Value | undefined> {
  for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += POLL_MS) {
    const found = await find()
    if (found !== undefined) return found
    await delay(POLL_MS)
  }
  return undefined
}

const toOutcome = ({ passed, message }: Run) => (passed ? 'passed' : `failed: ${message}`)

function toRows({ checks }: Listed): readonly string[] {
  if (checks.length === 0) return ['No contract has a check.']
  const rows = checks.map(({ name, everySeconds, state, failures, runs: [last] }) => [
    ...[name, `${everySeconds} s`, failures > 1 ? `${state} (${failures})` : state],
    ...[last ? `${last.at} ${last.durationMs} ms` : 'none', last?.message ?? ''],
  ])
  return table([['CHECK', 'EVERY', 'STATE', 'LAST', ''], ...rows])
}
