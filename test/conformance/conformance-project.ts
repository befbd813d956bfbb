import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { conformanceSources } from '../../src/conformance/fixture-functions.ts'
import { copyCheckout } from '../support/checkout.ts'

/** A copy of this checkout whose functions are those of conformance, and none of the shop; with these files on top. */
export async function conformanceProject(files: Readonly<Record<string, string>> = {}) {
  const checkout = await copyCheckout()
  await emptyProject(checkout.root)
  await cp(conformanceSources(), join(checkout.root, 'functions'), { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(checkout.root, name)), { recursive: true })
    await writeFile(join(checkout.root, name), text)
  }
  return checkout
}

/** Takes away what a copy of this checkout has of the shop. */
export async function emptyProject(root: string) {
  for (const folder of ['functions', 'domain']) await rm(join(root, folder), { recursive: true, force: true })
  await mkdir(join(root, 'domain/migrations'), { recursive: true })
  await mkdir(join(root, 'functions'))
  await writeFile(join(root, 'domain/roles.ts'), 'export const roles = {}\n')
}
