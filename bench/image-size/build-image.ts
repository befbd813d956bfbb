import { inherited } from '../../src/kernel/index.ts'
import { baseImageArgs, missingBaseImages } from './base-images.ts'
import { isOnPath, tool } from './tool.ts'

/**
 * Builds the image of a function or service from the checkout that this process runs in; answers its name. What older
 * builds left goes with `buildah rmi --prune`.
 */
export async function buildImage(name: string): Promise<string> {
  const image = `localhost/ebb/${name}:bench`
  // Where the machine's traffic is signed by a proxy, npm has to know by whom.
  const { NODE_EXTRA_CA_CERTS: ca } = inherited(['NODE_EXTRA_CA_CERTS'])
  const secret = ca ? ['--secret', `id=ca,src=${ca}`] : []
  const bases = baseImageArgs()
  await tool('buildah', [
    'bud',
    '--layers',
    ...bases,
    ...secret,
    '--build-arg',
    `FUNCTION=${name}`,
    '--tag',
    image,
    '.',
  ])
  return image
}

/** Why this machine can neither build images nor run them, in words; undefined where it can. */
export function whyNoImages(): string | undefined {
  const missing = ['buildah', 'runc'].filter((name) => !isOnPath(name))
  if (missing.length > 0) return `no ${missing.join(' and no ')} on PATH`
  if (process.getuid?.() !== 0) return 'an image can be mounted by root only'
  const absent = missingBaseImages()
  if (absent.length > 0) return `buildah does not have ${absent.join(' and ')} (buildah pull)`
  return undefined
}
