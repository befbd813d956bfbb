import { relative } from 'node:path'
import { styleText } from 'node:util'
import type { ContractSet, Route } from '../contract/index.ts'
import type { Roles } from '../deploy/import-sources.ts'
import type { FunctionStatus } from '../protocol/index.ts'
import { type DevEvent, printable, type Report } from './report.ts'

interface TerminalReporterOptions {
  /** The checkout. */
  readonly root: string
  readonly contracts: () => ContractSet
  readonly statuses: () => readonly FunctionStatus[]
  /** Further lines of the welcome, such as the mail folder, by label. */
  readonly notes: Readonly<Record<string, string>>
  readonly roles: Roles
}

/** Reports to people: first the addresses and endpoints, then one line for each event. */
export function createTerminalReporter(options: TerminalReporterOptions): Report {
  return (told) => {
    const text = told.event === 'ready' ? welcome(told, options) : formatEvent(sanitize(told), options)
    if (text) process.stdout.write(`${text}\n`)
  }
}

/** Texts may come from callers and handlers: they must not forge lines of the report or control the terminal. */
const sanitize = (told: DevEvent): DevEvent => {
  const fields = Object.entries(told).map(([name, value]) => {
    return [name, typeof value === 'string' ? printable(value).replaceAll('\n', INDENT) : value]
  })
  // The same fields, with the same types.
  return Object.fromEntries(fields) as DevEvent
}
const INDENT = `\n${' '.repeat(15)}`

const dim = (text: string) => styleText('dim', text)
const bold = (text: string) => styleText('bold', text)

function welcome(
  { url, admin, keys, readyMs }: Extract<DevEvent, { event: 'ready' }>,
  { contracts, notes, roles }: TerminalReporterOptions,
): string {
  const { routes, subscriptions } = contracts()
  const facts = { API: bold(url), Docs: `${url}/docs`, Admin: admin, ...notes }
  const names = [...routes, ...subscriptions].map(({ name }) => name.length)
  const width = Math.max(0, ...names)
  return [
    '',
    `  ${bold('Ebb')} is ready ${dim(`in ${seconds(readyMs)}; no function runs until somebody calls it`)}`,
    '',
    ...Object.entries(facts).map(([name, value]) => `  ${dim(name.padEnd(8))} ${value}`),
    ...Object.entries(keys).map(([role, key]) => `  ${dim('Key'.padEnd(8))} ${key} ${dim(role)}`),
    '',
    ...routes.map(
      (route) => `  ${route.name.padEnd(width)}  ${dim(`${route.method} ${route.path}  ${describeAccess(route)}`)}`,
    ),
    ...subscriptions.map(({ name, on }) => `  ${name.padEnd(width)}  ${dim(`on ${on}`)}`),
    ...tryIt(routes, { url, keys, roles }),
    '',
    dim('  Ctrl-C stops everything; data stay.'),
    '',
  ].join('\n')
}

/** Who may call, in a few words: without scopes any key may. */
const describeAccess = ({ anonymous, scopes, owner }: Route) =>
  anonymous ? 'anybody' : [...(owner ? ['owner'] : []), ...scopes].join(', ') || 'any key'

/** A curl command for the first example that the first key may send. */
function tryIt(
  routes: readonly Route[],
  { url, keys, roles }: { url: string; keys: Readonly<Record<string, string>>; roles: Roles },
): readonly string[] {
  const [role = '', key] = Object.entries(keys)[0] ?? []
  const may = ({ scopes }: Route) => scopes.every((scope) => roles[role]?.includes(scope))
  const route = routes.find((one) => one.exampleBody !== undefined && may(one))
  if (!route || !key) return []
  return [
    '',
    `  curl -i ${url}${route.path} \\`,
    `    -H 'X-API-Key: ${key}' \\`,
    ...(route.idempotent ? [`    -H 'Idempotency-Key: first' \\`] : []),
    `    -H 'Content-Type: application/json' -d '${JSON.stringify(route.exampleBody).replaceAll("'", "'\\''")}'`,
  ]
}

function formatEvent(told: DevEvent, { statuses, root }: TerminalReporterOptions): string | undefined {
  const clock = dim(new Date().toTimeString().slice(0, 8))
  const count = (name: string) => {
    const status = statuses().find((one) => one.name === name)
    const starts = status?.coldStarts === 1 ? '1 cold start' : `${status?.coldStarts ?? 0} cold starts`
    return `${status?.instances ?? 0} running, ${starts}`
  }
  switch (told.event) {
    case 'spawn':
      return `${clock}  ${styleText('cyan', ' up')}  ${told.function} ${dim(`started in ${told.coldStartMs} ms; ${count(told.function)}`)}`
    case 'idle-stop':
      return `${clock}  ${styleText('cyan', 'off')}  ${told.function} ${dim(`idle for ${seconds(told.idleMs)}; ${count(told.function)}`)}`
    case 'request': {
      const { status = 0, method, path, durationMs, function: name, reason } = told
      const who = reason ? `no function woken: ${reason}` : (name ?? '')
      return `${clock}  ${colouredStatus(status)}  ${method} ${path} ${dim(`${durationMs} ms  ${who}${told.cold ? ', cold' : ''}`)}`
    }
    case 'delivery': {
      const { status, type, attempt, outcome, durationMs, retryInMs, function: name } = told
      const next = retryInMs === undefined ? '' : `, again in ${seconds(Number(retryInMs))}`
      return `${clock}  ${colouredStatus(status ?? 599)}  ${type} → ${name} ${dim(`${durationMs} ms  ${outcome}, attempt ${attempt}${next}`)}`
    }
    case 'fault': {
      const next = typeof told.nextStartInMs === 'number' ? dim(` (again in ${seconds(told.nextStartInMs)})`) : ''
      return `${clock}  ${styleText('red', ' !!')}  ${told.part}: ${ownFrames(told.message, root)}${next}`
    }
    case 'reload': {
      const say = (tag: string, names: readonly string[], what: string) =>
        names.length > 0
          ? [`${clock}  ${styleText('cyan', tag)}  ${names.join(', ')} ${dim(`${what} after ${told.tookMs} ms`)}`]
          : []
      return [...say('new', told.functions, 'served'), ...say('end', told.removed, 'removed')].join('\n')
    }
    case 'stopped':
      return dim('  Ebb has stopped; data stay.')
    case 'log':
      return `${clock}       ${told.part}: ${told.message}`
    default:
      return undefined
  }
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`

function colouredStatus(status: number): string {
  const colour = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green'
  return styleText(colour, String(status === 599 ? ' !!' : status))
}

const FRAME = /^\s+at /

/** A stack with only the frames of the team's sources, relative to the checkout; the whole stack if it has none of them. */
function ownFrames(stack: string, root: string): string {
  const isOwn = (line: string) => line.includes(`${root}/functions/`) || line.includes(`${root}/domain/`)
  const lines = stack.split('\n')
  const kept = lines.some((line) => FRAME.test(line) && isOwn(line))
    ? lines.filter((line) => !FRAME.test(line) || isOwn(line))
    : lines
  return kept.join('\n').replaceAll(`${root}/`, relative(process.cwd(), root) ? `${root}/` : '')
}
