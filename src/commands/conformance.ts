import {
  addConformanceFunctions,
  type Outcome,
  removeConformanceFunctions,
  runConformance,
  type Target,
} from '../conformance/index.ts'
import { tryContracts } from '../deploy/import-sources.ts'
import { findRunning } from '../dev/announcement.ts'
import { printable } from '../dev/report.ts'
import { ConfigError, processConfig } from '../kernel/index.ts'
import { printJson, printLine } from './command.ts'
import { requireEnvironment } from './environments.ts'
import { type Form, form, JSON_OPTION } from './form.ts'
import { checkMatrix } from './matrix.ts'

export const conformanceCommand: readonly Form[] = [
  form({
    description:
      'Check whether an Ebb keeps what it promises to its callers. What the examples of its contracts ask for takes effect there. ' +
      'Cases that no contract offers anything for are skipped.',
    options: {
      url: {
        value: 'URL',
        read: readUrl('--url'),
        description: 'The address of its gateway. Default: the Ebb that runs here.',
      },
      admin: {
        value: 'URL',
        read: readUrl('--admin'),
        description:
          'Its admin address, whose key is in EBB_ADMIN_KEY: callers are made, and their keys revoked at the end.',
      },
      env: { value: 'NAME', description: 'The environment of environments/ that it is, in place of --url.' },
      key: { value: 'KEY', description: 'Without an admin address: an API key with the scopes of the endpoints.' },
      only: { value: 'TEXT', repeated: true, description: 'Only cases with this in their names.' },
      json: JSON_OPTION,
    },
    examples: ['conformance', 'conformance --url https://api.example.com --key "$KEY" --only idempotency'],
    run: (project, options) => checkAndPrint(project, options),
  }),
  form({
    word: 'matrix',
    description:
      'Ask every cell of who may do what: each role and stranger × method × path × whose it is, with the right answers read from the contracts alone. ' +
      'What callers who may call ask for takes effect there.',
    options: {
      url: {
        value: 'URL',
        read: readUrl('--url'),
        description: 'The address of its gateway. Default: the Ebb that runs here.',
      },
      admin: {
        value: 'URL',
        read: readUrl('--admin'),
        description:
          'Its admin address, whose key is in EBB_ADMIN_KEY: callers are made, and their keys revoked at the end.',
      },
      json: JSON_OPTION,
    },
    examples: [
      'conformance matrix',
      'conformance matrix --url https://staging.example.com --admin http://localhost:8081',
    ],
    run: (project, options) => checkMatrix(project, options),
  }),
  form({
    word: 'add',
    description: 'Write functions into functions/ that every case can run on, without a table.',
    examples: ['conformance add'],
    run: (project) => add(project),
  }),
  form({
    word: 'remove',
    description: 'Take these functions away again.',
    examples: ['conformance remove'],
    run: (project) => remove(project),
  }),
]

function readUrl(option: string) {
  return (given: string): string => {
    if (/^https?:$/.test(URL.parse(given)?.protocol ?? '')) return given
    throw new ConfigError(`${option} must be http:// or https://`)
  }
}

async function add(project: string) {
  printLine((await addConformanceFunctions(project)).map((folder) => `wrote ${folder}`).join('\n'))
  printLine('\nDeploy them as any function (npx ebb render); npx ebb conformance remove takes them away.')
}

async function remove(project: string) {
  const folders = await removeConformanceFunctions(project)
  if (folders.length === 0) return printLine('There are no conformance functions here.')
  printLine(folders.map((folder) => `removed ${folder}`).join('\n'))
  printLine('\nWhat is deployed of them goes with the next deployment (npx ebb render).')
}

interface ConformanceOptions {
  readonly url: string | undefined
  readonly admin: string | undefined
  readonly key: string | undefined
  readonly env: string | undefined
  readonly only: readonly string[]
  readonly json: boolean
}

/** The Ebb that the options name, or the one that runs here. */
async function targetOf(project: string, { admin, key, env, ...given }: ConformanceOptions): Promise<Target> {
  const { contracts } = await tryContracts(project)
  const url = given.url ?? (env === undefined ? undefined : (await requireEnvironment(project, contracts, env)).url)
  if (url === undefined) {
    if (admin !== undefined || key !== undefined)
      throw new ConfigError('--admin and --key are of an Ebb that --url names')
    const running = await findRunning(project)
    if (!running) throw new ConfigError('no Ebb runs here; start it with npm start, or name one with --url.')
    return { contracts, url: running.url, admin: { url: running.admin, key: running.adminKey } }
  }
  if (admin === undefined) return { contracts, url, key }
  const adminKey = processConfig().EBB_ADMIN_KEY
  if (!adminKey) throw new ConfigError('--admin needs the admin key of that Ebb in EBB_ADMIN_KEY')
  return { contracts, url, admin: { url: admin, key: adminKey } }
}

async function checkAndPrint(project: string, options: ConformanceOptions) {
  const { only, json } = options
  const target = await targetOf(project, options)
  const onOutcome = json ? () => {} : (outcome: Outcome) => printLine(printable(toLines(outcome)))
  const cases = await runConformance(target, { only, onOutcome }).catch((cause: Error) => {
    throw new ConfigError(`no Ebb answers at ${target.url}: ${cause.message}`, { cause })
  })
  const count = (wanted: Outcome['outcome']) => cases.filter(({ outcome }) => outcome === wanted).length
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')]
  const ok = passed > 0 && failed === 0
  if (json) printJson({ url: target.url, ok, passed, failed, skipped, cases })
  else printLine(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  if (!ok) process.exitCode = 1
}

function toLines({ name, outcome, why, tookMs }: Outcome): string {
  const mark = outcome === 'failed' ? 'FAILED' : outcome
  const rest = outcome === 'passed' ? ` (${tookMs} ms)` : `\n         ${why?.replaceAll('\n', '\n         ')}`
  return `${mark.padEnd(9)}${name}${rest}`
}
