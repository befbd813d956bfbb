import { setTimeout as delay } from 'node:timers/promises'
import { printable } from '../dev/report.ts'
import { ConfigError } from '../kernel/index.ts'
import { listDead } from '../protocol/admin/events.ts'
import { listBreakers, listFunctions } from '../protocol/admin/gateway.ts'
import { listRequests, showTraffic } from '../protocol/admin/requests.ts'
import { listGateways } from '../protocol/admin/settings.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin } from './admin-client.ts'
import { onInterrupt, printJson } from './command.ts'
import { type Form, form } from './form.ts'
import { drawTop, type TopView } from './top/draw-top.ts'

export const topCommand: readonly Form[] = [
  form({
    description:
      'Show what functions do now: requests, errors, cold starts and times of the last ten minutes, dead letters, and what failed last. Until Ctrl-C.',
    options: {
      once: { description: 'Print it once. Default where the output is no terminal.' },
      every: { value: 'SECONDS', read: readSeconds, description: 'How often it is asked for. Default: 2.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['top', 'top --once', 'top --every 10 --admin http://localhost:8081'],
    run: (project, options) => showTop(project, options),
  }),
]

const FAILURES = 5
const DEFAULT_SECONDS = 2
const [COLUMNS, ROWS] = [80, 24]
/** Homes the cursor and draws over what is there: to clear first would flicker. */
const [HOME, CLEAR_LINE, CLEAR_REST] = ['\u001b[H', '\u001b[K', '\u001b[J']
const [ENTER, LEAVE] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l']

function readSeconds(text: string): number {
  const seconds = Number(text)
  if (seconds >= 1 && seconds <= 3_600) return seconds
  throw new ConfigError('--every must be from 1 to 3600 seconds')
}

interface TopOptions extends AdminOptions {
  readonly once: boolean
  readonly every: number | undefined
}

async function showTop(project: string, { once, every = DEFAULT_SECONDS, json, ...options }: TopOptions) {
  const { stdout } = process
  const view = await readView(project, options)
  if (json) return printJson(view)
  if (once || !stdout.isTTY)
    return void stdout.write(`${drawTop(view, { columns: COLUMNS }).map(printable).join('\n')}\n`)
  onInterrupt(() => {
    stdout.write(LEAVE)
    process.exit(0)
  })
  stdout.write(ENTER)
  const draw = (lines: readonly string[]) =>
    stdout.write(`${HOME}${lines.map((line) => `${printable(line)}${CLEAR_LINE}`).join('\n')}${CLEAR_REST}`)
  for (let shown: TopView | string = view; ; shown = await readView(project, options).catch(({ message }) => message)) {
    const size = { columns: stdout.columns || COLUMNS, rows: stdout.rows || ROWS }
    draw(typeof shown === 'string' ? [shown] : drawTop(shown, size))
    await delay(every * 1_000)
  }
}

/** All that it shows, of one moment. */
async function readView(project: string, options: AdminOptions): Promise<TopView> {
  const [{ gateways }, traffic, functions, { breakers }, { requests: failures }, { counts: dead }] = await Promise.all([
    callAdmin(project, listGateways, {}, options),
    callAdmin(project, showTraffic, {}, options),
    callAdmin(project, listFunctions, {}, options),
    callAdmin(project, listBreakers, {}, options),
    callAdmin(project, listRequests, { query: { status: '5xx', limit: String(FAILURES) } }, options),
    callAdmin(project, listDead, { query: { limit: '1' } }, options),
  ])
  return { at: new Date().toISOString(), gateways, traffic, functions, breakers, failures, dead }
}
