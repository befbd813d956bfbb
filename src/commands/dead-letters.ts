import { readFile } from 'node:fs/promises'
import { ConfigError } from '../kernel/index.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import * as endpoints from '../protocol/admin/events.ts'
import { type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'

interface EditOptions extends AdminOptions {
  readonly consumer: string
  /** JSON, or `@` and a file that has it. */
  readonly data: string
}

/** Replaces the data of a dead letter for one subscriber. */
export async function editDelivery(project: string, id: string, { consumer, data, ...options }: EditOptions) {
  const text = data.startsWith('@') ? await readFile(data.slice(1), 'utf8') : data
  const params = { id, consumer }
  await callAdmin(project, endpoints.editDelivery, { params, body: { data: readJson(text) } }, options)
  printResult({ id, consumer }, () => [`${consumer} gets these data when ${id} is redriven.`], options)
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`--data must be JSON, or @FILE with JSON in it: ${(cause as Error).message}`, { cause })
  }
}

interface DropOptions extends AdminOptions {
  readonly type?: string | undefined
  readonly consumer?: string | undefined
  readonly id?: string | undefined
  readonly before?: string | undefined
  readonly after?: string | undefined
  readonly limit?: string | undefined
  readonly reason: string
  readonly dryRun: boolean
}

/** Gives dead letters up for good, or with `dryRun` only lists them. */
export async function dropEvents(
  project: string,
  { type, consumer, id, before, after, limit, reason, dryRun, ...options }: DropOptions,
) {
  const body = {
    ...{ type, consumer, id, before, after, reason, dryRun },
    limit: limit === undefined ? undefined : Number(limit),
  }
  printResult(await callAdmin(project, endpoints.dropEvents, { body }, options), toLines, options)
}

function toLines({ deliveries, dryRun, more }: AdminOutput<typeof endpoints.dropEvents>): readonly string[] {
  if (deliveries.length === 0) return ['No dead delivery matches.']
  const word = dryRun ? 'would be dropped' : 'dropped'
  return [
    ...table([
      ['EVENT', 'TYPE', 'SUBSCRIBER', 'ATTEMPTS', dryRun ? 'IF IT WERE DROPPED' : 'NOW'],
      ...deliveries.map(({ eventId, type, consumer, attempts }) => [eventId, type, consumer, String(attempts), word]),
    ]),
    ...(more ? ['There are more: raise --limit, or run it again.'] : []),
  ]
}
