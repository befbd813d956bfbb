import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Received } from './object-files.ts'

/** An upload that comes in parts. */
export interface PartUpload {
  readonly id: string
  readonly key: string
  readonly type: string
  /** By number. */
  readonly parts: Record<string, Received>
}

/** The uploads that are under way, in a file of the folder: one that is killed goes on after the next start. */
export interface PartUploads {
  begin(key: string, type: string): Promise<PartUpload>
  find(key: string, id: string): PartUpload | undefined
  list(prefix: string): readonly PartUpload[]
  /** Returns the part whose place it took. */
  put(upload: PartUpload, number: number, received: Received): Promise<Received | undefined>
  end(upload: PartUpload): Promise<void>
  isKept(file: string): boolean
}

export function openPartUploads(folder: string): PartUploads {
  const path = join(folder, 'uploads.json')
  const uploads = new Map<string, PartUpload>(read(path).map((upload) => [upload.id, upload]))
  let writing = Promise.resolve()
  const save = () => {
    writing = writing
      .catch(() => {})
      .then(async () => {
        await writeFile(`${path}.new`, JSON.stringify([...uploads.values()]), { mode: 0o600 })
        await rename(`${path}.new`, path)
      })
    return writing
  }
  return {
    begin: async (key, type) => {
      const upload: PartUpload = { id: randomUUID(), key, type, parts: {} }
      uploads.set(upload.id, upload)
      await save()
      return upload
    },
    find: (key, id) => {
      const upload = uploads.get(id)
      return upload?.key === key ? upload : undefined
    },
    list: (prefix) => [...uploads.values()].filter(({ key }) => key.startsWith(prefix)),
    put: async (upload, number, received) => {
      const before = upload.parts[number]
      upload.parts[number] = received
      await save()
      return before
    },
    end: async ({ id }) => {
      uploads.delete(id)
      await save()
    },
    isKept: (file) =>
      [...uploads.values()].some(({ parts }) => Object.values(parts).some((part) => part.file === file)),
  }
}

function read(path: string): readonly PartUpload[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
