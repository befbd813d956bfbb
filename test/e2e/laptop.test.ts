import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout, functionFiles } from '../support/checkout.ts'
import { findProcesses, type RunnerEvent, readMails, startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

describe('a laptop', () => {
  let dataDir = ''
  let ebb: TestEbb
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ebb-home-'))
    // Settings for another server, which every driver reads; and a level at which the parts would not say that they are ready.
    const options = '-c search_path=nowhere -c default_transaction_read_only=on'
    ebb = await startEbb({
      dataDir,
      env: { PGSSLMODE: 'require', PGHOST: '203.0.113.1', PGOPTIONS: options, LOG_LEVEL: 'error' },
    })
  })
  afterAll(async () => {
    await ebb.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  const leavesNothing = async () => {
    const none = async () => (await findProcesses(dataDir)).length === 0
    await untilTrue(none, { what: 'the end of every process' }).catch(async (error: Error) => {
      const left = (await findProcesses(dataDir)).map((pid) =>
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'gone'),
      )
      throw new Error(`${error.message}: ${(await Promise.all(left)).join(' | ')}`)
    })
  }

  it('has each part log in by its own role, and by no other', async () => {
    expect((await ebb.createUser('lin@example.com')).status).toBe(201)
    const rolesOf = async ({ pid }: RunnerEvent) =>
      (await readFile(`/proc/${pid}/environ`, 'utf8')).match(/(?<=postgres:\/\/)[^:]+/g)
    const started = (event: string, name: string) =>
      ebb.events.filter((line) => line.event === event && Object.values(line).includes(name))
    for (const part of ['gateway', 'relay']) {
      for (const line of started('start', part)) expect(await rolesOf(line)).toEqual([`ebb_${part}`])
    }
    for (const line of started('spawn', 'create-user')) expect(await rolesOf(line)).toEqual(['ebb_functions'])
    expect(started('start', 'relay').length + started('spawn', 'create-user').length).toBe(2)
  })

  it('keeps its data and keys over Ctrl-C, which leaves no process', async () => {
    const location = (await ebb.createUser('ada@example.com')).headers.get('location') ?? ''
    const { keys } = ebb.ready
    await ebb.stop()
    await leavesNothing()
    ebb = await startEbb({ dataDir })
    expect(ebb.ready.keys).toEqual(keys)
    expect((await ebb.call('GET', location)).status).toBe(200)
  })

  it('says in one sentence that it runs already', () =>
    expect(startEbb({ dataDir })).rejects.toThrow(
      /^ebb: .* is in use by process \d+: stop that one first, or choose another folder with EBB_HOME\.$/,
    ))

  it('starts again after kill -9, with what was acknowledged', async () => {
    const location = (await ebb.createUser('grace@example.com')).headers.get('location') ?? ''
    await ebb.kill()
    ebb = await startEbb({ dataDir })
    expect((await ebb.call('GET', location)).status).toBe(200)
  })

  it('leaves no process after kill -9, even when it is not started again; and forgets its data with --fresh', async () => {
    await ebb.createUser('kay@example.com')
    await ebb.kill()
    await leavesNothing()
    ebb = await startEbb({ dataDir, args: ['--fresh'] })
    expect((await ebb.createUser('ada@example.com', 'afresh')).status).toBe(201)
    await ebb.stop()
  })

  it('says in one sentence that its port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    await expect(startEbb({ dataDir, env: { PORT: String(port) } })).rejects.toThrow(
      new RegExp(`^ebb: Port ${port} is in use; choose another one with PORT, for example PORT=\\d+\\.$`),
    )
    taken.close()
    await leavesNothing()
  })

  it('lists every setting that is wrong', async () => {
    const env = { PORT: 'eighty', EBB_IDLE_MS: '-1' }
    await expect(startEbb({ dataDir, env })).rejects.toThrow(/PORT: .*\n.*EBB_IDLE_MS: /)
  })
})

const LONG = `a path with spaces/${'long'.repeat(30)}/${'longer'.repeat(15)}`

describe('Ctrl-C', () => {
  it('right after the start ends it without a word of blame', async () => {
    const ebb = await startEbb()
    await ebb.stop()
    expect(ebb.events.filter(({ event }) => event === 'fault' || event === 'log')).toEqual([])
    expect(ebb.events.at(-1)).toMatchObject({ event: 'stopped' })
    expect(ebb.complaints).toEqual([])
  })
})

