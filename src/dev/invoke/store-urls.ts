import { join } from 'node:path'
import type { Config } from '../../kernel/index.ts'
import { readAnnouncement } from '../admin/client.ts'

const LOOK_MS = 1_000

/** The stores that an invoked function gets: those of the settings, else those of the Ebb that runs here, else none. */
export async function storeUrls(root: string, config: Config): Promise<Readonly<Record<string, string>>> {
  const { DATABASE_URL, REDIS_URL } = config
  if (DATABASE_URL) return { DATABASE_URL, ...(REDIS_URL ? { REDIS_URL } : {}) }
  const running = await readAnnouncement(root).catch(() => undefined)
  return running && (await answers(running.url)) ? running.urls : {}
}

/** Whether an Ebb is there: one that was killed has left its announcement behind. */
export const answers = (url: string): Promise<boolean> =>
  fetch(new URL('/_/health', url), { signal: AbortSignal.timeout(LOOK_MS) }).then(
    ({ ok }) => ok,
    () => false,
  )

/** Where the mail of an invoked function goes: where that of the Ebb here goes. */
export const mailFolder = (root: string, { EBB_HOME }: Config): string => join(EBB_HOME ?? join(root, '.ebb'), 'mail')
