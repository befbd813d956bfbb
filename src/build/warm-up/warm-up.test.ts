import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { untilTrue } from '../../../test/support/until.ts'
import { readCache } from '../../start/code-cache.ts'
import { listenOnLoopback } from './loopback.ts'
import { warmUp } from './warm-up.ts'

const contract = endpoint({
  ...{ name: 'make-thing', summary: 'Makes.', method: 'POST', path: '/v1/things/{id}', idempotent: true },
  ...{ params: z.object({ id: z.uuid() }), body: z.object({ name: z.string() }), access: { scopes: ['things:write'] } },
  ...{ reply: { status: 204 }, secrets: ['SHOP_KEY'] },
})
const hear = subscriber({
  ...{ name: 'hear-thing', summary: 'Hears.' },
  on: event({ type: 'thing.made', data: z.object({ name: z.string() }) }),
})

/** As the start file of an image, in short: runs `main` and says what it has run. What `main` meets is in seen.json. */
const START = `
  const { readFileSync, writeFileSync } = require('node:fs')
  const { Script } = require('node:vm')
  const scripts = new Map()
  globalThis[Symbol.for('ebb.started')] = { scripts }
  const load = (name) => {
    const file = __dirname + '/' + name
    const script = new Script(readFileSync(file, 'utf8'), { filename: file })
    scripts.set(file, script)
    return script.runInThisContext()
  }
  const seen = { requests: [], refused: [], secret: process.env.SHOP_KEY }
  load('main-1.cjs')(require, load, seen)
  process.on('exit', () => writeFileSync(__dirname + '/seen.json', JSON.stringify(seen)))`

const MAIN = `(function (require, load, seen) {
  const refuse = (error) => seen.refused.push(error.code)
  require('node:net').connect(9, '192.0.2.1').on('error', refuse)
  require('node:net').connect('/run/a.sock').on('error', refuse)
  require('node:dns').lookup('example.com', refuse)
  require('node:dns').promises.resolve4('example.com').catch(refuse)
  const server = require('node:http').createServer((request, response) => {
    const { 'ebb-identity': token = '..', 'idempotency-key': key, 'ce-id': id, traceparent } = request.headers
    const { sub, iss } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString() || '{}')
    let body = ''
    request.on('data', (chunk) => (body += chunk)).on('end', () => {
      seen.requests.push({ sub, iss, url: request.method + ' ' + request.url, body, key: key || id, traced: !!traceparent })
      response.end(String(load('part-2.cjs')()))
    })
  })
  server.listen(process.env.PORT, process.env.EBB_HOST, () => {
    console.log(JSON.stringify({ level: 'info', msg: 'listening', port: server.address().port }))
  })
})`

interface Seen {
  readonly requests: readonly Readonly<Record<'sub' | 'iss' | 'url' | 'body' | 'key' | 'traced', unknown>>[]
  readonly refused: readonly string[]
  readonly secret?: string
}

let folder: string
let temporary: string
const before = process.env.TMPDIR
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-warm-up-test-'))
  temporary = await mkdtemp(join(tmpdir(), 'ebb-warm-up-test-'))
  process.env.TMPDIR = temporary
})
afterEach(async () => {
  const left = await readdir(temporary)
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  await Promise.all([folder, temporary].map((path) => rm(path, { recursive: true, force: true })))
  expect(left).toEqual([])
})

