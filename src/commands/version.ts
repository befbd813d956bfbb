import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PLATFORM_PACKAGE, readPlatformManifest } from '../deploy/platform-files.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const versionCommand: readonly Form[] = [
  form({
    description:
      'Print the versions of Ebb, of Node and, where it is not Ebb itself, of the project; --version does as well.',
    options: { json: JSON_OPTION },
    examples: ['version --json'],
    run: async (project, { json }) => {
      const ebb = readPlatformManifest().version
      const own = project === PLATFORM_PACKAGE ? undefined : await readProject(project)
      if (json) return printJson({ ebb, node: process.version, ...(own ? { project: own } : {}) })
      printLine([`ebb ${ebb}, Node ${process.version}`, ...(own ? [`${own.name} ${own.version}`] : [])].join('\n'))
    },
  }),
]

/** Name and version of a project, if it has both: nothing else needs them. */
async function readProject(project: string) {
  const manifest = await readFile(join(project, 'package.json'), 'utf8').catch(() => '{}')
  const { name, version }: { readonly name?: string; readonly version?: string } = JSON.parse(manifest)
  return name && version ? { name, version } : undefined
}
