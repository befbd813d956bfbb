import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { createBoundedMap, type Log } from '../../kernel/index.ts'

/** The library's storage, one for each kind of thing that it remembers. */
export type LoginStore = (model: string) => Adapter

interface Entry {
  readonly payload: AdapterPayload
  readonly expiresAtMs: number
}

interface LoginStoreOptions {
  /** Keeps the entries over a restart. Default: they are lost. */
  readonly file: string | undefined
  readonly log: Pick<Log, 'warn'>
}

/** A laptop has some hundreds at most; whoever may ask for a login page makes one with each. */
const MAX_ENTRIES = 5_000
const NEVER = Number.MAX_SAFE_INTEGER

/** What the provider remembers: sessions, codes, grants and refresh tokens. Access tokens are not among them. */
export function createLoginStore({ file, log }: LoginStoreOptions): LoginStore {
  const entries = createBoundedMap<string, Entry>(MAX_ENTRIES)
  for (const [key, entry] of file === undefined ? [] : readEntries(file, log)) entries.set(key, entry)
  const isLive = ({ expiresAtMs }: Entry) => expiresAtMs > Date.now()
  const save =
    file === undefined
      ? () => {}
      : createSaver(file, { entries: () => [...entries].filter(([, entry]) => isLive(entry)), log })

  return (model: string): Adapter => {
    const keyOf = (id: string) => `${model}:${id}`
    const find = (id: string) => {
      const entry = entries.get(keyOf(id))
      return entry && isLive(entry) ? entry.payload : undefined
    }
    const findBy = (matches: (payload: AdapterPayload) => boolean) =>
      [...entries].find(([key, entry]) => key.startsWith(keyOf('')) && isLive(entry) && matches(entry.payload))?.[1]
        .payload
    return {
      upsert: async (id, payload, expiresIn) => {
        entries.set(keyOf(id), {
          payload,
          expiresAtMs: expiresIn === undefined ? NEVER : Date.now() + expiresIn * 1_000,
        })
        save()
      },
      find: async (id) => find(id),
      findByUid: async (uid) => findBy((payload) => payload.uid === uid),
      findByUserCode: async (userCode) => findBy((payload) => payload.userCode === userCode),
      consume: async (id) => {
        const entry = entries.get(keyOf(id))
        if (!entry) return
        entries.set(keyOf(id), { ...entry, payload: { ...entry.payload, consumed: Math.floor(Date.now() / 1_000) } })
        save()
      },
      destroy: async (id) => {
        entries.delete(keyOf(id))
        save()
      },
      revokeByGrantId: async (grantId) => {
        for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key)
        save()
      },
    }
  }
}

function readEntries(file: string, log: Pick<Log, 'warn'>): readonly (readonly [string, Entry])[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (Object(error).code !== 'ENOENT')
      log.warn({ err: error }, 'the logins that were kept cannot be read: everybody logs in again')
    return []
  }
}

interface SaverOptions {
  readonly entries: () => readonly unknown[]
  readonly log: Pick<Log, 'warn'>
}

/** Writes the file after each change, one write at a time: what changes meanwhile is in the next one. */
function createSaver(file: string, { entries, log }: SaverOptions): () => void {
  let writing = false
  let again = false
  const write = async () => {
    writing = true
    do {
      again = false
      await writeFile(`${file}.new`, JSON.stringify(entries()), { mode: 0o600 })
      await rename(`${file}.new`, file)
    } while (again)
  }
  return () => {
    again = true
    if (writing) return
    write()
      .catch((error) => log.warn({ err: error }, 'logins cannot be kept: everybody logs in again after a restart'))
      .finally(() => (writing = false))
  }
}