describe('a checkout on a long path with spaces, and with functions that misbehave', () => {
  let ebb: TestEbb
  let checkout: Awaited<ReturnType<typeof copyCheckout>>
  beforeAll(async () => {
    const files = {
      ...functionFiles('get-pid', 'return { pid: process.pid }'),
      ...functionFiles('crash-once', 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {})'),
      ...functionFiles('throw-up', "throw Object.assign(new Error('sold out'), { secret: 7 })"),
      ...functionFiles('throw-text', "throw 'no tea'"),
      ...functionFiles('throw-quota', "throw { code: 'quota', tenant: 7 }"),
      ...functionFiles('slip-late', "setTimeout(() => { throw new Error('too late') }); return { pid: process.pid }"),
      ...functionFiles('never-start', 'return { pid: 0 }'),
      'functions/never-start/index.ts': "throw new Error('there is no such thing')",
    }
    checkout = await copyCheckout(files, { within: LONG })
    ebb = await startEbb({ root: checkout.root, dataDir: join(checkout.root, '.ebb') })
  })
  afterAll(async () => {
    await ebb.stop()
    await checkout.remove()
  })
  const get = (name: string) => ebb.call('GET', `/v1/${name}`, { key: '' })

  it('serves a function that was only put there', async () => {
    expect((await get('get-pid')).status).toBe(200)
    expect((await ebb.createUser('ada@example.com')).status).toBe(201)
    await untilTrue(async () => (await readMails(ebb.folder)).size === 1)
  })

  it('500 that names its cause and where that is, for development', async () => {
    const causeOf = async (name: string) => {
      const { details } = (await (await get(name)).json()) as { details?: readonly { message: string }[] }
      return details?.[0]?.message
    }
    expect(await causeOf('throw-up')).toMatch(/^Error: sold out \(functions\/throw-up\/handler\.ts:\d+\)$/)
    expect(await causeOf('throw-text')).toBe('no tea')
    await untilTrue(() => ebb.events.some(({ part, message }) => part === 'throw-text' && message === 'no tea'))
    expect(await causeOf('throw-quota')).toContain('quota')
    const quota = "{ code: 'quota', tenant: 7 }"
    await untilTrue(() => ebb.events.some(({ part, message }) => part === 'throw-quota' && message === quota))
  })

  it.each(['url', 'admin'] as const)('403 for a page of the internet whose name leads to its %s', async (at) => {
    const ask = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        request(new URL('/metrics', ebb.ready[at]), { headers: { host } }, (response) => {
          resolve(response.resume().statusCode)
        })
          .on('error', reject)
          .end()
      })
    expect(await ask('attacker.example')).toBe(403)
    expect(await ask('localhost')).toBe(at === 'admin' ? 200 : 404)
  })

  it('502 with a correlation id for a function that ends in a request', async () => {
    const response = await get('crash-once')
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({
      error: 'bad_gateway',
      correlationId: response.headers.get('x-correlation-id'),
    })
    await untilTrue(() => ebb.events.some(({ event, part }) => event === 'fault' && part === 'crash-once'))
  })

  it('200 however often a function slips after its answer: its process is replaced, and its error is reported', async () => {
    const pids: number[] = []
    const reported = () =>
      ebb.events.filter(({ part, message }) => part === 'slip-late' && /too late/.test(String(message)))
    for (let round = 1; round <= 4; round++) {
      const before = reported().length
      const response = await get('slip-late')
      expect(response.status).toBe(200)
      const { pid } = Object(await response.json()) as { pid: number }
      pids.push(pid)
      // What it has, it finishes; then it ends, and only then the next call is another one's.
      await untilTrue(() => reported().length > before && hasEnded(pid))
    }
    expect(new Set(pids).size).toBe(4)
  })

  it('502 for a function that does not start: reported with its reason, and not hammered', async () => {
    const asked = 40
    for (let i = 0; i < asked; i++) {
      const response = await get('never-start')
      expect(response.status).toBe(502)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    const failures = ebb.events.filter(({ event, part }) => event === 'fault' && part === 'never-start')
    expect(failures[0]?.message).toContain('there is no such thing')
    expect(failures.length).toBeGreaterThan(0)
    expect(failures.length).toBeLessThan(asked / 4)
  })

  it('503 with Retry-After while the database is away, and serves again without a restart', async () => {
    const path = (await ebb.createUser('grace@example.com')).headers.get('location') ?? ''
    const postgres = () => ebb.events.filter(({ event, part }) => event === 'start' && part === 'postgres')
    const started = postgres().length
    const data = join(ebb.folder, 'postgres/cluster/data')
    await rename(data, `${data}.away`)
    process.kill(Number(postgres().at(-1)?.pid), 'SIGKILL')
    await untilTrue(async () => (await fetch(new URL('/_/ready', ebb.ready.url))).status === 503)
    const away = await ebb.call('GET', path)
    expect([away.status, away.headers.has('retry-after')]).toEqual([503, true])
    await rename(`${data}.away`, data)
    await untilTrue(() => postgres().length > started)
    await untilTrue(async () => (await ebb.call('GET', path)).status === 200)
  })
})

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
