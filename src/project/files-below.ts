import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** The files below a folder by their relative paths, sorted, without those of installed packages; none where there is no folder. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (Object(error).code !== 'ENOENT') throw error
    return []
  })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll(sep, '/'))
    .filter((file) => !file.split('/').includes('node_modules'))
    .sort()
}
