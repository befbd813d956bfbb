import { resolve } from 'node:path'
import { ConfigError } from '../../kernel/config-error.ts'
import { POLICY_FOLDER, readPolicyFiles } from './policy-files.ts'
import type { PolicyRules } from './policy-rules.ts'
import { readPolicy } from './read-policy.ts'

/**
 * The policy in a folder. Throws a ConfigError for what is missing or wrong. The build puts a module in the place of this one
 * that has the policy in it, checked (src/build/build-in-policy.ts).
 */
export function loadPolicy(folder = POLICY_FOLDER): PolicyRules {
  const files = readPolicyFiles(resolve(folder), POLICY_FOLDER)
  if (!files) throw new ConfigError(`${folder}: there is no model.conf with a policy.csv, and EBB_OPA_URL is not set`)
  return readPolicy(files)
}
