import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import { HEADER } from '../../src/deploy/render/index.ts'
import { clusterSecrets } from '../../src/deploy/render/secrets.ts'
import { parseConfig } from '../../src/kernel/index.ts'
import { createIdentitySigner, createIdentityVerifier } from '../../src/protocol/index.ts'
import { copyCheckout, functionFiles } from '../support/checkout.ts'
import { spawnCli } from '../support/cli.ts'

let checkout: Awaited<ReturnType<typeof copyCheckout>>
const ebb = (...args: readonly string[]) => spawnCli(['render', ...args], { root: checkout.root }).ended
const write = (name: string, text: string) => writeFile(join(checkout.root, name), text)

// Each run of the command loads all contracts and handlers: seconds on a busy machine.
jest.setTimeout(120_000)

beforeAll(async () => {
  checkout = await copyCheckout()
  await cp('charts', join(checkout.root, 'charts'), { recursive: true })
})
afterAll(() => checkout.remove())

it('what is in this repository is what its contracts say', async () => {
  // As the script of package.json says it, with whatever options a team has put there.
  const run = promisify(execFile)('npm', ['run', '--silent', 'render', '--', '--check'])
  await expect(run).resolves.toEqual({ stdout: '', stderr: '' })
})

describe('ebb render', () => {
  it('writes the files', async () => {
    const { code, stdout, stderr } = await ebb()
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n')).toContain('wrote k8s/base/functions/place-order.yaml')
  })

  it('--check says of each file what is wrong with it, and writes nothing', async () => {
    await write('stack.yml', 'mine')
    await rm(join(checkout.root, 'skaffold.yaml'))
    for (const [name, text] of Object.entries(functionFiles('say-hello', 'return { pid: 1 }'))) {
      await mkdir(join(checkout.root, 'functions/say-hello'), { recursive: true })
      await write(name, text)
    }
    const { code, stdout, stderr } = await ebb('--check')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr.trim().split('\n')).toEqual([
      'ebb: charts/ebb/dashboards/cold-starts.json differs from what the contracts say',
      'charts/ebb/dashboards/cost.json differs from what the contracts say',
      'charts/ebb/dashboards/endpoint.json differs from what the contracts say',
      'charts/ebb/functions.yaml differs from what the contracts say',
      'docker-bake.hcl differs from what the contracts say',
      'k8s/base/functions/say-hello.yaml is missing',
      'k8s/base/kustomization.yaml differs from what the contracts say',
      'skaffold.yaml is missing',
      'stack.yml differs from what the contracts say',
      'To update them: npm run render',
    ])
    expect(await readFile(join(checkout.root, 'stack.yml'), 'utf8')).toBe('mine')
    const json = await ebb('--check', '--json')
    expect([json.code, json.stderr]).toEqual([1, ''])
    expect(JSON.parse(json.stdout)).toMatchObject({
      ...{ ok: false, missing: expect.arrayContaining(['skaffold.yaml']), left: [] },
    })
  })

  it('takes away what belongs to a function that is gone, and nothing that it has not written; then there is nothing to do', async () => {
    await write('k8s/base/functions/by-hand.yaml', '# mine\n')
    await write('k8s/base/functions/gone.yaml', `${HEADER}\n`)
    expect((await ebb('--check')).stderr).toContain('k8s/base/functions/gone.yaml belongs to no contract any more')
    expect((await ebb()).stdout.split('\n')).toContain('removed k8s/base/functions/gone.yaml')
    expect(await readdir(join(checkout.root, 'k8s/base/functions'))).toContain('by-hand.yaml')
    expect((await ebb()).stdout).toMatch(/^All \d+ files are as the contracts say.$/)
  })

  it('gives a function what its handler uses, of the platform`s resources and of the team`s own', async () => {
    const mailer = `
      import { subscriber } from 'ebb/contract'
      import { orderPlaced } from '../../domain/order.ts'
      export default subscriber({ name: 'use-mail', summary: 'A test.', on: orderPlaced })`
    const handlerOf = (uses: string) => `
      import { cache, cacheOn, http, mail, postgres } from 'ebb/data'
      import { implement } from 'ebb/http'
      import contract from './contract.ts'
      const mine = { stores: ['postgres'], open: () => 1, lend: () => 1 }
      const ours = { stores: [], open: () => 1, lend: () => 1 }
      export default implement(contract, { ${uses} }, async () => ({ pid: 1 }) as never)`
    const cases = {
      ...{ 'use-none': 'http, ours', 'use-mail': 'mail, cache, sql: postgres', 'use-mine': 'mine' },
      'use-named': `prices: cacheOn('prices')`,
    }
    for (const [name, uses] of Object.entries(cases)) {
      await mkdir(join(checkout.root, 'functions', name), { recursive: true })
      for (const [file, text] of Object.entries(functionFiles(name, ''))) await write(file, text)
      await write(`functions/${name}/handler.ts`, handlerOf(uses))
    }
    await write('functions/use-mail/contract.ts', mailer)
    const { code, stderr } = await ebb('--openfaas', 'pro', '--max-connections', '600')
    expect([code, stderr]).toEqual([0, ''])
    const { functions } = parse(await readFile(join(checkout.root, 'charts/ebb/functions.yaml'), 'utf8'))
    expect(Object.keys(cases).map((name) => functions[name].uses)).toEqual([
      [],
      ['mail', 'postgres', 'redis'],
      ['postgres'],
      ['redis'],
    ])
    for (const name of Object.keys(cases)) await rm(join(checkout.root, 'functions', name), { recursive: true })
  })

  it('says what a target cannot express, and writes nothing then', async () => {
    await rm(join(checkout.root, 'stack.yml'))
    const { code, stderr } = await ebb('--pool', '50')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ebb: functions\/\*\/contract.ts: scale.max: Postgres takes 500 connections, \d+ too few: /)
    expect(await readdir(checkout.root)).not.toContain('stack.yml')
  })

  it.each([
    ['two', 'gateway.replicas: Invalid input: expected number, received string'],
    ['[', 'Flow sequence in block collection'],
  ])('names the file and the value where the chart says "replicas: %s"', async (replicas, sentence) => {
    const values = 'charts/ebb/values.yaml'
    const text = await readFile(values, 'utf8')
    await write(values, text.replace('replicas: 2', `replicas: ${replicas}`))
    const { stderr } = await ebb()
    await write(values, text)
    expect(stderr).toContain(`ebb: ${values}: ${sentence}`)
  })

  it.each([
    [['--openfaas', 'edge'], '--openfaas is ce or pro, not edge. ebb render --help describes it.'],
    [['--max-connections', 'many'], '--max-connections must be a whole number of at least 1'],
  ])('refuses %j', async (args, sentence) => {
    expect((await ebb(...args)).stderr).toContain(`ebb: ${sentence}`)
  })
})

