import { readAnnouncement } from '../dev/announcement.ts'
import { printable } from '../dev/report.ts'
import { ConfigError, processConfig } from '../kernel/index.ts'
import type { AdminEndpoint, AdminOutput, AdminRequest } from '../protocol/admin/admin-endpoint.ts'
import { printJson, printLine } from './command.ts'
import { JSON_OPTION } from './form.ts'

/** Where the admin API is, and the key for it. */
export interface AdminOptions {
  /** The admin address of another Ebb, whose key is read from EBB_ADMIN_KEY. Default: the Ebb of this checkout. */
  readonly admin?: string | undefined
  readonly json?: boolean | undefined
}

/** The same as options of a form. */
export const ADMIN_OPTIONS = {
  admin: {
    value: 'URL',
    description: 'The admin address of another Ebb, whose key is in EBB_ADMIN_KEY. Default: the Ebb of this checkout.',
  },
  json: JSON_OPTION,
} as const

/**
 * Calls an endpoint of the admin API of the running Ebb, or of the one that `admin` names, and returns what it replies with.
 * Throws a ConfigError.
 */
export async function callAdmin<E extends AdminEndpoint>(
  project: string,
  endpoint: E,
  request: AdminRequest<E>,
  { admin }: AdminOptions = {},
): Promise<AdminOutput<E>> {
  // Each part is there where the endpoint takes it.
  const { params = {}, query = {}, body } = request as AnyRequest
  const target = admin ? { admin, adminKey: processConfig().EBB_ADMIN_KEY ?? '' } : await readAnnouncement(project)
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const response = await fetch(new URL(path + queryOf(query), target.admin), {
    method: endpoint.method,
    headers: {
      authorization: `Bearer ${target.adminKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((cause) => {
    const advice = admin
      ? 'see that its admin port is reached there, as by kubectl port-forward'
      : 'start it with npm start'
    throw new ConfigError(`no Ebb answers at ${target.admin}; ${advice}.`, { cause })
  })
  const text = await response.text()
  const advice = response.status === 401 && admin ? ' Set EBB_ADMIN_KEY to it.' : ''
  if (!response.ok) throw new ConfigError((problemText(text) ?? `${target.admin} answered ${response.status}`) + advice)
  // The admin API and this client have the same version.
  return ('text' in endpoint.reply ? text : text ? JSON.parse(text) : undefined) as AdminOutput<E>
}

interface AnyRequest {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
}

/** The query of these values, with its question mark; those that are undefined are left out. */
function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length > 0 ? `?${new URLSearchParams(given)}` : ''
}

function problemText(text: string): string | undefined {
  try {
    const { message, details = [] }: { message: string; details?: { path: string; message: string }[] } =
      JSON.parse(text)
    return [message, ...details.map(({ path, message }) => `${path}: ${message}`)].join('\n')
  } catch {
    return undefined
  }
}

/** Prints a result, as JSON or as lines. */
export function printResult<Result>(
  result: Result,
  toLines: (result: Result) => readonly string[],
  { json = false }: AdminOptions,
) {
  if (json) printJson(result)
  else printLine(printable(toLines(result).join('\n')))
}

/** Pads the cells of each column to the same width. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>((max, row) => row.map((cell, i) => Math.max(max[i] ?? 0, cell.length)), [])
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
