import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type AnyContract,
  contractSet,
  describeSubscriber,
  type EndpointContract,
  isReceiver,
} from '../contract/index.ts'
import { checkSchedules } from '../deploy/check-schedules.ts'
import { tryContracts } from '../deploy/import-sources.ts'
import { type ReloadOutcome, readAnnouncement, waitForReload } from '../dev/announcement.ts'
import { ConfigError } from '../kernel/index.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'
import { changeFiles, readTable } from './new-change.ts'
import {
  authorizerFiles,
  endpointFiles,
  type Files,
  proxyFiles,
  receiveFiles,
  scheduleFiles,
  subscriberFiles,
} from './new-templates.ts'
import { versionFiles } from './new-version.ts'

export const newCommand: readonly Form[] = [
  form({
    description:
      'Write a working function with its test: an endpoint, with --on a subscriber of an event, with --change one of the changes of a table, with --schedule one that fires at times of its own, with --receive one that takes the webhooks of a provider, or with --authorizer one that says who calls; with --proxy only a contract, for a service that is there already.',
    arguments: {
      name: { value: 'VERB-NOUN', required: true, description: 'Its name, such as place-order.' },
    },
    options: {
      method: { value: 'METHOD', description: 'The HTTP method of the endpoint. Default: by the verb of its name.' },
      path: { value: 'PATH', description: 'The path of the endpoint, such as /v1/orders/{id}. Default: by its name.' },
      on: {
        value: 'EVENT-TYPE',
        description: 'The event to subscribe to, such as order.placed, which domain/ declares.',
      },
      change: {
        value: 'TABLE',
        description:
          "The table whose changes it takes, such as orders. Its columns are those of the running Ebb's database.",
      },
      schedule: {
        value: 'CRON',
        description: "When it fires, as minute, hour, day, month and weekday, such as '0 3 * * mon-fri'.",
      },
      receive: {
        value: 'PROVIDER',
        description:
          'Whose webhooks it takes: github, stripe, or standard for Standard Webhooks. Default for --path: /v1/receive/PROVIDER.',
      },
      authorizer: { description: 'Write an authorizer, which an endpoint names in `access`.' },
      proxy: {
        value: 'URL',
        description: 'Write a proxy to the service at this address. Default for --path: /NAME/*, and all below it.',
      },
      from: {
        value: 'NAME',
        completes: 'function',
        description:
          'Copy this endpoint as its next version, which stands beside it and is named by its `deprecated`. Default for --path: /v2/… for /v1/….',
      },
      json: JSON_OPTION,
    },
    examples: [
      'new list-invoices',
      'new get-order-v2 --from get-order',
      'new search-orders --method POST --path /v1/orders/search',
      'new note-order --on order.placed',
      'new follow-orders --change orders',
      "new close-books --schedule '0 3 * * *'",
      'new receive-stripe-webhook --receive stripe',
      'new check-partner --authorizer',
      "new old-shop --proxy http://localhost:8081 --path '/shop/*'",
    ],
    run: async (project, { name, json, ...options }) => {
      const files = await newFunction(project, name, options)
      if (!json) printLine(`${files.join('\n')}\n`)
      const outcome = await waitForReload(project, name, { isServed: true })
      if (json) printJson({ function: name, files, outcome })
      else printLine(`${RELOAD_MESSAGES[outcome]}${options.proxy ? '' : ` Its test: npm test -- functions/${name}`}`)
    },
  }),
]

const RELOAD_MESSAGES: Readonly<Record<ReloadOutcome, string>> = {
  reloaded: 'The running Ebb serves it.',
  late: 'The running Ebb does not serve it yet; its terminal says why.',
  'not-running': 'npm start serves it.',
}

interface NewFunctionOptions {
  readonly method?: string | undefined
  readonly path?: string | undefined
  /** The type of an event: makes a subscriber of it. */
  readonly on?: string | undefined
  /** A table: makes a subscriber of its changes. */
  readonly change?: string | undefined
  /** A cron: makes a schedule. */
  readonly schedule?: string | undefined
  /** A provider: makes what takes its webhooks. */
  readonly receive?: string | undefined
  readonly authorizer: boolean
  /** The address of a service: makes a proxy to it. */
  readonly proxy?: string | undefined
  /** An endpoint: makes the next version of it. */
  readonly from?: string | undefined
}

const FUNCTION_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/

/**
 * Writes the folder of a new function, completely or not at all, and returns its files. Throws a ConfigError, and writes
 * nothing, if its contract would contradict itself or another one.
 */
async function newFunction(project: string, name: string, options: NewFunctionOptions): Promise<readonly string[]> {
  if (!FUNCTION_NAME.test(name) || name.length > 40) {
    throw new ConfigError(`"${name}" is not a verb-noun such as place-order: up to 40 of a-z, 0-9 and -`)
  }
  const folder = join(project, 'functions', name)
  const exists = new ConfigError(`functions/${name} exists already; choose another name, or remove it first`)
  if (await stat(folder).catch(() => undefined)) throw exists
  const { files, also = {} } = await filesOf(project, name, options)
  await mkdir(join(project, 'functions'), { recursive: true })
  // Beside the others, so that its imports resolve; a folder with a dot is not taken for a function.
  const unfinished = await mkdtemp(join(project, 'functions/.new-'))
  try {
    for (const [file, text] of Object.entries(files)) await writeFile(join(unfinished, file), text)
    await assertFits(project, name, unfinished)
    await rename(unfinished, folder)
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true })
    const { code } = Object(cause) as { code?: string }
    throw code === 'ENOTEMPTY' || code === 'EEXIST' ? exists : cause
  }
  for (const [file, text] of Object.entries(also)) await writeFile(join(project, file), text)
  return [...Object.keys(files).map((file) => `functions/${name}/${file}`), ...Object.keys(also)]
}

