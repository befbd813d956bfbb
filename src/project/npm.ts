import { ConfigError } from '../kernel/index.ts'
import { explainNpm, INSTALL_OPTIONS, isFull } from './create/install-packages.ts'
import { runInProject } from './run-in-project.ts'

/** The name of the package. */
export const PACKAGE = 'ebb'

const [, ...RETRY_OPTIONS] = INSTALL_OPTIONS

/** Installs what package.json says, and writes the lock file. Throws a ConfigError of one sentence. */
export async function installPackages(project: string): Promise<void> {
  await npm(project, ['install', ...INSTALL_OPTIONS])
}

/** The version that the registry has for a version, a range or a tag, such as `latest`. Throws a ConfigError of one sentence. */
export async function resolveVersion(project: string, wanted: string): Promise<string> {
  const output = await npm(project, ['view', `${PACKAGE}@${wanted}`, 'version', '--json', ...RETRY_OPTIONS], wanted)
  const found: unknown = output.trim() === '' ? [] : JSON.parse(output)
  const newest = [found].flat().at(-1)
  if (typeof newest !== 'string') throw noVersion(wanted)
  return newest
}

/** Downloads a version of the package into a folder and returns the name of the file. Throws a ConfigError of one sentence. */
export async function downloadPackage(project: string, version: string, folder: string): Promise<string> {
  const args = ['pack', `${PACKAGE}@${version}`, '--json', '--ignore-scripts', '--pack-destination', folder]
  const output = await npm(project, [...args, ...RETRY_OPTIONS], version)
  const [packed]: readonly { readonly filename: string }[] = JSON.parse(output)
  if (!packed) throw noVersion(version)
  return packed.filename
}

const noVersion = (wanted: string) =>
  new ConfigError(
    wanted === 'latest'
      ? `the registry has no ${PACKAGE}: name a version, or a packed file`
      : `the registry has no ${PACKAGE} ${wanted}: npm view ${PACKAGE} versions lists those that it has`,
  )

async function npm(project: string, args: readonly string[], wanted?: string): Promise<string> {
  const { code, stdout, stderr } = await runInProject(project, 'npm', [...args, '--loglevel=error'])
  if (code === 0) return stdout
  const { kind, reason } = explainNpm(stderr)
  if (kind === 'version' && wanted !== undefined) throw noVersion(wanted)
  if (kind === 'network') throw new ConfigError(`npm cannot reach its registry (${reason}); try again with a network`)
  if (kind === 'disk-full' || (await isFull(project))) throw new ConfigError(DISK_FULL)
  throw new ConfigError(`npm ${args[0]} failed: ${reason || 'it was killed'}`)
}

/** What to do about a full disk. */
export const DISK_FULL = 'the disk is full, and all is as it was: make room, and try again'
