import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../kernel/index.ts'

/** Name and version of the package that a project is: from the nearest package.json, from the project's folder up. */
export async function readProjectManifest(
  project: string,
): Promise<{ readonly name: string; readonly version: string }> {
  const file = findPackageJSON(pathToFileURL(join(project, 'functions')).href)
  if (file === undefined) throw new ConfigError(`neither ${project} nor a folder above it has a package.json`)
  return JSON.parse(await readFile(file, 'utf8'))
}
