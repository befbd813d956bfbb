import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase, testFunction } from 'ebb/testing'
import pg from 'pg'
import { findFreePort } from '../../src/dev/ports.ts'
import createNote from './functions/create-note/handler.ts'
import getNote from './functions/get-note/handler.ts'

const HERE = 'test/leaving'
/** What the page says that it takes, besides what Node brings. */
const PACKAGES = ['express', 'pg', 'zod']
const NOTES = readFileSync(join(HERE, 'domain/migrations/0001.do.notes.sql'), 'utf8')

const page = readFileSync('docs/leaving.md', 'utf8')
const block = (start: RegExp) => {
  const found = [...page.matchAll(/^```(?:js|json|sh)\n([\s\S]*?)^```/gm)].map(([, text = '']) => text)
  const [one, ...more] = found.filter((text) => start.test(text))
  if (one === undefined || more.length > 0) throw new Error(`docs/leaving.md has not one block like ${start}`)
  return one
}
const APP = block(/^\/\/ app\.js\n/)
const STAND_IN = block(/^\/\/ ebb\/index\.js\n/)
const [, EVENTS = ''] = /--command '(create table events .*)'/.exec(block(/^psql /)) ?? []

/** A copy of the project as the page leaves it: its contracts and handlers unchanged, and the three files beside them. */
async function leave(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-left-'))
  for (const file of globSync('{domain/note,functions/{create,get}-note/{contract,handler}}.ts', { cwd: HERE })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(HERE, file), join(folder, file))
  }
  mkdirSync(join(folder, 'ebb'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'ebb/package.json'), block(/"name": "ebb"/))
  writeFileSync(join(folder, 'ebb/index.js'), STAND_IN)
  writeFileSync(join(folder, 'app.js'), APP)
  // As `npm install ./ebb express pg zod` does, without a network.
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync('../ebb', join(folder, 'node_modules/ebb'))
  for (const name of PACKAGES) symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name))
  return folder
}

// Hooks run in the order in which they are declared: who is connected lets go before the database is dropped.
afterAll(async () => {
  app.kill()
  await once(app, 'exit')
  await pool.end()
  rmSync(folder, { recursive: true })
})
const database = testDatabase()
const pool = new pg.Pool({ connectionString: database.ownerUrl })
const onEbb = { create: testFunction(createNote), get: testFunction(getNote) }
const everywhere = async (statement: string, values: readonly unknown[] = []) => {
  for (const fn of [onEbb.create, onEbb.get]) await fn.query(statement, values)
  await pool.query(statement, [...values])
}
let folder: string
let app: ChildProcessByStdio<null, Readable, null>
let url: string
beforeAll(async () => {
  await everywhere(NOTES)
  await pool.query(EVENTS)
  folder = await leave()
  const port = await findFreePort()
  url = `http://127.0.0.1:${port}`
  const env = { PATH: process.env.PATH, PORT: `${port}`, DATABASE_URL: database.ownerUrl }
  app = spawn(process.execPath, ['app.js'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: app.stdout })) if (line === 'listening') break
})

interface Reply {
  readonly status: number
  readonly location?: string | undefined
  readonly body: Readonly<Record<string, unknown>>
}

async function askExpress(method: string, path: string, user: string, body?: object): Promise<Reply> {
  const response = await fetch(url + path, {
    ...{ method, headers: { 'content-type': 'application/json', 'x-user': user } },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const location = response.headers.get('location') ?? undefined
  return { status: response.status, location, body: (await response.json()) as Reply['body'] }
}

/** What callers go by: the status, the fields of a success, the code of a refusal, and a Location in its form. */
const essence = ({ status, location, body: { error, message, details, ...body } }: Reply) => ({
  ...{ status, location: location?.replace(/[\da-f-]{36}$/, 'ID') },
  ...(status < 300 ? { body: { ...body, id: 'ID', createdAt: 'TIME' } } : { error }),
})

describe('functions that have left Ebb', () => {
  it('import what the page says, and nothing else', () => {
    const files = globSync('{*,ebb/*,domain/*,functions/*/*}.{ts,js}', { cwd: folder })
    const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'))
    const imports = texts.flatMap((text) => [...text.matchAll(/\b(?:from|import) '([^']+)'/g)].map(([, to = '']) => to))
    const packages = new Set(imports.filter((to) => !/^(\.|node:)/.test(to)))
    expect([...packages].sort()).toEqual(['ebb/contract', 'ebb/data', 'ebb/http', ...PACKAGES])
    expect(files).toHaveLength(7)
  })

  it.each<[string, object, number]>([
    ['201 a new one', { title: 'Milk' }, 201],
    ['400 an empty title', { title: '' }, 400],
    ['400 no title', {}, 400],
    ['409 a title that is taken', { title: 'Milk' }, 409],
  ])('answer a POST as on Ebb: %s', async (_name, body, status) => {
    const agent = await onEbb.create.as({ sub: 'ada' })
    const { status: before, headers, body: reply } = await agent.post('/v1/notes').send(body)
    const after = await askExpress('POST', '/v1/notes', 'ada', body)
    expect(essence(after)).toEqual(essence({ status: before, location: headers.location, body: reply }))
    expect(after.status).toBe(status)
  })

  it.each<[string, string, number]>([
    ['200 its owner', 'ada', 200],
    ['403 another', 'eve', 403],
    ['404 of what is not there', 'ada', 404],
    ['400 of what is no id', 'ada', 400],
  ])('answer a GET as on Ebb: %s', async (_name, user, status) => {
    const [id, place] = [randomUUID(), `note ${status}`]
    await everywhere('insert into notes (id, owner, title) values ($1, $2, $3)', [id, 'ada', place])
    const path = `/v1/notes/${status === 404 ? randomUUID() : status === 400 ? '7' : id}`
    const before = await (await onEbb.get.as({ sub: user })).get(path)
    const after = await askExpress('GET', path, user)
    expect(essence(after)).toEqual(essence({ status: before.status, body: before.body }))
    expect(after.status).toBe(status)
  })

  it('write an event with the rows of its request, and none where that is refused', async () => {
    const { body } = await askExpress('POST', '/v1/notes', 'ada', { title: 'Bread' })
    await askExpress('POST', '/v1/notes', 'ada', { title: 'Bread' })
    const { rows } = await pool.query(`select type, data ->> 'id' as id from events where data ->> 'title' = 'Bread'`)
    expect(rows).toEqual([{ type: 'note.created', id: body.id }])
  })
})
