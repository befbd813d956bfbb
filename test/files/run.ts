import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { migrate } from '../../src/data/migrate/migrate.ts'
import { ROLES } from '../../src/deploy/render/platform.ts'
import { ensureDatabaseRoles } from '../../src/dev/database-roles.ts'
import { findFreePort } from '../../src/dev/ports.ts'
import { startPostgres } from '../../src/dev/postgres/index.ts'
import { startParts } from '../streams/start-parts.ts'
import { chunksOf } from '../streams/transfer.ts'
import { watchRss } from '../streams/watch-rss.ts'
import { openHandle } from './handle.ts'
import { downloadByUrl, uploadByUrl } from './transfer-by-url.ts'

/** What each process may grow by. */
const MAX_MIB = 64
const WARM_UP_BYTES = 80 * 2 ** 20

const { values } = parseArgs({
  options: { gigabytes: { type: 'string', default: '2' }, url: { type: 'string' }, pid: { type: 'string' } },
})
const bytes = Math.round(Number(values.gigabytes) * 2 ** 30)

/** A file of any size up and down: by signed URLs, with connections that are cut, and through gateway and function. */
const folder = await mkdtemp(join(tmpdir(), 'ebb-files-'))
const stack = new AsyncDisposableStack()
stack.defer(() => rm(folder, { recursive: true, force: true }))
try {
  const database = await startPostgres(join(folder, 'postgres'), { settings: { fsync: 'off' } })
  stack.defer(() => database.stop())
  const { functions } = await ensureDatabaseRoles(database.adminUrl, database.url)
  await migrate(database.url, { platform: 'src/data/migrations', team: join(folder, 'none'), roles: ROLES })
  const store = values.url ? { url: values.url, pid: Number(values.pid) } : await startStore()
  const env = { DATABASE_URL: functions, EBB_OBJECTS_URL: store.url, EBB_POOL_MAX: '4' }
  const { handle, close } = openHandle(env)
  stack.defer(close)
  const remove = (id: string) => handle(({ sql, objects }) => objects.delete(sql, id))

  await uploadByUrl(handle, WARM_UP_BYTES)
  let id = ''
  await measure('up by signed URLs', { store: store.pid }, async () => {
    id = await uploadByUrl(handle, bytes)
    return bytes
  })
  await measure('down by a signed URL', { store: store.pid }, () => downloadByUrl(handle, id, bytes))
  for (const [name, what, transfer] of [
    ['store-object', 'up through the gateway', upload],
    ['read-object', 'down through the gateway', download],
  ] as const) {
    const parts = await startParts(name, env)
    try {
      await transfer(parts.url, WARM_UP_BYTES)
      const { gateway, function: fn } = parts.current
      await measure(what, { store: store.pid, gateway: gateway.pid, function: fn.pid }, () =>
        transfer(parts.url, bytes),
      )
    } finally {
      await parts.close()
    }
  }
  await remove(id)

  async function upload(url: string, size: number) {
    const call = request(`${url}/v1/objects`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
    })
    const responding = once(call, 'response') as Promise<[IncomingMessage]>
    await pipeline(Readable.from(chunksOf(size)), call)
    const [response] = await responding
    const stored = Object(await json(response))
    if (response.statusCode !== 200) throw new Error(`the upload was answered ${JSON.stringify(stored)}`)
    return Number(stored.bytes)
  }

  async function download(url: string, size: number) {
    const call = request(`${url}/v1/objects/${id}`).end()
    call.on('error', () => {})
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    let arrived = 0
    for await (const chunk of response) {
      arrived += (chunk as Buffer).length
      if (size < bytes && arrived >= size) break
    }
    return arrived
  }
} finally {
  await stack.disposeAsync()
}

/** The laptop's store, as a process of its own. */
async function startStore() {
  const port = await findFreePort()
  const child: ChildProcess = spawn(
    process.execPath,
    ['test/files/keep-store.ts', join(folder, 'objects'), String(port)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  stack.defer(() => void child.kill('SIGKILL'))
  if (child.stdout) await once(child.stdout, 'data')
  return { url: `http://laptop:a-secret@127.0.0.1:${port}/objects`, pid: child.pid ?? 0 }
}

async function measure(what: string, pids: Readonly<Record<string, number>>, transfer: () => Promise<number>) {
  const watched = await Promise.all(
    Object.entries(pids).map(async ([name, pid]) => [name, await watchRss(pid)] as const),
  )
  const startedAt = performance.now()
  const arrived = await transfer()
  const seconds = (performance.now() - startedAt) / 1_000
  const grown = await Promise.all(watched.map(async ([name, { stop }]) => [name, await stop()] as const))
  const mib = arrived / 2 ** 20
  // A store of somebody else's is not ours to bound.
  const isOver = grown.some(([name, most]) => most > MAX_MIB && !(values.url && name === 'store'))
  if (arrived !== bytes || isOver) process.exitCode = 1
  const memory = grown.map(([name, most]) => `${most.toFixed(1)} MiB (${name})`).join(', ')
  console.log(
    `${what}: ${mib.toFixed(0)} MiB in ${seconds.toFixed(1)} s (${(mib / seconds).toFixed(0)} MiB/s); RSS grew by ${memory}, at most ${MAX_MIB} each`,
  )
}
