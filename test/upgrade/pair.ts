import { join } from 'node:path'
import { commitAll, copyProject, type Kind, makeCheckout, makeProject, run } from './projects.ts'
import type { Release } from './releases.ts'

/** What is upgraded: a project of a release or of a packed Ebb, to another packed one. */
export interface Fixture {
  readonly kind: Kind
  readonly from: Release | string
  readonly to: string
  /** The steps by hand of the release that is gone to, by their headings. */
  readonly steps?: ReadonlyMap<string, string>
}

/** How many requests each way has to stand. */
export const AT_LEAST = 2_000

/** Makes a project and an upgraded copy of it; `found` says what the upgrade has changed. */
export async function makePair(fixture: Fixture, folder: string) {
  const [before, after] = [join(folder, 'before'), join(folder, 'after')]
  const { kind, from } = fixture
  if (typeof from === 'string') await makeProject(before, from, kind)
  else await makeCheckout(before, from.commit ?? '', kind)
  await copyProject(before, after)
  return { before, after, found: await upgrade(after, fixture) }
}

/** Does what a person does, commits it, and returns what git says has changed beside the lock file and rendered files. */
async function upgrade(project: string, { from, to, kind, steps }: Fixture): Promise<string> {
  const before = (await run(project, 'git', ['rev-parse', 'HEAD'])).trim()
  if (typeof from === 'string') await run(project, 'npx', ['ebb', 'upgrade', to])
  else {
    for (const name of STEPS[kind]) {
      const script = steps?.get(name)
      if (!script) throw new Error(`CHANGELOG.md has no steps "${name}"`)
      await run(project, 'bash', ['-euo', 'pipefail', '-c', script], { EBB: to })
    }
  }
  const changed = (await run(project, 'git', ['diff', '--stat', '--stat-width=200', before])).trim().split('\n')
  await commitAll(project, 'Upgrade Ebb')
  const byHand = changed.filter((line) => line.includes('|') && !RENDERED.test(line.trim()))
  // What was a checkout loses the platform's files.
  if (typeof from !== 'string')
    return `${byHand.length} files have gone or changed beside the lock file and rendered ones`
  return `beside the lock file and rendered ones, ${byHand.map((line) => line.split('|')[0]?.trim()).join(', ')} changed`
}

const CHECKOUT = 'From a checkout'
const STEPS = {
  ...{ fresh: [CHECKOUT], own: [CHECKOUT] },
  patched: [CHECKOUT, 'From a checkout with changes in the platform'],
} satisfies Record<Kind, readonly string[]>
const RENDERED =
  /^(k8s|charts\/ebb|Dockerfile|\.dockerignore|skaffold\.yaml|stack\.yml|docker-bake\.hcl|package-lock\.json)/
