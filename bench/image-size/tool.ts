import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { inherited } from '../../src/kernel/index.ts'

const MOST_BYTES = 64 * 1024 * 1024

/** Runs a program to its end; answers what it printed. Rejects with its complaints where it fails. */
export function tool(name: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(name, args, { env: toolEnv(), maxBuffer: MOST_BYTES }, (fault, stdout, stderr) => {
      if (fault) reject(new Error(`${name} ${args.join(' ')}\n${stdout}${stderr}`, { cause: fault }))
      else resolve(stdout.trim())
    })
  })
}

/** Buildah would take crun where that is, which not every machine's cgroups let work. */
const toolEnv = () => ({ BUILDAH_RUNTIME: 'runc', ...inherited(['PATH', 'HOME', 'BUILDAH_RUNTIME', ...PROXIES]) })
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']

export function isOnPath(name: string): boolean {
  const folders = (inherited(['PATH']).PATH ?? '').split(delimiter)
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
