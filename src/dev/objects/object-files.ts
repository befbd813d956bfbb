import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** What is kept of an object beside its content. */
export interface FileInfo {
  readonly file: string
  readonly type: string
  readonly bytes: number
  /** In base64; undefined for one that came in parts. */
  readonly sha256?: string
  readonly modifiedAt: string
}

/** Content that is there, and that nothing refers to yet. */
export type Received = Pick<FileInfo, 'file' | 'bytes'> & { readonly sha256: string }

/** The objects in a folder: a small file for each, by its key, that names the file with its content. */
export interface ObjectFiles {
  /** Writes what arrives; rejects, and leaves nothing, where that breaks off. */
  receive(content: Readable): Promise<Received>
  /** Removes what was received and is not to be kept. */
  discard(received: Pick<Received, 'file'>): Promise<void>
  /** Makes what was received the object of this key, in place of one that was there. */
  place(
    key: string,
    received: Pick<FileInfo, 'file' | 'bytes'> & { readonly sha256?: string },
    type: string,
  ): Promise<void>
  /** Joins contents into a new one. */
  join(files: readonly string[]): Promise<string>
  /** Copies an object. Says whether there was one. */
  copy(from: string, to: string): Promise<boolean>
  find(key: string): Promise<FileInfo | undefined>
  read(info: FileInfo, range?: { readonly start: number; readonly end: number }): Readable
  remove(key: string): Promise<void>
  keys(): Promise<readonly string[]>
}

/** Opens the folder, and removes from it what a killed process has left behind. */
export async function openObjectFiles(folder: string, isKept: (file: string) => boolean): Promise<ObjectFiles> {
  const [heads, contents] = [join(folder, 'heads'), join(folder, 'contents')]
  for (const each of [heads, contents]) await mkdir(each, { recursive: true, mode: 0o700 })
  const headOf = (key: string) => join(heads, `${key}.json`)
  const contentOf = (file: string) => join(contents, file)

  const find = async (key: string): Promise<FileInfo | undefined> => {
    const text = await readFile(headOf(key), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    return text === undefined ? undefined : JSON.parse(text)
  }
  const discard = ({ file }: Pick<Received, 'file'>) => rm(contentOf(file), { force: true })
  const keys = async () =>
    (await readdir(heads)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length))

  async function receive(content: Readable): Promise<Received> {
    const file = randomUUID()
    const hash = createHash('sha256')
    let bytes = 0
    const measure = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        hash.update(chunk)
        bytes += chunk.length
        done(null, chunk)
      },
    })
    try {
      await pipeline(content, measure, createWriteStream(contentOf(file), { flags: 'wx', mode: 0o600 }))
    } catch (error) {
      await discard({ file })
      throw error
    }
    return { file, bytes, sha256: hash.digest('base64') }
  }

  const files: ObjectFiles = {
    ...{ receive, discard, find, keys },
    place: async (key, { file, bytes, sha256 }, type) => {
      const before = await find(key)
      const info: FileInfo = {
        file,
        type,
        bytes,
        ...(sha256 === undefined ? {} : { sha256 }),
        modifiedAt: new Date().toISOString(),
      }
      // Renamed into place, so that a reader never sees half a file.
      const written = join(heads, `${file}.new`)
      await writeFile(written, JSON.stringify(info), { mode: 0o600 })
      await rename(written, headOf(key))
      if (before) await discard(before)
    },
    join: async (parts) => {
      const file = randomUUID()
      await pipeline(readAll(parts.map(contentOf)), createWriteStream(contentOf(file), { flags: 'wx', mode: 0o600 }))
      return file
    },
    copy: async (from, to) => {
      const found = await find(from)
      if (!found) return false
      const file = randomUUID()
      await copyFile(contentOf(found.file), contentOf(file))
      await files.place(to, { ...found, file }, found.type)
      return true
    },
    read: ({ file }, range) => createReadStream(contentOf(file), range),
    remove: async (key) => {
      const found = await find(key)
      if (!found) return
      await rm(headOf(key), { force: true })
      await discard(found)
    },
  }
  const infos = await Promise.all((await keys()).map(find))
  const used = new Set(infos.flatMap((info) => info?.file ?? []))
  for (const file of await readdir(contents)) if (!used.has(file) && !isKept(file)) await discard({ file })
  for (const name of await readdir(heads)) if (name.endsWith('.new')) await rm(join(heads, name))
  return files
}

async function* readAll(paths: readonly string[]) {
  for (const path of paths) yield* createReadStream(path)
}
