import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PLATFORM_PACKAGE, readPlatformManifest } from '../deploy/platform-files.ts'
import { compareVersions, isVersion } from './versions.ts'

/** The version of Ebb whose rendered files a project has: its chart has it, which is copied from the platform. */
export async function readRenderedVersion(project: string): Promise<string | undefined> {
  const text = await readFile(join(project, 'charts/ebb/Chart.yaml'), 'utf8').catch(() => '')
  const version = /^version: *["']?([^\s"']+)/m.exec(text)?.[1]
  return version && isVersion(version) ? version : undefined
}

/** One sentence where rendered files and the running Ebb differ in version; undefined where they do not, or nothing is rendered. */
export async function describeVersionGap(project: string): Promise<string | undefined> {
  const [rendered, installed] = [await readRenderedVersion(project), readPlatformManifest().version]
  if (rendered === undefined || rendered === installed || project === PLATFORM_PACKAGE) return undefined
  const todo = compareVersions(rendered, installed) < 0 ? 'npx ebb upgrade' : 'npm ci'
  return `the rendered files are of Ebb ${rendered}, and this is Ebb ${installed}: ${todo}`
}
