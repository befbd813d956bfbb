import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout, functionFiles } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

let ebb: TestEbb
let checkout: Awaited<ReturnType<typeof copyCheckout>>
beforeAll(async () => {
  checkout = await copyCheckout(functionFiles('get-pid', 'return { pid: 0 }'))
  ebb = await startEbb({ root: checkout.root, dataDir: join(checkout.root, '.ebb'), env: { EBB_IDLE_MS: '60000' } })
})
afterAll(async () => {
  await ebb.stop()
  await checkout.remove()
})

const inFunction = (file: string) => join(checkout.root, 'functions/get-pid', file)
const get = (path = '/v1/get-pid') => ebb.call('GET', path, { key: '' })
const answer = async () => ((await (await get()).json()) as { pid: unknown }).pid
const save = async (pid: string) => {
  const handler = functionFiles('get-pid', `return { pid: ${pid} }`)['functions/get-pid/handler.ts'] ?? ''
  await writeFile(inFunction('handler.ts'), handler)
}
const errors = () => ebb.events.filter(({ event }) => event === 'fault').map(({ message }) => String(message))

const SAVES = 10

describe('a save', () => {
  it('is served, ten times over, without one failed request among many', async () => {
    expect(await answer()).toBe(0)
    const statuses: number[] = []
    const ending = new AbortController()
    const load = async () => {
      while (!ending.signal.aborted) {
        statuses.push((await get()).status)
        await delay(80)
      }
    }
    const loads = Array.from({ length: 4 }, load)
    for (let pid = 1; pid <= SAVES; pid++) {
      await save(String(pid))
      await untilTrue(async () => (await answer()) === pid, { what: `answer ${pid}` })
    }
    ending.abort()
    await Promise.all(loads)
    expect(statuses.length).toBeGreaterThanOrEqual(4 * SAVES)
    expect(new Set(statuses)).toEqual(new Set([200]))
    const reloads = ebb.events.filter(({ event }) => event === 'reload')
    expect(reloads.length).toBeGreaterThanOrEqual(SAVES)
    expect(errors()).toEqual([])
  })

  it('of plans holds for the next request: new ones, others, broken ones not, and none', async () => {
    const file = join(checkout.root, 'domain/plans.ts')
    const plans = (rate: string) =>
      writeFile(
        file,
        `import { definePlans } from 'ebb/contract'\nexport const plans = definePlans({ default: { rate: ${rate} } })\n`,
      )
    const policy = async () => (await ebb.call('GET', '/v1/get-pid')).headers.get('ratelimit-policy')
    expect(await policy()).toBeNull()
    await plans('{ requests: 500, perSeconds: 1 }')
    await untilTrue(async () => (await policy()) === '"rate";q=500;w=1')
    await plans('{ requests: 0, perSeconds: 1 }')
    const sentence = 'domain/plans.ts: default: rate.requests must be whole and at least 1'
    await untilTrue(() => errors().some((error) => error.includes(sentence)))
    expect(await policy()).toBe('"rate";q=500;w=1')
    await plans('{ requests: 600, perSeconds: 1 }')
    await untilTrue(async () => (await policy()) === '"rate";q=600;w=1')
    await rm(file)
    await untilTrue(async () => (await policy()) === null)
  })

  it('that does not compile shows the line, and the last good one serves on', async () => {
    await save('1 +')
    await untilTrue(() =>
      errors().some((error) => error.includes('handler.ts:') && error.includes('return { pid: 1 + }')),
    )
    expect(await answer()).toBe(SAVES)
    await save('21')
    await untilTrue(async () => (await answer()) === 21)
  })

  it('that compiles and does not start leaves the last good one serving, too', async () => {
    const handler = await readFile(inFunction('handler.ts'), 'utf8')
    await writeFile(inFunction('handler.ts'), `${handler}\nthrow new Error('not like this')`)
    await untilTrue(() => errors().some((error) => error.includes('not like this')))
    expect(await answer()).toBe(21)
    await save('22')
    await untilTrue(async () => (await answer()) === 22)
  })

  it('of the policy decides from then on; one that is wrong says where, and the last good one decides', async () => {
    const file = join(checkout.root, 'domain/policy/policy.csv')
    const body = { sku: 'LAMP-BRASS-01', quantity: 1, email: 'a@b.example' }
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const { id } = (await (await ebb.call('POST', '/v1/orders', { body, headers })).json()) as { id: string }
    const cancel = async (order: string) => (await ebb.call('DELETE', `/v1/orders/${order}`)).status
    expect(await cancel(crypto.randomUUID())).toBe(404)
    const reloads = () => ebb.events.filter(({ functions }) => String(functions) === 'cancel-order').length
    await writeFile(file, 'p, *, cancel, order, r.object.cents < 0\n')
    await untilTrue(() => reloads() === 1)
    expect(await cancel(id)).toBe(403)
    await writeFile(file, 'p, *, cancle, order\n')
    await untilTrue(() =>
      errors().some((error) => error.includes('policy.csv:1') && error.includes('no action cancle')),
    )
    expect(await cancel(id)).toBe(403)
    await writeFile(file, 'p, *, cancel, order\n')
    await untilTrue(() => reloads() === 2)
    expect(await cancel(id)).toBe(200)
  })

  it('of a contract that contradicts itself says so in its own words', async () => {
    const contract = await readFile(inFunction('contract.ts'), 'utf8')
    await writeFile(inFunction('contract.ts'), contract.replace("method: 'GET'", "method: 'GET', idempotent: true"))
    await untilTrue(() => errors().some((error) => error.startsWith('functions/get-pid/contract.ts: ')))
    expect(await answer()).toBe(22)
    await writeFile(inFunction('contract.ts'), contract)
  })

  it('of a contract reaches gateway and document', async () => {
    const contract = await readFile(inFunction('contract.ts'), 'utf8')
    await writeFile(inFunction('contract.ts'), contract.replace("path: '/v1/get-pid'", "path: '/v2/pid'"))
    await untilTrue(async () => (await get('/v2/pid')).status === 200)
    expect((await get()).status).toBe(404)
    const document = (await (await get('/openapi.json')).json()) as { paths: object }
    expect(Object.keys(document.paths)).toContain('/v2/pid')
    expect(Object.keys(document.paths)).not.toContain('/v1/get-pid')
  })
})

