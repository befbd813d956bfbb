import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PartialMessage, Plugin } from 'esbuild'
import { checkPolicy } from '../data/policy/check-policy.ts'
import { FILE_NAMES, POLICY_FOLDER, type PolicyFiles, readPolicyFiles } from '../data/policy/policy-files.ts'
import { readPolicy } from '../data/policy/read-policy.ts'

const LOAD_POLICY = /[/\\]src[/\\]data[/\\]policy[/\\]load-policy\.[jt]s$/
const FILES = /[/\\]domain[/\\]policy[/\\](model\.conf|policy\.csv)$/

/**
 * Builds domain/policy into a function that uses the policy, so that its image has it, and so that a save of it is a change of
 * the function. What is wrong there is an error of the build, with file and line.
 */
export function buildInPolicy(project: string): Plugin {
  const folder = join(project, POLICY_FOLDER)
  const read = () => readPolicyFiles(folder, POLICY_FOLDER)
  return {
    name: 'build-in-policy',
    setup: ({ onLoad }) => {
      onLoad({ filter: LOAD_POLICY }, async () => {
        const files = read()
        if (!files) return isForOpa(folder) ? { contents: FOR_OPA } : { errors: [MISSING] }
        const errors = await findErrors(files)
        return errors.length > 0 ? { errors } : { contents: moduleOf(folder), resolveDir: project }
      })
      // What each is to the bundle is what both say together: a function is built again after a save of either.
      onLoad({ filter: FILES }, ({ path }) => {
        const files = read()
        const { model, ...rest } = files ? readPolicy(files) : {}
        return { contents: JSON.stringify(path.endsWith(FILE_NAMES.model) ? model : rest), loader: 'json' }
      })
    },
  }
}

/** Whether an Open Policy Agent decides, by rules in its own language. */
const isForOpa = (folder: string) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.rego'))

const FOR_OPA = `
  export const loadPolicy = () => {
    throw new Error('EBB_OPA_URL: not set, and needed here: ${POLICY_FOLDER} has rules for an Open Policy Agent')
  }`

const MISSING: PartialMessage = {
  text: `a handler uses \`policy\`, and there is no ${POLICY_FOLDER}/${FILE_NAMES.model} with a ${FILE_NAMES.policy}`,
  notes: [
    {
      text: 'docs/guide/20-policies.md has both to begin with. Where an Open Policy Agent decides, its .rego files stand there.',
    },
  ],
}

async function findErrors(files: PolicyFiles): Promise<PartialMessage[]> {
  return (await checkPolicy(files)).map(({ file, line, message }) => ({
    text: message,
    location: {
      file: `${POLICY_FOLDER}/${FILE_NAMES[file]}`,
      line,
      lineText: files[file].split('\n')[line - 1] ?? '',
    },
  }))
}

const moduleOf = (folder: string) => `
  import model from ${JSON.stringify(join(folder, FILE_NAMES.model))}
  import policy from ${JSON.stringify(join(folder, FILE_NAMES.policy))}
  export const loadPolicy = () => ({ ...policy, model })`