async function write(files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
const parts = { 'main-1.cjs': MAIN, 'part-2.cjs': '(() => 2)', 'part-3.cjs': '(() => 3)' }
const seen = async (): Promise<Seen> => JSON.parse(await readFile(join(folder, 'seen.json'), 'utf8'))
const FLAGS = ['--max-semi-space-size=16']

describe('a warm-up', () => {
  it('writes a code cache beside each part that was used, good for the same flags', async () => {
    await write({ 'start.cjs': START, ...parts })
    await warmUp(join(folder, 'start.cjs'), contract, { nodeFlags: FLAGS })
    const [main, used, unused] = Object.keys(parts).map((name) => readCache(join(folder, name)))
    expect([main, used, unused]).toEqual([expect.any(Buffer), expect.any(Buffer), undefined])
    await writeFile(join(folder, 'data'), main ?? '')
    const check = `
      const cachedData = fs.readFileSync('data')
      console.log(new vm.Script(fs.readFileSync('main-1.cjs', 'utf8'), { cachedData }).cachedDataRejected)`
    const isRejected = (flags: readonly string[]) =>
      execFileSync(process.execPath, [...flags, '-e', check], { cwd: folder, encoding: 'utf8' }).trim()
    expect([isRejected(FLAGS), isRejected(['--no-opt'])]).toEqual(['false', 'true'])
  })

  it('asks an endpoint for all that it does, a key each time, and reaches nothing outside', async () => {
    await write({ 'start.cjs': START, ...parts })
    await warmUp(join(folder, 'start.cjs'), contract, { nodeFlags: [] })
    const { requests, refused, secret } = await seen()
    expect([...refused].sort()).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ENOTFOUND', 'ENOTFOUND'])
    expect(secret).toEqual(expect.any(String))
    const round = requests.slice(0, requests.length / 3)
    const who = round.map(({ url, sub }) => `${String(url).replace(/[0-9a-f-]{36}/, 'ID')} ${sub}`)
    expect(who).toEqual([
      ...['GET /_/health undefined', 'GET /_/ready undefined', 'GET /_/nothing undefined'],
      ...['POST /v1/things/ID undefined', 'POST /v1/things/ID stranger', 'POST /v1/things/ID warm-up'],
      ...['POST /v1/things/ID?ebb-unknown=1 warm-up', 'POST /v1/things/ID warm-up', 'POST /v1/things/ID warm-up'],
    ])
    expect(round[5]?.body).toBe('{')
    const good = requests.filter(
      ({ sub, body, url }) => sub === 'warm-up' && body !== '{' && !String(url).includes('?'),
    )
    expect(good.map(({ traced }) => traced)).toEqual([true, false, true, false, true, false])
    expect(new Set(good.map(({ key }) => key)).size).toBe(6)
  })

  it('can connect only to its in-memory stores, on this machine as well, and starts no other program', async () => {
    const reached: string[] = []
    await using hook = await listenOnLoopback(
      createServer((_request, response) => response.end()).on('connection', () => reached.push('a socket')),
    )
    const { port } = hook
    const attempts = `
      const net = require('node:net')
      const report = (error) => seen.refused.push(error.code ?? error.cause?.code)
      for (const to of [[${port}], ['${port}', 'localhost'], [{ port: ${port}, host: '127.0.0.1' }], [{ port: '${port}' }]]) {
        net.connect(...to).on('error', report)
      }
      fetch('http://localhost:${port}/hook').catch(report)
      const database = net.connect(new URL(process.env.DATABASE_URL).port)
      database.on('error', report).on('connect', () => database.destroy())
      const { spawn, exec, execFile, spawnSync, execSync } = require('node:child_process')
      for (const start of [spawn, exec, execFile, spawnSync, execSync]) try { start('true') } catch (error) { report(error) }`
    await write({
      'start.cjs': START,
      ...parts,
      'main-1.cjs': MAIN.replace('const server', `${attempts}\nconst server`),
    })
    await warmUp(join(folder, 'start.cjs'), contract, { nodeFlags: [] })
    const { refused } = await seen()
    const world = ['ECONNREFUSED', 'ECONNREFUSED', 'ENOTFOUND', 'ENOTFOUND']
    const [sockets, programs] = [Array(5).fill('ECONNREFUSED'), Array(5).fill('EPERM')]
    expect([...refused].sort()).toEqual([...world, ...sockets, ...programs].sort())
    expect(reached).toEqual([])
  })

  it('sends a subscriber events as the relay would, and bad ones', async () => {
    await write({ 'start.cjs': START, ...parts })
    await warmUp(join(folder, 'start.cjs'), hear, { nodeFlags: [] })
    const { requests } = await seen()
    const events = requests.filter(({ iss }) => iss === 'ebb:relay')
    expect(new Set(events.map(({ sub }) => sub))).toEqual(new Set(['relay']))
    const bodies = events.slice(0, 4).map(({ body }) => body)
    expect(bodies).toEqual(['{', '{}', expect.stringMatching(/^{"name":/), expect.stringMatching(/^{"name":/)])
  })

  it('says why the function does not start, with its output', async () => {
    await write({ 'start.cjs': `console.error('no such table: lamps'); process.exit(3)` })
    const warming = warmUp(join(folder, 'start.cjs'), contract, { nodeFlags: [] })
    await expect(warming).rejects.toThrow(
      'make-thing could not be warmed up: it ended before it listened (status 3)\nno such table: lamps',
    )
  })

  it('says that a request ended the function', async () => {
    await write({ 'start.cjs': START, ...parts, 'part-2.cjs': `(() => { process.abort() })` })
    await expect(warmUp(join(folder, 'start.cjs'), contract, { nodeFlags: [] })).rejects.toThrow(
      'it broke off at GET /_/health',
    )
  })

  it('says that there was nothing to make a cache of', async () => {
    await write({ 'start.cjs': START.replace('scripts.set(file, script)', ''), ...parts })
    await expect(warmUp(join(folder, 'start.cjs'), contract, { nodeFlags: [] })).rejects.toThrow(
      'it left no code cache of main for Node v',
    )
  })

  it('says that there is no such Node', async () => {
    const node = join(folder, 'no-node')
    await expect(warmUp(join(folder, 'start.cjs'), contract, { node, nodeFlags: [] })).rejects.toThrow('ENOENT')
  })

  it('ends what takes too long, and what is aborted', async () => {
    const stop = new AbortController()
    const said = () => readFile(join(folder, 'pid'), 'utf8').catch(() => '')
    await write({
      'start.cjs': `require('node:fs').writeFileSync(__dirname + '/pid', process.pid + '.'); setInterval(() => {}, 1000)`,
    })
    const warming = warmUp(join(folder, 'start.cjs'), contract, { nodeFlags: [], signal: stop.signal })
    const ending = expect(warming).rejects.toThrow('never mind')
    await untilTrue(async () => (await said()).endsWith('.'), { what: 'the start of the process' })
    stop.abort(new Error('never mind'))
    await ending
    const pid = Number.parseInt(await said(), 10)
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    await expect(warmUp(join(folder, 'start.cjs'), contract, { nodeFlags: [], limitMs: 1 })).rejects.toThrow(
      /^make-thing could not be warmed up: it took longer than 1 ms$/,
    )
  })
})
