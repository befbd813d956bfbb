import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import fc from 'fast-check'
import { roles } from '../../domain/roles.ts'
import { contractsData } from '../../src/deploy/contracts-data.ts'
import { findFunctions } from '../../src/deploy/load-contracts.ts'
import type { Implementation } from '../../src/http/index.ts'
import { SEED } from '../support/seed.ts'
import { arbitraryOf } from './arbitrary-of.ts'
import { requestOf, statusOf } from './request-of.ts'

/**
 * Whatever is sent to a function of the shop, within its schemas' domains and a little beyond, is taken or refused with a
 * reason: what a schema takes, the stores behind it take.
 */
const RUNS = { numRuns: 40, seed: SEED }
const merchant = { sub: 'ada', scopes: roles.merchant }

for (const name of await findFunctions(process.cwd())) {
  const { default: implementation } = (await import(`../../functions/${name}/handler.ts`)) as {
    default: Implementation
  }
  const { contract } = implementation
  describe(name, () => {
    const fn = testFunction(implementation)
    const { endpoints, subscribers } = contractsData({ [name]: contract })

    for (const endpoint of endpoints) {
      it('fails for no request', async () => {
        const [address, headers] = [await fn.address(), await fn.headers(merchant)]
        await fc.assert(
          fc.asyncProperty(requestOf(endpoint), async ({ target, init }) => {
            expect(
              await statusOf(address + target, { ...init, headers: { ...init.headers, ...headers } }),
            ).toBeLessThan(500)
          }),
          RUNS,
        )
      })
    }

    for (const { on, takes } of subscribers) {
      it('fails for no event', async () => {
        await fc.assert(
          fc.asyncProperty(arbitraryOf(takes), async (data) => {
            const { status } = await fn.deliver({ type: on, data })
            expect(status).toBeLessThan(500)
          }),
          RUNS,
        )
      })
    }
  })
}
