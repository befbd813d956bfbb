import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { conformanceSources } from '../../src/conformance/fixture-functions.ts'
import { copyCheckout } from '../support/checkout.ts'
import type { RunnerEvent } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

/** A copy of this checkout whose functions are those of conformance, and none of the shop. */
export async function conformanceProject() {
  const checkout = await copyCheckout()
  await emptyProject(checkout.root)
  await cp(conformanceSources(), join(checkout.root, 'functions'), { recursive: true })
  return checkout
}

/** Takes away what a copy of this checkout has of the shop. */
export async function emptyProject(root: string) {
  for (const folder of ['functions', 'domain']) await rm(join(root, folder), { recursive: true, force: true })
  await mkdir(join(root, 'domain/migrations'), { recursive: true })
  await mkdir(join(root, 'functions'))
  await writeFile(join(root, 'domain/roles.ts'), 'export const roles = {}\n')
}

interface Saved {
  readonly root: string
  readonly name: string
  /** A file that the function's bundle has in it. */
  readonly file: string
}

/** Saves a file of a function, which is what replaces its instances on a laptop; resolves when that is taken. */
export async function replaceBySaving(ebb: { readonly events: readonly RunnerEvent[] }, { root, name, file }: Saved) {
  const path = join(root, 'functions', name, file)
  // A comment would make the same bundle.
  await writeFile(path, `${await readFile(path, 'utf8')}\nprocess.title = 'saved again'\n`)
  const isTaken = () => ebb.events.some(({ event, functions }) => event === 'reload' && String(functions) === name)
  await untilTrue(isTaken, { what: `a reload of ${name}` })
}
