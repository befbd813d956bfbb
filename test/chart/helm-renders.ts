import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inheritedEnv } from 'ebb/kernel'
import { startCluster } from './cluster.ts'
import { HELM } from './helm.ts'

const execute = promisify(execFile)

/** Why no command of Helm can be tried out here. */
export const missingHelm = HELM === '' ? 'no helm on PATH' : undefined

/**
 * Runs a command of Helm as it is written down, in a folder, and returns what it would apply: whatever would install renders in
 * its place, for a cluster that has nothing yet. Throws for an option that Helm does not have.
 */
export async function helmRenders(command: string, cwd = '.'): Promise<string> {
  const [, verb = ''] = command.split(' ')
  const { stdout: help } = await execute(HELM, [verb, '--help'])
  const unknown = command.match(/--[a-z-]+/g)?.filter((option) => !help.includes(option)) ?? []
  if (unknown.length > 0) throw new Error(`helm ${verb} has no ${unknown.join(', ')}`)
  await using cluster = await startCluster([])
  const folder = await mkdtemp(join(tmpdir(), 'ebb-helm-'))
  try {
    const flags = verb === 'template' ? [] : [...cluster.flags, '--set', 'engine=kubernetes']
    await writeFile(join(folder, 'helm'), `#!/bin/sh\nshift\nexec '${HELM}' template "$@" ${flags.join(' ')}\n`)
    await chmod(join(folder, 'helm'), 0o755)
    const env = { PATH: `${folder}:${inheritedEnv(['PATH']).PATH}`, HOME: folder }
    // What a first installation has no use for.
    const asFirst = command.replaceAll(/ --(install|reuse-values)\b/g, '')
    const { stdout } = await execute('sh', ['-ec', asFirst], { cwd, env, maxBuffer: 16 * 1024 * 1024 })
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}
