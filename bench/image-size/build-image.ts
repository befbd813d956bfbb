import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { inheritedEnv } from '../../src/kernel/index.ts'
import { copyCheckout } from '../../test/support/checkout.ts'
import { findProgram } from '../../test/support/find-program.ts'
import { runTool } from './image-tools.ts'

/** What a build reads besides what copyCheckout copies. */
const BUILD_FILES = ['Dockerfile', '.dockerignore', '.npmrc', 'package-lock.json', 'tsconfig.json']

/**
 * Builds the image of a function or service of the tests' project; returns its name. What older builds left goes with
 * `buildah rmi --prune`.
 */
export async function buildImage(name: string): Promise<string> {
  const image = `localhost/ebb/${name}:bench`
  const checkout = await copyCheckout()
  for (const file of BUILD_FILES) await cp(file, join(checkout.root, file))
  // Where the machine's traffic is signed by a proxy, npm has to know by whom.
  const { NODE_EXTRA_CA_CERTS: ca } = inheritedEnv(['NODE_EXTRA_CA_CERTS'])
  const secret = ca ? ['--secret', `id=ca,src=${ca}`] : []
  const bases = baseImageArgs()
  await runTool('buildah', [
    'bud',
    '--layers',
    ...bases,
    ...secret,
    '--build-arg',
    `FUNCTION=${name}`,
    '--tag',
    image,
    checkout.root,
  ]).finally(checkout.remove)
  return image
}

/** Why this machine can neither build images nor run them, in words; undefined where it can. */
export function findMissingTools(): string | undefined {
  const missing = ['buildah', 'runc'].filter((name) => !findProgram(name))
  if (missing.length > 0) return `no ${missing.join(' and no ')} on PATH`
  if (process.getuid?.() !== 0) return 'an image can be mounted by root only'
  const absent = missingBaseImages()
  if (absent.length > 0) return `buildah does not have ${absent.join(' and ')} (buildah pull)`
  return undefined
}

interface Base {
  /** As the Dockerfile names it, by tag and digest. */
  readonly pinned: string
  readonly tagged: string
  /** The name by which a store finds the pinned one. */
  readonly byDigest: string
}

const FROM = /^FROM ((\S+):[^\s:@]+)(@sha256:\w{64})/gm

const baseImages = (): readonly Base[] =>
  [...readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8').matchAll(FROM)].map(
    ([, tagged = '', name, digest]) => ({ pinned: `${tagged}${digest}`, tagged, byDigest: `${name}${digest}` }),
  )

/** Base images of which buildah has neither the pinned one nor any other under its tag. */
const missingBaseImages = (): readonly string[] =>
  baseImages().flatMap(({ pinned, byDigest, tagged }) => (isStored(byDigest) || isStored(tagged) ? [] : pinned))

/**
 * Arguments that let buildah take what it has under the tag, where it does not have the pinned image: machines that
 * reach no registry have stand-ins of their own making. It prints so, since what is built then is nothing to ship.
 */
export const baseImageArgs = (): readonly string[] =>
  baseImages().flatMap(({ pinned, byDigest, tagged }) => {
    if (isStored(byDigest) || !isStored(tagged)) return []
    process.stderr.write(`NOT PINNED: images are built on this machine's own ${tagged}, in the place of ${pinned}\n`)
    return ['--build-context', `${pinned}=container-image://${tagged}`]
  })

function isStored(image: string): boolean {
  try {
    execFileSync('buildah', ['inspect', '--type', 'image', image], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
