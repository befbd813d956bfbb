import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { runMatrix } from '../../src/conformance/index.ts'
import type { Decide } from '../../src/conformance/matrix/right-answer.ts'
import type { MatrixReport } from '../../src/conformance/matrix/run-matrix.ts'
import { readRoles, tryContracts } from '../../src/deploy/import-sources.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { ADMIN_KEY, type Hole, startWall, type Wall } from './wall.ts'

interface Handled {
  readonly sql: { one(text: TemplateStringsArray, ...values: unknown[]): Promise<object | undefined> }
  readonly caller: { readonly sub: string }
  own(subject: string): void
}

/** Each in another function, which is as it was otherwise; gateway and function are both wrong, or one would stop what the other lets in. */
const HOLES: Readonly<Record<string, Hole>> = {
  // Says that whatever it is asked for is the caller's.
  'get-order': {
    handle: async ({ params }: { params: { id: string } }, { sql, own, caller }: Handled) => {
      own(caller.sub)
      return sql.one`select * from orders where id = ${params.id}`
    },
  },
  // Does not say whose it is.
  'get-user': {
    handle: async ({ params }: { params: { id: string } }, { sql }: Handled) =>
      sql.one`select * from users where id = ${params.id}`,
  },
  // Has forgotten its scopes.
  'create-product': { access: {} },
  // Has forgotten that it needs a key.
  'place-order': { access: { anonymous: true } },
}

/** Of everybody but the owner. */
const refuseAll: Decide = (_contract, { ownership }) => ownership === 'own'

let wall: Wall
let report: MatrixReport
let policyFolder: string
afterAll(async () => {
  await wall.close()
  await rm(policyFolder, { recursive: true })
})
const database = testDatabase()
beforeAll(async () => {
  policyFolder = await mkdtemp(join(tmpdir(), 'ebb-hole-'))
  await cp(join(TEST_PROJECT, 'domain/policy'), policyFolder, { recursive: true })
  // A policy that allows all.
  await writeFile(join(policyFolder, 'policy.csv'), 'p, *, *, order\n')
  wall = await startWall(TEST_PROJECT, database.url, { holes: HOLES, policyFolder })
  const { contracts } = await tryContracts(TEST_PROJECT)
  const roles = await readRoles(TEST_PROJECT)
  report = await runMatrix({
    url: wall.url,
    admin: { url: wall.admin, key: ADMIN_KEY },
    contracts,
    roles,
    decide: refuseAll,
  })
})

describe('the matrix finds', () => {
  const found = (request: string) => report.wrong.filter(({ cell }) => cell.startsWith(`${request} · `))

  it('an endpoint that takes everybody for the owner', () => {
    expect(found('GET /v1/orders/{id}')).toContainEqual({
      cell: 'GET /v1/orders/{id} · role customer · foreign',
      why: expect.stringMatching(/^403 is right, and it answers 200/),
    })
  })

  it('an endpoint without own()', () => {
    expect(found('GET /v1/users/{id}')).toContainEqual({
      cell: 'GET /v1/users/{id} · role customer · own',
      why: expect.stringMatching(/^200 is right, and it answers 500/),
    })
  })

  it('a scope that is not checked', () => {
    expect(found('POST /v1/products').map(({ cell }) => cell)).toEqual(
      expect.arrayContaining(
        ['role customer', 'no scope', 'all but products:write'].map((who) => `POST /v1/products · ${who}`),
      ),
    )
  })

  it('an endpoint that needs no key', () => {
    expect(found('POST /v1/orders').map(({ cell }) => cell)).toEqual(
      expect.arrayContaining(['nobody', 'a forged identity', 'no scope'].map((who) => `POST /v1/orders · ${who}`)),
    )
  })

  it('a policy that allows all', () => {
    expect(found('DELETE /v1/orders/{id}')).toContainEqual({
      cell: 'DELETE /v1/orders/{id} · role customer · foreign',
      why: expect.stringMatching(/^403 is right, and it answers 200/),
    })
  })

  it('and nothing else', () => {
    const paths = report.wrong.map(({ cell }) => cell.split(' · ')[0])
    const expected = [
      'DELETE /v1/orders/{id}',
      'GET /v1/orders/{id}',
      'GET /v1/users/{id}',
      'HEAD /v1/orders/{id}',
      'HEAD /v1/users/{id}',
    ]
    expect([...new Set(paths)].sort()).toEqual([...expected, 'POST /v1/orders', 'POST /v1/products'])
  })
})