const write = async (files: Readonly<Record<string, string>>, edit = (text: string) => text) => {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(checkout.root, file)), { recursive: true })
    await writeFile(join(checkout.root, file), file.endsWith('contract.ts') ? edit(text) : text)
  }
}
const reloads = (name: string) =>
  ebb.events.filter(({ event, functions }) => event === 'reload' && [functions].flat().includes(name)).length
const pidAt = async (path: string) => ((await (await get(path)).json()) as { pid?: unknown }).pid

describe('a contract that is broken', () => {
  const broken = (text: string) => text.replace("method: 'GET'", "method: 'TRACE'")
  const one = (pid: number) => functionFiles('get-one', `return { pid: ${pid} }`)
  const two = (pid: number) => functionFiles('get-two', `return { pid: ${pid} }`)

  it('stays as it was, every one is reported, and what else was saved is reloaded', async () => {
    await write({ ...one(1), ...two(1) })
    await untilTrue(async () => (await pidAt('/v1/get-one')) === 1 && (await pidAt('/v1/get-two')) === 1)
    await write({ ...one(2), ...functionFiles('get-three', 'return { pid: 3 }') }, broken)
    await write(two(2))
    await untilTrue(async () => (await pidAt('/v1/get-two')) === 2)
    await untilTrue(() => ['get-one', 'get-three'].every((name) => errors().some((error) => error.includes(name))))
    expect((await get('/v1/get-one')).status).toBe(200)
    expect((await get('/v1/get-three')).status).toBe(404)
    await write({ ...one(4), ...functionFiles('get-three', 'return { pid: 3 }') })
    await untilTrue(async () => (await pidAt('/v1/get-one')) === 4 && (await pidAt('/v1/get-three')) === 3)
    expect(reloads('get-three')).toBeGreaterThan(0)
  })

  it('is the new one, where two claim the same requests', async () => {
    const rival = functionFiles('a-rival', 'return { pid: 9 }')
    await write(rival, (text) => text.replace('/v1/a-rival', '/v1/get-two'))
    await untilTrue(() => errors().some((error) => error.includes('functions/get-two already answers')))
    expect(await pidAt('/v1/get-two')).toBe(2)
    await write(rival)
    await untilTrue(async () => (await pidAt('/v1/a-rival')) === 9)
    for (const name of ['get-one', 'get-two', 'get-three', 'a-rival']) {
      await rm(join(checkout.root, 'functions', name), { recursive: true })
    }
  })
})

describe('what lies elsewhere', () => {
  const reader = (from: string, at = 'get-word') =>
    Object.fromEntries(
      Object.entries(functionFiles(at, 'return { pid: word }')).map(([file, text]) => [
        file,
        file.endsWith('handler.ts') ? `import { word } from '${from}'\n${text}` : text,
      ]),
    )

  it('and is part of a function is served when it is saved, also where another file takes its place', async () => {
    const file = join(checkout.root, 'lib/word.ts')
    await write({ 'lib/word.ts': 'export const word = 1', ...reader('../../lib/word.ts') })
    await untilTrue(async () => (await pidAt('/v1/get-word')) === 1)
    await writeFile(file, 'export const word = 2')
    await untilTrue(async () => (await pidAt('/v1/get-word')) === 2)
    await writeFile(`${file}.new`, 'export const word = 3')
    await rename(`${file}.new`, file)
    await untilTrue(async () => (await pidAt('/v1/get-word')) === 3)
  })

  it('in a package that is linked is served when it is saved, too', async () => {
    const { root } = checkout
    const linked = join(dirname(root), 'linked')
    await mkdir(linked)
    await writeFile(join(linked, 'package.json'), '{ "name": "linked", "type": "module", "exports": "./index.js" }')
    await writeFile(join(linked, 'index.js'), 'export const word = 4')
    await mkdir(join(root, 'domain/node_modules'), { recursive: true })
    await symlink(linked, join(root, 'domain/node_modules/linked'))
    await write({
      'domain/linked.ts': `export { word } from 'linked'`,
      ...reader('../../domain/linked.ts', 'get-linked'),
    })
    await untilTrue(async () => (await pidAt('/v1/get-linked')) === 4)
    await writeFile(join(linked, 'index.js'), 'export const word = 5')
    await untilTrue(async () => (await pidAt('/v1/get-linked')) === 5)
  })
})

