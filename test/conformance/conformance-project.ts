import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { conformanceSources } from '../../src/conformance/fixture-functions.ts'
import { copyCheckout } from '../support/checkout.ts'

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
