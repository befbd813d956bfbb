import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleContracts } from '../../src/build/index.ts'
import { replaceFile } from '../../src/build/write-chunk.ts'

const NAMES = ['list-news', 'get-thing', 'create-thing', 'get-limited']

/** The contracts of this folder in a folder of a gateway's; `swap` puts others in their place, of which no two are the same. */
export async function writeContracts(folder: string) {
  const [with_, without] = await Promise.all(
    [[...NAMES, 'get-extra'], NAMES].map(async (names) => {
      const { file } = await bundleContracts(import.meta.dirname, folder, { version: '1', names })
      return readFile(file, 'utf8')
    }),
  )
  const pointer = join(folder, 'contracts')
  let revision = 0
  const swap = async () => {
    revision++
    const text = (revision % 2 === 0 ? without : with_) ?? ''
    const name = `contracts-soak${revision}.cjs`
    await writeFile(join(folder, name), text.replaceAll('revision 0', `revision ${revision}`))
    await replaceFile(pointer, name)
  }
  await swap()
  return { pointer, swap }
}