it('ebb render secrets prints what a new cluster needs, and each time another', async () => {
  const [one, other] = [await ebb('secrets'), await clusterSecrets()]
  expect([one.code, one.stderr]).toEqual([0, ''])
  const secrets = Object.fromEntries(
    parseAllDocuments(one.stdout).map((document) => {
      const { kind, metadata, stringData } = document.toJS()
      expect(kind).toBe('Secret')
      return [metadata.name, stringData]
    }),
  )
  expect(Object.keys(secrets)).toEqual(['ebb', 'ebb-postgres', 'ebb-redis', 'ebb-functions'])
  const { MIGRATION_DATABASE_URL, GATEWAY_DATABASE_URL, RELAY_DATABASE_DIRECT_URL, RELAY_IDENTITY_KEY, ...settings } =
    secrets.ebb
  const config = parseConfig(settings)
  const redisPassword = new URL(settings.REDIS_URL).password
  const hash = createHash('sha256').update(redisPassword).digest('hex')
  expect(secrets['ebb-redis']['users.acl']).toContain(` #${hash} `)
  for (const [url, part] of [
    ...[
      [config.DATABASE_URL, 'functions'],
      [GATEWAY_DATABASE_URL, 'gateway'],
      [RELAY_DATABASE_DIRECT_URL, 'relay'],
    ],
    [MIGRATION_DATABASE_URL, 'owner'],
  ]) {
    const password = secrets['ebb-postgres'][`${part.toUpperCase()}_PASSWORD`]
    expect(new URL(url)).toMatchObject({ username: `ebb_${part}`, password })
  }
  const sign = createIdentitySigner(config.EBB_IDENTITY_KEY as never, 'ebb:gateway')
  const verify = createIdentityVerifier(config.EBB_IDENTITY_JWKS as never, 'place-order')
  expect(await verify(await sign({ sub: 'ada', scopes: [] }, 'place-order'))).toMatchObject({ sub: 'ada' })
  const asRelay = createIdentitySigner(JSON.parse(RELAY_IDENTITY_KEY), 'ebb:relay')
  expect(await verify(await asRelay({ sub: 'relay', scopes: [] }, 'place-order'))).toMatchObject({ iss: 'ebb:relay' })
  const words = one.stdout.match(/[\w-]{32,}/g) ?? []
  expect(words.filter((word) => other.includes(word))).toEqual([])
})
