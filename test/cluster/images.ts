import { baseImageArgs } from '../../bench/image-size/build-image.ts'
import { SERVICES } from '../../src/build/build-image.ts'
import { findFunctions } from '../../src/deploy/index.ts'
import type { Options } from './options.ts'
import { runCommand } from './run-command.ts'

const BUILD_MS = 600_000

/** Builds images of a project with buildah, then hands their names to the command that loads them. */
export async function buildImages(project: string, tag: string, options: Options) {
  await buildImagesOf(project, [...(await findFunctions(project)), ...SERVICES], tag, options)
}

/** The same for some of them. */
export async function buildImagesOf(
  project: string,
  names: readonly string[],
  tag: string,
  { registry, load }: Pick<Options, 'registry' | 'load'>,
) {
  const ca = process.env.EBB_E2E_CA
  const secret = ca ? ['--secret', `id=ca,src=${ca}`] : []
  const bases = baseImageArgs()
  const images = names.map((name) => `${registry}/ebb/${name}:${tag}`)
  for (const [i, name] of names.entries()) {
    const options = ['--build-arg', `FUNCTION=${name}`, '--build-arg', `REVISION=${tag}`, '--tag', images[i] ?? '']
    await runCommand('buildah', ['bud', '--layers', '--quiet', ...bases, ...secret, ...options, '.'], {
      cwd: project,
      limitMs: BUILD_MS,
    })
  }
  if (load) await runCommand('sh', ['-c', `${load} "$@"`, 'load', ...images], { limitMs: BUILD_MS })
}
