import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { Redis } from 'ioredis'
import { findFreePort } from './ports.ts'
import { startProgram } from './processes/start-child.ts'

interface RunningRedis {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

const START_LIMIT_MS = 30_000

/** Starts a redis-server or valkey-server from PATH, without persistence; undefined if there is none. */
export async function startRedis(path: string): Promise<RunningRedis | undefined> {
  const program = await findOnPath(['redis-server', 'valkey-server'], path)
  if (!program) return undefined
  const port = await findFreePort()
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = await startProgram([program, ...settings], { onLine: () => {} })
  const stop = async () => {
    server.disconnect()
    await server.exited
  }
  const url = `redis://127.0.0.1:${port}`
  if (await isReady(url)) return { url, pid: server.pid, stop }
  await stop()
  return undefined
}

async function findOnPath(names: readonly string[], path: string): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of path.split(delimiter)) {
      const file = join(folder, name)
      const found = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (found) return file
    }
  }
  return undefined
}

async function isReady(url: string): Promise<boolean> {
  const giveUpAt = Date.now() + START_LIMIT_MS
  const client = new Redis(url, {
    retryStrategy: () => (Date.now() < giveUpAt ? 50 : null),
    maxRetriesPerRequest: null,
    connectTimeout: START_LIMIT_MS,
  })
  client.on('error', () => {})
  try {
    return (await client.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}
