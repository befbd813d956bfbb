import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase, testFunction } from 'ebb/testing'
import { bundleFunction, NODE_FLAGS } from '../../src/build/index.ts'
import { warmUp } from '../../src/build/warm-up/warm-up.ts'
import { copyCheckout } from '../support/checkout.ts'
import { signers, startBuilt } from '../support/start-built.ts'
import contract from './functions/keep-text/contract.ts'
import handler from './functions/keep-text/handler.ts'

const NAME = contract.name
const source = testFunction(handler)
const database = testDatabase()

let root: string
let remove: () => Promise<void>
let start: string
beforeAll(async () => {
  ;({ root, remove } = await copyCheckout())
  await cp(`test/built/functions/${NAME}`, join(root, 'functions', NAME), { recursive: true })
  start = (await bundleFunction(root, NAME, join(root, 'dist'))).file
  await warmUp(start, contract, { nodeFlags: NODE_FLAGS })
})
afterAll(() => remove())

async function askSource(body: object) {
  const response = await (await source.as({ sub: 'ada' })).post(contract.path).send(body)
  return { status: response.status, body: response.body }
}

/** Through the code cache, as an image runs it. */
async function askBuilt(body: object) {
  await using built = await startBuilt(start, { env: { DATABASE_URL: database.url } })
  const token = await (await signers()).gateway({ sub: 'ada', scopes: [] }, NAME)
  const headers = { 'ebb-identity': token, 'content-type': 'application/json' }
  const answer = await built.ask({ method: 'POST', target: contract.path, headers, body: JSON.stringify(body) })
  await built.end()
  const cacheWarnings = built.log().filter(({ msg }) => msg.includes('code cache'))
  return {
    answer: { status: answer.status, body: JSON.parse(answer.body) },
    cacheWarnings,
    stderr: (await built.ended).stderr,
  }
}

describe('text beyond ASCII is the same in sources and in what is built', () => {
  it('in SQL, patterns, String.raw, templates, names, JSON and errors', async () => {
    const expected = {
      stored: 'Größe – 5 €Müller',
      column: '€ 𝄞',
      raw: '\\Größe – 5 €',
      matched: ['ö', 'ß', '–', '€', '𝄞'],
      template: 'Größe – Größe – 5 € €',
      escaped: '𝄞 é é \u2028',
      identifier: 'Größe – 5 €',
      key: 'Schlüssel',
      json: 'Schlüssel „ß“ 𝄞',
      thrown: 'GrößenError: zu groß: 5 € – „nein“',
      named: ['prüfen', 'GrößenError', 'GrößenError'],
      lengths: [11, 4],
    }
    expect(await askSource({ name: 'Müller' })).toEqual({ status: 200, body: expected })
    const built = await askBuilt({ name: 'Müller' })
    expect(built).toEqual({ answer: { status: 200, body: expected }, cacheWarnings: [], stderr: '' })
  })

  it.each([[{ name: 'Muller–' }], [{ name: 'MÃ¼ller' }], [{ name: 'Weiß' }]])('%j is refused alike', async (body) => {
    const withoutIds = ({ correlationId: _, instance: _instance, ...problem }: Record<string, unknown>) => problem
    const [fromSource, { answer }] = [await askSource(body), await askBuilt(body)]
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect({ ...answer, body: withoutIds(answer.body) }).toEqual({ ...fromSource, body: withoutIds(fromSource.body) })
  })
})
