import { join } from 'node:path'
import { expect } from '@jest/globals'
import { loadPolicy } from '../data/policy/load-policy.ts'
import { openCasbin } from '../data/policy/open-casbin.ts'
import { isOfAnotherTenant } from '../data/policy/policy.ts'
import { toQuestion } from '../http/decisions.ts'
import type { PolicyCaller, PolicyObject } from '../kernel/index.ts'
import { findProject, readTestServer } from './test-server.ts'

/**
 * The policy of the project under test, by itself.
 * @example const count = ({ actions }: TestPolicy) => actions.length
 */
export interface TestPolicy {
  /** Every action that model.conf declares, with its type: rows for a table. */
  readonly actions: readonly (readonly [action: string, type: string])[]
  /** Whether the policy allows a caller to do this with an object, as `may` would decide. */
  allows(caller: PolicyCaller, action: string, object: PolicyObject): Promise<boolean>
}

/**
 * Opens domain/policy for the tests of this file, without a function, a database or a request.
 * @example
 * const policy = testPolicy()
 * it.each(policy.actions)('a stranger may not %s an %s', async (action, type) => {
 *   const object = { [type]: { owner: 'ada', cents: 100, state: 'placed' } }
 *   expect(await policy.allows({ sub: 'eve' }, action, object)).toBe(false)
 * })
 * @see docs/guide/20-policies.md
 */
export function testPolicy(): TestPolicy {
  const project = findProject(readTestServer(), expect.getState().testPath ?? '')
  const rules = loadPolicy(join(project, 'domain/policy'))
  let opening: ReturnType<typeof openCasbin> | undefined
  return {
    actions: Object.entries(rules.model.actions).flatMap(([type, actions]) =>
      actions.map((action) => [action, type] as const),
    ),
    allows: async (caller, action, object) => {
      const question = toQuestion(action, object, caller)
      opening ??= openCasbin(rules)
      return !isOfAnotherTenant(question) && (await opening).decide(question).allowed
    },
  }
}