/** Throws if the contract contradicts itself or one of the others. */
async function assertFits(project: string, name: string, folder: string) {
  try {
    const { default: contract }: { default: AnyContract } = await import(
      pathToFileURL(join(folder, 'contract.ts')).href
    )
    const { contracts } = await tryContracts(project)
    const authorizers = Object.entries(contracts).filter(([, theirs]) => theirs.kind === 'authorizer')
    checkSchedules(isReceiver(contract) ? [describeSubscriber(contract)] : [])
    for (const [other, theirs] of Object.entries(contracts))
      contractSet({ ...Object.fromEntries(authorizers), [other]: alone(theirs), [name]: alone(contract) }, undefined)
  } catch (cause) {
    const sentence = (cause instanceof Error ? cause.message : String(cause)).replace(/^functions\/\S+ /, '')
    throw new ConfigError(`${name} would not be valid, and nothing was written: ${sentence}`, { cause })
  }
}

/** A contract without what it says of others, which are not looked at together: one that is broken keeps nobody from a new one. */
function alone(contract: AnyContract): AnyContract {
  const { calls: _calls, deprecated: _deprecated, ...rest } = contract as AnyContract & Partial<EndpointContract>
  // What is left out is optional in each kind of contract.
  return rest as AnyContract
}

/** What is written: the new function's own files, and files of the project that change with it. */
interface Written {
  readonly files: Files
  readonly also?: Files
}

async function filesOf(project: string, name: string, { from, ...options }: NewFunctionOptions): Promise<Written> {
  if (from === undefined) return { files: await templateFiles(project, name, options) }
  const { path, authorizer, ...others } = options
  if (authorizer || Object.values(others).some((value) => value !== undefined))
    throw new ConfigError('a next version is what the endpoint before it is: leave all but --from and --path out')
  const { files, deprecated } = await versionFiles(project, { name, from, path })
  return { files, also: { [`functions/${from}/contract.ts`]: deprecated } }
}

async function templateFiles(project: string, name: string, options: Omit<NewFunctionOptions, 'from'>): Promise<Files> {
  const { method, path, on, change, schedule, receive, authorizer, proxy } = options
  if (change !== undefined) {
    if (method ?? path ?? on ?? schedule ?? receive ?? proxy ?? (authorizer || undefined))
      throw new ConfigError(
        'what takes the changes of a table has no other event, no path and no times: leave all but --change out',
      )
    const { DATABASE_URL = '' } = (await readAnnouncement(project)).urls
    return changeFiles({ name, table: await readTable(DATABASE_URL, change) })
  }
  if (receive !== undefined) {
    if (method ?? on ?? schedule ?? proxy ?? (authorizer || undefined))
      throw new ConfigError(
        'what takes webhooks has no method, no event and no times: leave all but --receive and --path out',
      )
    return receiveFiles({ name, provider: receive, path: path ?? `/v1/receive/${receive}` })
  }
  if (schedule !== undefined) {
    if (method ?? path ?? on ?? proxy ?? (authorizer || undefined))
      throw new ConfigError('a schedule has no method, no path and no event: leave all but --schedule out')
    return scheduleFiles({ name, cron: schedule })
  }
  if (proxy !== undefined) {
    if (method ?? on ?? (authorizer || undefined))
      throw new ConfigError(
        'a proxy passes all methods on and takes no events: leave --method, --on and --authorizer out',
      )
    return proxyFiles({ name, path: path ?? `/${name}/*`, url: proxy })
  }
  if (authorizer) {
    if (method ?? path ?? on) throw new ConfigError('an authorizer has no method, no path and no event: leave them out')
    return authorizerFiles({ name })
  }
  if (on === undefined)
    return endpointFiles({ name, ...defaultRoute(name), ...withoutUndefined({ method: method?.toUpperCase(), path }) })
  const events = await findEvents(project)
  const event = events.find(({ type }) => type === on)
  if (event) return subscriberFiles({ name, on: event })
  const known = events.map(({ type }) => type).join(', ')
  throw new ConfigError(`no file of domain/ declares the event ${on}; there are ${known || 'none'}`)
}

const withoutUndefined = (values: { method: string | undefined; path: string | undefined }) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))

/** The usual method and path of a verb: `list-orders` is GET /v1/orders, `get-order` GET /v1/orders/{id}. */
function defaultRoute(name: string): { readonly method: string; readonly path: string } {
  const [verb = '', ...rest] = name.split('-')
  const noun = rest.join('-')
  const many = `/v1/${noun.endsWith('s') ? noun : `${noun}s`}`
  if (verb === 'list' || verb === 'search') return { method: 'GET', path: many }
  if (verb === 'get' || verb === 'read') return { method: 'GET', path: `${many}/{id}` }
  if (verb === 'update' || verb === 'change') return { method: 'PATCH', path: `${many}/{id}` }
  if (verb === 'remove' || verb === 'delete') return { method: 'DELETE', path: `${many}/{id}` }
  if (verb === 'create' || verb === 'add' || verb === 'place') return { method: 'POST', path: many }
  return { method: 'POST', path: `/v1/${name}` }
}

/** The events that domain/ declares, with the constant and the file to import each from. */
async function findEvents(project: string) {
  const folder = join(project, 'domain')
  const names = existsSync(folder) ? await readdir(folder) : []
  const files = names.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts')).sort()
  const found = files.map(async (file) => {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(folder, file)).href)
    return Object.entries(exported).flatMap(([constant, value]) => {
      const { kind, type } = Object(value) as { kind?: unknown; type?: unknown }
      return kind === 'event' ? [{ constant, file, type: String(type) }] : []
    })
  })
  return (await Promise.all(found)).flat()
}
