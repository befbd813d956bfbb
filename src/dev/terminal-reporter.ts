import { relative } from 'node:path'
import { type ContractSet, functionsOf, type Route, type Subscription } from '../contract/index.ts'
import type { Roles } from '../deploy/import-sources.ts'
import type { FunctionStatus } from '../protocol/index.ts'
import { paint } from './paint.ts'
import { type DevEvent, printable, type Report } from './report.ts'

interface TerminalReporterOptions {
  /** The checkout. */
  readonly project: string
  readonly contracts: () => ContractSet
  readonly statuses: () => readonly FunctionStatus[]
  /** Further lines of the welcome, such as the mail folder, by label. */
  readonly notes: Readonly<Record<string, string>>
  readonly roles: Roles
}

/** Reports to people: first the addresses and endpoints, then one line for each event. */
export function createTerminalReporter(options: TerminalReporterOptions): Report {
  return (event) => {
    const text = event.event === 'ready' ? welcome(event, options) : formatEvent(sanitize(event), options)
    if (text) process.stdout.write(`${text}\n`)
  }
}

/** Texts may come from callers and handlers: they must not forge lines of the report or control the terminal. */
const sanitize = (event: DevEvent): DevEvent => {
  const fields = Object.entries(event).map(([name, value]) => {
    return [name, typeof value === 'string' ? printable(value).replaceAll('\n', INDENT) : value]
  })
  // The same fields, with the same types.
  return Object.fromEntries(fields) as DevEvent
}
const INDENT = `\n${' '.repeat(15)}`

const dim = (text: string) => paint('dim', text)
const bold = (text: string) => paint('bold', text)

function welcome(
  { url, admin, console: opens, keys, readyMs }: Extract<DevEvent, { event: 'ready' }>,
  { contracts, notes, roles }: TerminalReporterOptions,
): string {
  const set = contracts()
  const { routes, subscriptions, authorizers, internals = [] } = set
  const addresses = {
    API: bold(url),
    Docs: `${url}/docs`,
    Guide: `${url}/docs/guide`,
    Console: opens,
    Admin: admin,
    ...notes,
  }
  const names = [...functionsOf(set), ...routes].map(({ name }) => name.length)
  const width = Math.max(0, ...names)
  const none = '  There is no function yet; npx ebb new say-hello writes one.'
  return [
    '',
    `  ${bold('Ebb')} is ready ${dim(`in ${seconds(readyMs)}; functions start when they are called`)}`,
    '',
    ...Object.entries(addresses).map(([name, value]) => `  ${dim(name.padEnd(8))} ${value}`),
    ...Object.entries(keys).map(([role, key]) => `  ${dim('Key'.padEnd(8))} ${key} ${dim(role)}`),
    '',
    ...routes.map(
      (route) =>
        `  ${route.name.padEnd(width)}  ${dim(`${route.method} ${route.path}  ${describeAccess(route)}${describeService(route)}`)}`,
    ),
    ...internals.map(({ name }) => `  ${name.padEnd(width)}  ${dim('internal: called by other functions')}`),
    ...subscriptions.map((one) => `  ${one.name.padEnd(width)}  ${dim(describeEvent(one))}`),
    ...authorizers.map(({ name }) => `  ${name.padEnd(width)}  ${dim('says who calls')}`),
    ...(names.length === 0 ? [none] : []),
    ...tryIt(routes, { url, keys, roles }),
    '',
    dim('  Ctrl-C stops everything; the data are kept.'),
    '',
  ].join('\n')
}

/** What a function gets events of. */
const describeEvent = ({ on, schedule }: Subscription) =>
  schedule ? `at ${schedule.cron} ${schedule.timeZone}` : `on ${on}`

/** Who may call, in a few words: without scopes any key may. */
const describeAccess = ({ anonymous, scopes, owner, policy, authorizer, tenancy }: Route) => {
  if (anonymous) return 'anyone'
  const needed = [...(owner ? ['owner'] : []), ...(policy ? ['policy'] : []), ...scopes].join(', ')
  const who = authorizer ? [`by ${authorizer}`, ...(needed ? [needed] : [])].join(', ') : needed || 'any key'
  return tenancy ? `${who}, of a tenant` : who
}

