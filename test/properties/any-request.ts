import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import fc from 'fast-check'
import { versionedType } from '../../src/contract/index.ts'
import { contractsData } from '../../src/deploy/contracts-data.ts'
import { readRoles } from '../../src/deploy/import-sources.ts'
import { findFunctions } from '../../src/deploy/load-contracts.ts'
import type { Implementation } from '../../src/http/index.ts'
import { SEED } from '../support/seed.ts'
import { arbitraryOf } from './arbitrary-of.ts'
import { requestOf, statusOf } from './request-of.ts'

const RUNS = { numRuns: 40, seed: SEED }

/**
 * Whatever is sent to a function of the project, within its schemas' domains and a little beyond, is taken or refused with a
 * reason: what a schema takes, the stores behind it take.
 */
export async function testAnyRequest(project: string): Promise<void> {
  const caller = { sub: 'ada', scopes: Object.values(await readRoles(project)).flat() }
  const implementationOf = async (name: string): Promise<Implementation> =>
    (await import(join(project, 'functions', name, 'handler.ts'))).default
  for (const name of await findFunctions(project)) {
    const implementation = await implementationOf(name)
    const services = await servicesOf(implementation, implementationOf)
    describe(name, () => testImplementation(implementation, caller, services))
  }
}

/** The functions that a handler calls, themselves, by the names of its methods. */
async function servicesOf({ uses }: Implementation, implementationOf: (name: string) => Promise<Implementation>) {
  const called = Object.values(uses).flatMap((resource) => {
    const { contracts = {} } = resource as { readonly contracts?: Readonly<Record<string, { readonly name: string }>> }
    return Object.entries(contracts)
  })
  const found = called.map(async ([method, { name }]) => [method, await implementationOf(name)] as const)
  return Object.fromEntries(await Promise.all(found))
}

function testImplementation(
  implementation: Implementation,
  caller: { readonly sub: string; readonly scopes: readonly string[] },
  services: object,
) {
  const { contract } = implementation
  const fn = testFunction(implementation, { services })
  const { endpoints, subscribers } = contractsData({ [contract.name]: contract })

  for (const endpoint of endpoints) {
    it('fails for no request', async () => {
      const [address, headers] = [await fn.address(), await fn.headers(caller)]
      await fc.assert(
        fc.asyncProperty(requestOf(endpoint), async ({ target, init }) => {
          expect(await statusOf(address + target, { ...init, headers: { ...init.headers, ...headers } })).toBeLessThan(
            500,
          )
        }),
        RUNS,
      )
    })
  }

  for (const { on, version, schema } of subscribers.flatMap(({ on, reads }) => reads.map((one) => ({ on, ...one })))) {
    it(`fails for no event of version ${version}`, async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryOf(schema), async (data) => {
          const { status } = await fn.deliver({ type: versionedType(on, version), data })
          expect(status).toBeLessThan(500)
        }),
        RUNS,
      )
    })
  }
}
