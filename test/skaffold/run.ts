/**
 * What Skaffold itself makes of skaffold.yaml: `npm run e2e:skaffold`. It takes the file, renders the manifests of each profile, and says
 * which images a save builds; skaffold (2.24 or later) and kubectl are on PATH. With `--dev`, it builds a project of two functions into the cluster of KUBECONFIG, whose context
 * is one of kind's, and then what a save of one handler asks for: docker and kind are on PATH, too.
 */
import { parseArgs } from 'node:util'
import { developOneFunction } from './develop-one-function.ts'
import { renderProfile } from './render-profile.ts'
import { tagsAfterSaves } from './tags-after-saves.ts'

const { values } = parseArgs({
  options: { dev: { type: 'boolean', default: false }, namespace: { type: 'string', default: 'ebb-skaffold' } },
})
const checks: Readonly<Record<string, () => Promise<string>>> = {
  'it renders the profile kind': () => renderProfile('kind'),
  'it renders the profile prod': () => renderProfile('prod'),
  'a save builds what it means': tagsAfterSaves,
  ...(values.dev ? { 'a save is answered': () => developOneFunction(values.namespace) } : {}),
}
for (const [name, check] of Object.entries(checks)) {
  try {
    console.log(`passed ${name}: ${await check()}`)
  } catch (error) {
    process.exitCode = 1
    console.log(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
