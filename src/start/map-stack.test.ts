import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { signers, startBuilt } from '../../test/support/start-built.ts'
import { bundleFunction, type FunctionBundle } from '../build/bundle-function.ts'
import { mapStack } from './map-stack.ts'

const NAME = 'lose-sheep'
const FILES = functionFiles(
  NAME,
  `
    const sheep = Math.random()
    if (sheep < 2) throw new Error('a sheep ran away', { cause: new Error('no fence') })
    return { pid: sheep }
  `,
)
const HANDLER = `functions/${NAME}/handler.ts`
const LINE = FILES[HANDLER]?.split('\n').findIndex((line) => line.includes('ran away')) ?? 0

let checkout: Awaited<ReturnType<typeof copyCheckout>>
let bundle: FunctionBundle
beforeAll(async () => {
  checkout = await copyCheckout(FILES)
  bundle = await bundleFunction(checkout.root, NAME, join(checkout.root, 'dist'))
})
afterAll(() => checkout.remove())

const place = () => `${checkout.root}/${HANDLER}:${LINE + 1}:`

async function start() {
  const token = await (await signers()).gateway({ sub: 'anonymous', scopes: [] }, NAME)
  const started = await startBuilt(bundle.file)
  const request = { method: 'GET', target: `/v1/${NAME}`, headers: { 'ebb-identity': token }, body: undefined }
  return { started, ask: () => started.ask(request) }
}
/** The stacks that it has logged. */
const stacks = ({ log }: Awaited<ReturnType<typeof startBuilt>>) =>
  log().flatMap(({ msg, err }) => (msg === 'request failed' ? [String(Object(err).stack)] : []))

describe('an error that no contract declares', () => {
  it('is logged with its place in the sources, and its text stays inside', async () => {
    const { started, ask } = await start()
    await using _ = started
    const { status, body } = await ask()
    expect([status, body.includes('ran away')]).toEqual([500, false])
    await started.end()
    const [stack = ''] = stacks(started)
    expect(stack).toMatch(/^Error: a sheep ran away\n/)
    const cause = String(Object(started.log().find(({ msg }) => msg === 'request failed')?.err).cause?.stack)
    expect(stack.split('\n')[1]).toContain(place())
    expect(cause.split('\n').slice(0, 2)).toEqual(['Error: no fence', expect.stringContaining(place())])
  })

  it('is what source maps are read for, and nothing before; without them it is logged as it is', async () => {
    const { started, ask } = await start()
    await using _ = started
    await started.listening
    const map = `${bundle.parts.main?.file}.map`
    await rename(map, `${map}.away`)
    expect((await ask()).status).toBe(500)
    await rename(`${map}.away`, map)
    expect((await ask()).status).toBe(500)
    await started.end()
    const [without = '', explained = ''] = stacks(started)
    expect(without).toMatch(/^Error: a sheep ran away\n/)
    expect(without.split('\n')[1]).toContain(`(${bundle.parts.main?.file}:`.slice(1))
    expect(without).not.toContain(HANDLER)
    expect(explained).toContain(place())
  })
})

it('leaves alone what it knows nothing of', () => {
  const stack =
    'Error: x\n    at f (/nowhere/main-1.cjs:1:2)\n    at node:internal/a:1:1\n    at async Promise.all (index 0)'
  expect(mapStack(stack)).toBe(stack)
})
