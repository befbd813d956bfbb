import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readAnnouncement } from '../../dev/announcement.ts'
import { ConfigError } from '../../kernel/index.ts'
import { changeFiles, readTable } from './change.ts'
import {
  authorizerFiles,
  endpointFiles,
  type Files,
  proxyFiles,
  receiveFiles,
  scheduleFiles,
  subscriberFiles,
} from './templates.ts'
import { versionFiles } from './version.ts'

export interface NewFunctionOptions {
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

/** What is written: the new function's own files, and files of the project that change with it. */
interface Written {
  readonly files: Files
  readonly also?: Files
}

/** The files of a new function, by what it is to be. Throws a ConfigError where options contradict each other. */
export async function chooseFiles(
  project: string,
  name: string,
  { from, ...options }: NewFunctionOptions,
): Promise<Written> {
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
