import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { runMatrix } from '../../src/conformance/index.ts'
import type { Decide } from '../../src/conformance/matrix/right-answer.ts'
import type { MatrixReport } from '../../src/conformance/matrix/run-matrix.ts'
import { readRoles, tryContracts } from '../../src/deploy/import-sources.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { startTestIssuer, stopTestIssuers } from '../support/test-issuer.ts'
import { ADMIN_KEY, startWall, type Wall } from './wall.ts'

/** What domain/policy of the tests' project means: a placed order is cancelled by its owner, or by a merchant where it is small. */
const decide: Decide = ({ name }, { ownership, presented }) =>
  name === 'cancel-order' ? ownership === 'own' || presented.roles.includes('merchant') : undefined

let wall: Wall
let report: MatrixReport
afterAll(() => wall.close())
const database = testDatabase()
beforeAll(async () => {
  const issuer = await startTestIssuer()
  wall = await startWall(TEST_PROJECT, database.url, {
    env: { EBB_ISSUERS: JSON.stringify([issuer.settings({ claims: { roles: 'roles' } })]) },
  })
  const { contracts } = await tryContracts(TEST_PROJECT)
  report = await runMatrix({
    ...{ url: wall.url, admin: { url: wall.admin, key: ADMIN_KEY }, contracts, roles: await readRoles(TEST_PROJECT) },
    tokenOf: (sub, { scopes, roles }) => issuer.token({ claims: { sub, scope: scopes.join(' '), roles } }),
    decide,
  })
  await stopTestIssuers()
})

describe('every caller × method × path × ownership', () => {
  it('is answered as the contracts say', () => {
    process.stderr.write(`the matrix of test/project: ${report.cells.length} cells\n`)
    expect(report.wrong).toEqual([])
    expect(report.unasked).toEqual([])
  })

  it('has a cell for every method of each endpoint, by key and by token, and twice where there is an owner', () => {
    const roles = ['customer', 'merchant'].flatMap((role) => [`role ${role}`, `role ${role}, by token`])
    for (const role of roles) {
      const cells = report.cells.filter((cell) => cell.includes(` · ${role}`))
      expect(cells).toEqual(
        expect.arrayContaining([`GET /v1/users/{id} · ${role} · own`, `DELETE /v1/orders/{id} · ${role} · foreign`]),
      )
      expect(cells).toContain(`POST /v1/products · ${role}`)
    }
    expect(report.cells.length).toBeGreaterThan(1_000)
    expect(new Set(report.cells).size).toBe(report.cells.length)
  })
})
