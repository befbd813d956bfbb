import { once } from 'node:events'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../kernel/index.ts'
import * as endpoints from '../protocol/admin/events.ts'
import { type AdminOptions, callAdmin, printResult } from './admin-client.ts'

interface ArchiveOptions extends AdminOptions {
  /** YYYY-MM-DD. */
  readonly before?: string | undefined
  /** A folder, or `-`. */
  readonly to: string
  readonly record: boolean
}

interface ArchivedDay {
  readonly day: string
  readonly events?: number
  readonly file?: string
}

/**
 * Writes each day that is not archived into a file of its own, and records that it is. A file has its name when it is whole; whoever is
 * interrupted goes on with that day from its beginning.
 */
export async function archiveEvents(project: string, { before, to, record, ...options }: ArchiveOptions) {
  const { days } = await callAdmin(project, endpoints.listUnarchived, { query: { before } }, options)
  const done: ArchivedDay[] = []
  for (const day of days) {
    const pages = readPages(project, day, options)
    if (to === '-' && !record) {
      await writePages(pages, writeOut)
      continue
    }
    const archived = record ? { day } : await writeFile(to, day, pages)
    const body = archived.events === undefined ? {} : { events: archived.events }
    await callAdmin(project, endpoints.recordArchived, { params: { day }, body }, options)
    done.push(archived)
  }
  if (to !== '-' || record) printResult(done, toLines, options)
}

const toLines = (done: readonly ArchivedDay[]): readonly string[] => {
  if (done.length === 0) return ['Every day that is over is archived.']
  return done.map(({ day, events, file }) =>
    file === undefined ? `${day} is recorded as archived.` : `${file}: ${events} events`,
  )
}

/** Reads a day as NDJSON, a page after the other. */
async function* readPages(project: string, day: string, options: AdminOptions): AsyncGenerator<string> {
  for (let query = {}; ; ) {
    const page = await callAdmin(project, endpoints.readDay, { params: { day }, query }, options)
    if (page === '') return
    yield page
    // As the server has written it.
    const { event } = JSON.parse(page.slice(page.lastIndexOf('\n', page.length - 2) + 1)) as ArchivedEvent
    query = { afterTime: event.time, afterId: event.id }
  }
}

interface ArchivedEvent {
  readonly event: { readonly id: string; readonly time: string }
}

async function writeFile(folder: string, day: string, pages: AsyncIterable<string>): Promise<ArchivedDay> {
  const file = join(folder, `${day}.ndjson`)
  const part = `${file}.part`
  try {
    await mkdir(folder, { recursive: true })
    await using handle = await open(part, 'w')
    const events = await writePages(pages, (page) => handle.writeFile(page))
    await handle.sync()
    await rename(part, file)
    return { day, events, file }
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`${part} could not be written, and ${day} is not archived: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Returns how many lines it has written. */
async function writePages(pages: AsyncIterable<string>, write: (page: string) => Promise<void>): Promise<number> {
  let lines = 0
  for await (const page of pages) {
    await write(page)
    lines += page.split('\n').length - 1
  }
  return lines
}

/** Waits for whoever reads it. */
async function writeOut(page: string): Promise<void> {
  if (!process.stdout.write(page)) await once(process.stdout, 'drain')
}

/** Reads a day of the calendar. Throws a ConfigError. */
export function readDay(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text
  throw new ConfigError('--before must be a day such as 2026-11-01')
}
