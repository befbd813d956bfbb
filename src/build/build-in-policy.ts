import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile, PartialMessage, Plugin } from 'esbuild'
import { checkPolicy } from '../data/policy/check-policy.ts'
import { FILE_NAMES, POLICY_FOLDER, type PolicyFiles, readPolicyFiles } from '../data/policy/policy-files.ts'
import { ANY } from '../data/policy/policy-rules.ts'
import { tryPolicy } from '../data/policy/read-policy.ts'
import type { Chunk } from './write-chunk.ts'

const LOAD_POLICY = /[/\\]src[/\\]data[/\\]policy[/\\]load-policy\.[jt]s$/
const FILES = /[/\\]domain[/\\]policy[/\\](model\.conf|policy\.csv)$/

/**
 * Builds domain/policy into a function that uses the policy, so that its image has it, and so that a save of it is a change of
 * the function. What is wrong there is an error of its build, with file and line.
 */
export function buildInPolicy(project: string): Plugin {
  const folder = join(project, POLICY_FOLDER)
  const read = () => readPolicyFiles(folder, POLICY_FOLDER)
  return {
    name: 'build-in-policy',
    setup: ({ onLoad, onEnd }) => {
      onLoad({ filter: LOAD_POLICY }, () => ({ contents: read() ? BUILT_IN : FOR_OPA, resolveDir: project }))
      // What each is to the bundle is what both say together: a function is built again after a save of either.
      onLoad({ filter: FILES }, ({ path }) => {
        const files = read()
        const { model, ...rest } = files ? tryPolicy(files).rules : {}
        return { contents: JSON.stringify(path.endsWith(FILE_NAMES.model) ? model : rest), loader: 'json' }
      })
      // Every function that imports anything of ebb/data loads the module; only now is known which one keeps it.
      onEnd(async ({ metafile }) => {
        if (!metafile || !isKept(metafile)) return undefined
        const files = read()
        if (files) return { errors: await findErrors(files) }
        return isForOpa(folder) ? undefined : { errors: [MISSING] }
      })
    },
  }
}

/** The sources of a chunk without the policy's files, where it does not use the policy. */
export function withoutUnusedPolicy({ bytesOf, inputs, ...chunk }: Chunk): Chunk {
  const isUsed = [...bytesOf].some(([file, bytes]) => bytes > 0 && LOAD_POLICY.test(file))
  return { ...chunk, bytesOf, inputs: isUsed ? inputs : new Set([...inputs].filter((file) => !FILES.test(file))) }
}

/** All roles of a policy: who has them may do whatever anybody may. None where there is no policy. */
export function rolesInPolicy(project: string): readonly string[] {
  const files = readPolicyFiles(join(project, POLICY_FOLDER))
  if (!files) return []
  const { rules, links, model } = tryPolicy(files).rules
  const roles = rules.flatMap(({ values }) => values[model.fields.indexOf('role')] ?? [])
  return [...new Set([...roles, ...links.flat()])].filter((role) => role !== ANY)
}

const isKept = ({ outputs }: Metafile) =>
  Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .some(([file, { bytesInOutput }]) => bytesInOutput > 0 && LOAD_POLICY.test(`/${file}`))

/** Whether an Open Policy Agent decides, by rules in its own language. */
const isForOpa = (folder: string) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.rego'))

// Relative, since esbuild takes what follows a `?` in an absolute path for something else.
const BUILT_IN = `
  import model from './${POLICY_FOLDER}/${FILE_NAMES.model}'
  import policy from './${POLICY_FOLDER}/${FILE_NAMES.policy}'
  export const loadPolicy = () => ({ ...policy, model })`

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
