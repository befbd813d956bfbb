import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import PostalMime, { type Address } from 'postal-mime'
import type { ShownMail } from '../../protocol/admin/mails.ts'

const MAX_LISTED = 100
/** Attachments beyond it are not shown anyway. */
const MAX_BYTES = 4 * 1024 * 1024
const ENDING = '.eml'

/** Reads the mails that functions have written to a folder, each as its reader sees it. */
export interface MailFolder {
  /** The newest hundred, the newest first. */
  list(): Promise<readonly ShownMail[]>
  find(id: string): Promise<ShownMail | undefined>
}

/** The mails in a folder, which need not be there yet. */
export function createMailFolder(folder: string): MailFolder {
  const names = async () => (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(ENDING))
  const read = async (name: string): Promise<ShownMail> => {
    const path = join(folder, name)
    const { mtime } = await stat(path)
    const { from, to = [], subject = '', text = '', html, headers } = await PostalMime.parse(await readStart(path))
    const header = (wanted: string) => headers.find(({ key }) => key === wanted)?.value
    return {
      ...{ id: name.slice(0, -ENDING.length), at: mtime.toISOString(), subject },
      ...{ from: from ? textOf(from) : '', to: to.map(textOf), text, html: html ?? null },
      correlationId: header('x-correlation-id') ?? null,
      traceId: header('traceparent')?.split('-')[1] ?? null,
    }
  }
  return {
    async list() {
      const dated = await Promise.all(
        (await names()).map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
      )
      const newest = dated.toSorted((one, other) => other.at - one.at).slice(0, MAX_LISTED)
      return Promise.all(newest.map(({ name }) => read(name)))
    },
    async find(id) {
      // An id is one of the names that are there, and so never a path.
      const name = (await names()).find((one) => one === `${id}${ENDING}`)
      return name === undefined ? undefined : read(name)
    },
  }
}

async function readStart(path: string): Promise<Uint8Array> {
  await using file = await open(path)
  const { size } = await file.stat()
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(Math.min(size, MAX_BYTES)) })
  return buffer.subarray(0, bytesRead)
}

const textOf = ({ name, address }: Address) => (name ? `${name} <${address ?? ''}>` : (address ?? ''))
