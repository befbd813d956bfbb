import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, it } from '@jest/globals'
import { untilTrue } from '../../test/support/until.ts'
import { createLog } from '../kernel/log.ts'
import { openContracts } from './contracts-file.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function folderOf(generation: number, parent: string) {
  const folder = join(parent, `..${generation}`)
  await mkdir(folder)
  const bundle = `exports.routes = []; exports.subscriptions = [${generation}]; exports.validate = exports.validateEvent = () => {}`
  await writeFile(join(folder, `contracts-${generation}.cjs`), bundle)
  await writeFile(join(folder, 'contracts'), `contracts-${generation}.cjs`)
  return folder
}

/** Renames a link to another folder onto one that is there, as Kubernetes does in its volumes. */
async function link(to: string, at: string) {
  await symlink(to, `${at}.new`)
  await rename(`${at}.new`, at)
}

async function createFolder() {
  const parent = await mkdtemp(join(tmpdir(), 'ebb-contracts-'))
  closers.push(() => rm(parent, { recursive: true }))
  return parent
}

async function open(pointer: string) {
  const contracts = openContracts(pointer, { log: createLog({ level: 'silent' }) })
  closers.push(contracts.close)
  const generation = () => contracts.current().subscriptions[0]
  await untilTrue(() => Number(generation()) === 1)
  return { untilSwapped: () => untilTrue(() => Number(generation()) === 2, { what: 'a swap', limitMs: 60_000 }) }
}

it('swaps where a Kubernetes volume changes, in which a link to its folder is renamed', async () => {
  const parent = await createFolder()
  await link(await folderOf(1, parent), join(parent, '..data'))
  await symlink(join('..data', 'contracts'), join(parent, 'contracts'))
  for (const generation of [1, 2])
    await symlink(join('..data', `contracts-${generation}.cjs`), join(parent, `contracts-${generation}.cjs`))
  const { untilSwapped } = await open(join(parent, 'contracts'))
  await link(await folderOf(2, parent), join(parent, '..data'))
  await untilSwapped()
})

it('swaps where the volume reports no change', async () => {
  const [parent, elsewhere] = [await createFolder(), await createFolder()]
  await link(await folderOf(1, elsewhere), join(elsewhere, 'current'))
  const second = await folderOf(2, elsewhere)
  // What happens behind links, in a folder that is not watched.
  for (const name of ['contracts', 'contracts-1.cjs', 'contracts-2.cjs'])
    await symlink(join(elsewhere, 'current', name), join(parent, name))
  const { untilSwapped } = await open(join(parent, 'contracts'))
  await link(second, join(elsewhere, 'current'))
  await untilSwapped()
})
