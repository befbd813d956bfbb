import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigError } from '../kernel/index.ts'

interface Manifest {
  readonly name: string
  readonly version: string
}

/** Name and version of the package that a project is: from the nearest package.json, from the project's folder up. */
export async function readProjectManifest(project: string): Promise<Manifest> {
  let folder = project
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) throw new ConfigError(`neither ${project} nor a folder above it has a package.json`)
    folder = dirname(folder)
  }
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
}
