import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { Redis } from 'ioredis'

export interface RunningRedis {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

const START_LIMIT_MS = 5_000

/** Starts a redis-server or valkey-server from PATH that keeps nothing; undefined where there is none. */
export async function startRedis(path: string): Promise<RunningRedis | undefined> {
  const program = await findOnPath(['redis-server', 'valkey-server'], path)
  if (!program) return undefined
  const port = await freePort()
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  // The shell ends the server when our end of its stdin closes: redis itself does not watch it.
  const script = '"$@" >/dev/null 2>&1 & p=$!; (while read -r _; do :; done; kill $p) <&3 & w=$!; wait $p; kill $w 2>/dev/null'
  const child = spawn('/bin/sh', ['-c', `exec 3<&0 </dev/null; ${script}`, 'sh', program, ...settings], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.stdin.end()
    await exited
  }
  const url = `redis://127.0.0.1:${port}`
  if (await answers(url)) return { url, pid: child.pid ?? 0, stop }
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function answers(url: string): Promise<boolean> {
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