const describeService = ({ upstream }: Route) => (upstream ? `, at ${upstream.origin}${upstream.prefix}` : '')

/** A curl command for the first example that the first key may send. */
function tryIt(
  routes: readonly Route[],
  { url, keys, roles }: { url: string; keys: Readonly<Record<string, string>>; roles: Roles },
): readonly string[] {
  const [role = '', key] = Object.entries(keys)[0] ?? []
  const canCall = ({ scopes, authorizer }: Route) =>
    !authorizer && scopes.every((scope) => roles[role]?.includes(scope))
  const route = routes.find((one) => one.exampleBody !== undefined && canCall(one))
  if (!route || !key) return []
  return [
    '',
    `  curl -i ${url}${route.path} \\`,
    `    -H 'X-API-Key: ${key}' \\`,
    ...(route.idempotent ? [`    -H 'Idempotency-Key: first' \\`] : []),
    `    -H 'Content-Type: application/json' -d '${JSON.stringify(route.exampleBody).replaceAll("'", "'\\''")}'`,
  ]
}

function formatEvent(event: DevEvent, { statuses, project }: TerminalReporterOptions): string | undefined {
  const clock = dim(new Date().toTimeString().slice(0, 8))
  const count = (name: string) => {
    const status = statuses().find((one) => one.name === name)
    const starts = status?.coldStarts === 1 ? '1 cold start' : `${status?.coldStarts ?? 0} cold starts`
    return `${status?.instances ?? 0} running, ${starts}`
  }
  switch (event.event) {
    case 'spawn':
      return `${clock}  ${paint('cyan', ' up')}  ${event.function} ${dim(`started in ${event.coldStartMs} ms; ${count(event.function)}`)}`
    case 'idle-stop':
      return `${clock}  ${paint('cyan', 'off')}  ${event.function} ${dim(`idle for ${seconds(event.idleMs)}; ${count(event.function)}`)}`
    case 'request': {
      const { status = 0, method, path, durationMs, function: name, reason } = event
      const target = reason ? `no function invoked: ${reason}` : (name ?? '')
      return `${clock}  ${colouredStatus(status)}  ${method} ${path} ${dim(`${durationMs} ms  ${target}${event.cold ? ', cold' : ''}`)}`
    }
    case 'delivery': {
      const { status, type, attempt, outcome, durationMs, retryInMs, function: name } = event
      const next = retryInMs === undefined ? '' : `, again in ${seconds(Number(retryInMs))}`
      return `${clock}  ${colouredStatus(status ?? 599)}  ${type} → ${name} ${dim(`${durationMs} ms  ${outcome}, attempt ${attempt}${next}`)}`
    }
    case 'fault': {
      const next = typeof event.nextStartInMs === 'number' ? dim(` (again in ${seconds(event.nextStartInMs)})`) : ''
      return `${clock}  ${paint('red', ' !!')}  ${event.part}: ${ownFrames(event.message, project)}${next}`
    }
    case 'reload': {
      const line = (tag: string, names: readonly string[], verb: string) =>
        names.length > 0
          ? [`${clock}  ${paint('cyan', tag)}  ${names.join(', ')} ${dim(`${verb} after ${event.tookMs} ms`)}`]
          : []
      return [...line('new', event.functions, 'served'), ...line('end', event.removed, 'removed')].join('\n')
    }
    case 'stopped':
      return dim('  Ebb has stopped; the data are kept.')
    case 'log':
      return `${clock}       ${event.part}: ${event.message}`
    default:
      return undefined
  }
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`

function colouredStatus(status: number): string {
  const colour = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green'
  return paint(colour, String(status === 599 ? ' !!' : status))
}

const FRAME = /^\s+at /

/** A stack with only the frames of the team's sources, relative to the checkout; the whole stack if it has none of them. */
function ownFrames(stack: string, project: string): string {
  const isOwn = (line: string) => line.includes(`${project}/functions/`) || line.includes(`${project}/domain/`)
  const lines = stack.split('\n')
  const kept = lines.some((line) => FRAME.test(line) && isOwn(line))
    ? lines.filter((line) => !FRAME.test(line) || isOwn(line))
    : lines
  return kept.join('\n').replaceAll(`${project}/`, relative(process.cwd(), project) ? `${project}/` : '')
}
