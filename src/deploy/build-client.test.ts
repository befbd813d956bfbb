import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { buildClient } from './build-client.ts'
import { clientTypes } from './client-types.ts'
import { loadContractsData } from './load-contracts.ts'

const run = promisify(execFile)

/** A project of strangers: it has the packed client and TypeScript, and neither zod nor Ebb nor Node's types. */
async function consumer() {
  const project = await mkdtemp(join(tmpdir(), 'ebb-consumer-'))
  const built = await buildClient(TEST_PROJECT, { folder: join(project, 'node_modules/ebb-client') })
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', lib: ['es2024', 'dom'] }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  return { project, built }
}

const PROGRAM = `
  import { createClient } from 'ebb-client'
  declare const process: { env: Record<string, string | undefined> }
  const client = createClient({ baseUrl: process.env.URL ?? '', key: 'k', minDelayMs: 1 })
  const created = await client.createUser({ body: { email: 'ada@example.com', name: 'Ada' } })
  if (created.ok) console.log(created.status, created.data.id.toUpperCase())
  const found = await client.getUser({ params: { id: 'a/b' } })
  if (!found.ok) switch (found.error) {
    case 'user_not_found': console.log(found.status, found.message); break
    case 'network': console.log('offline')
  }
  const order = async () => {
    const placed = await client.placeOrder({ body: { sku: 'LAMP-1', quantity: 2, email: 'ada@example.com' } })
    if (!placed.ok && placed.error === 'out_of_stock') console.log(placed.data.left.toFixed(), placed.status satisfies 409)
  }
`

describe('a packed client', () => {
  let project: string
  let index: string
  beforeAll(async () => {
    const made = await consumer()
    project = made.project
    expect(made.built).toMatchObject({ name: 'ebb-client' })
    index = await readFile(join(project, 'node_modules/ebb-client/index.js'), 'utf8')
  })
  afterAll(() => rm(project, { recursive: true, force: true }))

  const compile = async (program: string) => {
    await writeFile(join(project, 'program.ts'), program)
    const done = run(resolve('node_modules/.bin/tsc'), ['-p', project], { cwd: project })
    return done.then(
      () => 'compiles',
      ({ stdout }: { stdout: string }) => stdout,
    )
  }

  it('compiles in a project that has no zod, its types checked too', async () => {
    expect(await compile(PROGRAM)).toBe('compiles')
  })

  it.each([
    ["{ email: 'ada@example.com', name: 'Ada' }", "{ email: 'ada@example.com', nam: 'Ada' }", /program.ts.*'nam'/],
    ["name: 'Ada'", 'name: 7', /program.ts.*number/],
    ["{ body: { email: 'ada@example.com', name: 'Ada' } }", '', /program.ts.*Expected 1 arguments/],
    ['created.data.id', 'created.data.colour', /program.ts.*'colour'/],
    ["'user_not_found'", "'user_not_fond'", /program.ts.*"user_not_fond"/],
    ['client.getUser', 'client.getUsers', /program.ts.*getUsers/],
  ])('does not compile with %s written as %s', async (right, wrong, says) => {
    expect(PROGRAM).toContain(right)
    expect(await compile(PROGRAM.replace(right, wrong))).toMatch(says)
  })

  it('runs against a server', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['idempotency-key'] === undefined}`)
      const [status, body] =
        seen.length === 1
          ? [503, { error: 'unavailable', message: 'Later.' }]
          : seen.length === 2
            ? [201, { id: 'x1' }]
            : [404, { error: 'user_not_found', message: 'Who?' }]
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await writeFile(join(project, 'program.mts'), PROGRAM)
    const env = { ...process.env, URL: `http://127.0.0.1:${port}` }
    const { stdout } = await run(resolve('node_modules/.bin/node'), ['program.mts'], { cwd: project, env })
    server.close()
    server.closeAllConnections()
    expect(stdout).toBe('201 X1\n404 Who?\n')
    expect(seen).toEqual(['POST /v1/users false', 'POST /v1/users false', 'GET /v1/users/a%2Fb true'])
  })

  it('has neither zod nor an import in it', () => {
    expect(index).toContain('"path": "/v1/users/{id}"')
    expect(index).not.toMatch(/zod|safeParse|\bimport\b|\brequire\b|users:write/)
    expect(index.length).toBeLessThan(28_000)
  })

  it('is accepted by npm', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json'], {
      cwd: join(project, 'node_modules/ebb-client'),
    })
    const [packed] = Object.values(JSON.parse(stdout)) as [{ name: string; files: { path: string }[] }]
    expect(packed.name).toBe('ebb-client')
    expect(packed.files.map(({ path }) => path).sort()).toEqual(['README.md', 'index.d.ts', 'index.js', 'package.json'])
  })
})

describe('its types', () => {
  it('match their snapshot', async () => {
    const { endpoints } = await loadContractsData(TEST_PROJECT)
    const known = endpoints.filter(({ route }) => ['create-user', 'get-user'].includes(route.name))
    expect(clientTypes(known, { callTypes: '' })).toMatchSnapshot()
  })

  it('are refused where they would import what a consumer does not have', () => {
    expect(() => clientTypes([], { callTypes: "import type * as z from 'zod'" })).toThrow('import nothing')
  })
})
