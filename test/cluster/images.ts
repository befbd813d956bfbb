import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { baseImageArgs } from '../../bench/image-size/build-image.ts'
import type { Options } from './options.ts'
import { runCommand } from './run-command.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUILD_MS = 600_000

/** All functions of this checkout. */
export const functionNames = () =>
  readdirSync(`${ROOT}/functions`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

/** What has an image: functions, services and migrations. */
export const imageNames = () => [...functionNames(), 'gateway', 'relay', 'migrate']

/** Builds images with buildah, then hands their names to the command that loads them. */
export async function buildImages(names: readonly string[], tag: string, { registry, load }: Options) {
  const ca = process.env.EBB_E2E_CA
  const secret = ca ? ['--secret', `id=ca,src=${ca}`] : []
  const bases = baseImageArgs()
  const images = names.map((name) => `${registry}/ebb/${name}:${tag}`)
  for (const [i, name] of names.entries()) {
    const options = ['--build-arg', `FUNCTION=${name}`, '--build-arg', `REVISION=${tag}`, '--tag', images[i] ?? '']
    await runCommand('buildah', ['bud', '--layers', '--quiet', ...bases, ...secret, ...options, '.'], {
      cwd: ROOT,
      limitMs: BUILD_MS,
    })
  }
  if (load) await runCommand('sh', ['-c', `${load} "$@"`, 'load', ...images], { limitMs: BUILD_MS })
}
