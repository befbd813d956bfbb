import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile, PartialMessage, Plugin } from 'esbuild'
import { checkPolicy } from '../data/policy/check-policy.ts'
import { FILE_NAMES, POLICY_FOLDER, type PolicyFiles, readPolicyFiles } from '../data/policy/policy-files.ts'
import { readPolicy } from '../data/policy/read-policy.ts'

const LOAD_POLICY = /[/\\]src[/\\]data[/\\]policy[/\\]load-policy\.[jt]s$/
const SCHEME = 'ebb:policy/'
const IMPORTED = /^ebb:policy\//
const FILES = /[/\\]domain[/\\]policy[/\\](model\.conf|policy\.csv)$/

/**
 * Builds domain/policy into a function that uses the policy, so that its image has it, and so that a save of it is a change of
 * the function. What is wrong there is an error of such a function's build, with file and line, and of no other's: esbuild
 * reads this module for each function that imports anything of ebb/data, and then leaves it out.
 */
export function buildInPolicy(project: string): Plugin {
  const folder = join(project, POLICY_FOLDER)
  const read = () => readPolicyFiles(folder, POLICY_FOLDER)
  return {
    name: 'build-in-policy',
    setup: ({ onLoad, onResolve, onEnd }) => {
      // Not by their paths: to esbuild, some characters of a folder's name would be a pattern.
      onResolve({ filter: IMPORTED }, ({ path }) => ({ path: join(folder, path.slice(SCHEME.length)) }))
      let errors: readonly PartialMessage[] = []
      onLoad({ filter: LOAD_POLICY }, async () => {
        const files = read()
        if (!files && isForOpa(folder)) return { contents: FOR_OPA }
        errors = files ? await findErrors(files) : [MISSING]
        return errors.length > 0 ? { contents: UNUSABLE } : { contents: BUILT_IN }
      })
      onEnd(({ metafile }) => ({ errors: metafile && isInOutput(metafile) ? [...errors] : [] }))
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

/** What the build of a function refuses that uses it. */
const UNUSABLE = 'export const loadPolicy = () => {}'

const isInOutput = ({ outputs }: Metafile) =>
  Object.values(outputs).some(({ inputs }) =>
    Object.entries(inputs).some(([path, { bytesInOutput }]) => bytesInOutput > 0 && LOAD_POLICY.test(`/${path}`)),
  )

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

const BUILT_IN = `
  import model from '${SCHEME}${FILE_NAMES.model}'
  import policy from '${SCHEME}${FILE_NAMES.policy}'
  export const loadPolicy = () => ({ ...policy, model })`
