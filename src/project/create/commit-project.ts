import { runProgram } from '../run-program.ts'

/**
 * Makes a git repository of a new project, with its first commit, unless it is in one already. Resolves to a sentence for its
 * user where something is left to do: a project without a commit is whole.
 */
export async function commitProject(folder: string, message: string): Promise<string | undefined> {
  const git = (...args: readonly string[]) => runProgram('git', args, folder)
  try {
    const { stdout } = await git('rev-parse', '--is-inside-work-tree')
    if (stdout.trim() === 'true') return undefined
    for (const args of [
      ['-c', 'init.defaultBranch=main', 'init', '--quiet'],
      ['add', '--all'],
    ])
      await git(...args)
    const { code, stderr } = await git('commit', '--quiet', '--message', message)
    if (code === 0) return undefined
    const [reason = ''] = stderr.split('\n').filter((line) => /^(fatal|error): /.test(line))
    return `git did not commit it (${reason.replace(/^\w+: /, '') || `status ${code}`}): git commit -m '${message}' in it when it can.`
  } catch (error) {
    return `It is in no git repository: ${error instanceof Error ? error.message : error}.`
  }
}
