import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Programs that a pipeline calls, each of which notes its arguments, and does what else its script of bash says. `$STATE` is a folder that
 * they share.
 */
export async function createStubs(programs: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-delivery-'))
  const [bin, state, checkout] = ['bin', 'state', 'checkout'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  for (const path of [bin, state, checkout]) await mkdir(path)
  const calls = join(state, 'calls')
  await writeFile(calls, '')
  for (const [name, script] of Object.entries(programs)) {
    const file = join(bin, name)
    await writeFile(file, `#!/usr/bin/env bash\nset -eu\nSTATE='${state}'\necho "${name} $*" >>'${calls}'\n${script}\n`)
    await chmod(file, 0o755)
  }
  return {
    ...{ bin, state, checkout },
    /** What was called, a line each. */
    calls: async () => (await readFile(calls, 'utf8')).trim().split('\n'),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
