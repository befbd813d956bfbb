import { delimiter, join } from 'node:path'
import { inheritedEnvByPrefix } from '../kernel/index.ts'
import { type ProgramResult, runProgram } from './run-program.ts'

/** What git and npm set for the programs that they start: it would select another repository, index or project. */
const FOREIGN = /^(GIT_(DIR|INDEX_FILE|WORK_TREE|PREFIX)|npm_(config_local_prefix|lifecycle_.*|package_.*))$/

/** Runs a program in a project, with the programs of its packages first in the PATH. Throws a ConfigError if there is none. */
export function runInProject(project: string, program: string, args: readonly string[]): Promise<ProgramResult> {
  const { PATH = '', ...inherited } = inheritedEnvByPrefix('')
  const kept = Object.entries(inherited).filter(([name]) => !FOREIGN.test(name))
  const path = [join(project, 'node_modules/.bin'), PATH].join(delimiter)
  return runProgram(program, args, project, { ...Object.fromEntries(kept), PATH: path })
}
