import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

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
export const missingBaseImages = (): readonly string[] =>
  baseImages().flatMap(({ pinned, byDigest, tagged }) => (isStored(byDigest) || isStored(tagged) ? [] : pinned))

/**
 * Arguments that let buildah take what it has under the tag, where it does not have the pinned image: machines that
 * reach no registry have stand-ins of their own making. It says so, since what is built then is nothing to ship.
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