describe('a new function', () => {
  it.each([
    ['import.meta', `import.meta.url`, /handler\.ts:\d+:[\s\S]*x = import\.meta\.url[\s\S]*import data as JSON/],
    ['a top-level await', `await Promise.resolve('')`, /handler\.ts:\d+:[\s\S]*Await it in the handler/],
    ['another kind of file', `page`, /"\.html"[\s\S]*handler\.ts:1:[\s\S]*keep any other text in a \.ts file/],
  ])(
    'with %s is reported at its save, with the line and the remedy, and reloaded when it is corrected',
    async (what, text, message) => {
      const name = `get-${what.replaceAll(/\W+/g, '-')}`
      const files = functionFiles(name, 'return { pid: 1 }')
      const file = `functions/${name}/handler.ts`
      const imports = text === 'page' ? `import page from './page.html'\n` : ''
      await write({
        ...{ [`functions/${name}/page.html`]: '<p>', ...files },
        [file]: `${imports}interface Typed {\n  readonly a: string\n}\n${files[file]}\nexport const x = ${text}`,
      })
      await untilTrue(() => errors().some((error) => message.test(error)))
      expect(reloads(name)).toBe(0)
      await write({ [file]: files[file] ?? '' })
      await untilTrue(async () => (await pidAt(`/v1/${name}`)) === 1)
    },
  )
})

describe('a round that failed', () => {
  it('is made up for by the next one', async () => {
    const bundles = join(checkout.root, '.ebb/bundles')
    const [one, other] = [1, 2].map((pid) => functionFiles('get-one', `return { pid: ${pid} }`))
    await write(one ?? {})
    await untilTrue(async () => (await pidAt('/v1/get-one')) === 1)
    await rename(bundles, `${bundles}.away`)
    await writeFile(bundles, '')
    await write(other ?? {}, (text) => text.replace('A test.', 'Another one.'))
    await untilTrue(() => errors().some((error) => /ENOTDIR|EEXIST/.test(error)))
    await rm(bundles)
    await rename(`${bundles}.away`, bundles)
    await save('23')
    await untilTrue(async () => (await pidAt('/v1/get-one')) === 2)
  })
})

describe('all functions', () => {
  it('may go as a whole, and come back', async () => {
    const [there, away] = ['functions', 'functions-away'].map((name) => join(checkout.root, name)) as [string, string]
    await rename(there, away)
    await untilTrue(async () => (await get('/v1/products')).status === 404)
    await rm(there, { recursive: true, force: true })
    await rename(away, there)
    await untilTrue(async () => (await get('/v1/products')).status === 200)
  })
})

describe('saves of a function that was never called', () => {
  it('are reloaded one after the other', async () => {
    const { root } = checkout
    await mkdir(join(root, 'functions/get-late'))
    const write = (pid: number, path = '/v1/get-late') =>
      Promise.all(
        Object.entries(functionFiles('get-late', `return { pid: ${pid} }`)).map(([file, text]) =>
          writeFile(join(root, file), text.replace("path: '/v1/get-late'", `path: '${path}'`)),
        ),
      )
    const reloads = () =>
      ebb.events.filter(({ event, functions }) => event === 'reload' && String(functions) === 'get-late').length
    await write(1)
    await untilTrue(() => reloads() === 1)
    await write(1, '/v2/get-late')
    await untilTrue(() => reloads() === 2)
    await write(2, '/v2/get-late')
    await untilTrue(() => reloads() === 3)
    expect(await (await get('/v2/get-late')).json()).toEqual({ pid: 2 })
  })
})

describe('a folder', () => {
  it('that appears is an endpoint, and that goes is none', async () => {
    const files = functionFiles('say-more', 'return { pid: 7 }')
    const { root } = checkout
    await mkdir(join(root, 'functions/say-more'))
    for (const [file, text] of Object.entries(files)) await writeFile(join(root, file), text)
    await untilTrue(async () => (await get('/v1/say-more')).status === 200)
    await rm(join(root, 'functions/say-more'), { recursive: true })
    await untilTrue(async () => (await get('/v1/say-more')).status === 404)
    expect((await ebb.functions()).some(({ name }) => name === 'say-more')).toBe(false)
  })
})
