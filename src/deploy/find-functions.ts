import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The names of all functions: the folders under functions/ that hold a contract.ts. There is no registry. None where there is
 * no such folder: git does not keep an empty one.
 */
export async function findFunctions(root: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, 'functions'), { withFileTypes: true, recursive: true }).catch(noneIfAbsent)
  const contracts = entries.filter((entry) => entry.isFile() && entry.name === 'contract.ts')
  const folders = contracts.map(({ parentPath }) => parentPath.slice(join(root, 'functions').length + 1))
  return folders.filter((folder) => folder !== '' && !/^\.|[\\/]/.test(folder)).sort()
}

function noneIfAbsent(fault: unknown): [] {
  if (Object(fault).code !== 'ENOENT') throw fault
  return []
}
