import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import type { EndpointContract, SubscriberContract } from 'ebb/contract'
import { findFunctions } from 'ebb/deploy'
import { roles } from './roles.ts'

async function scopesOf(name: string): Promise<readonly string[]> {
  const file = pathToFileURL(resolve('functions', name, 'contract.ts')).href
  const { default: contract }: { default: EndpointContract | SubscriberContract } = await import(file)
  return contract.kind === 'endpoint' ? (contract.access.scopes ?? []) : []
}

describe('the roles', () => {
  it('grant every scope that a contract requires', async () => {
    const required = (await Promise.all((await findFunctions('.')).map(scopesOf))).flat()
    const granted = new Set<string>(Object.values(roles).flat())
    expect(required).toContain('orders:write')
    expect(required.filter((scope) => !granted.has(scope))).toEqual([])
  })
})
