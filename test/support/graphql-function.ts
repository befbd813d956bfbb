import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The files of the function test/graphql/functions/graphql, as they would lie in the tests' project. */
export async function graphqlFunction(): Promise<Readonly<Record<string, string>>> {
  const folder = 'test/graphql/functions/graphql'
  const files = await readdir(folder)
  const textOf = async (file: string) =>
    (await readFile(join(folder, file), 'utf8'))
      .replaceAll('../../../project/functions/', '../')
      .replaceAll('../../../project/domain/', '../../domain/')
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [`functions/graphql/${file}`, await textOf(file)] as const)),
  )
}
