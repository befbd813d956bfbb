import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { AnyContract } from '../../../src/contract/index.ts'
import { openapi } from '../../../src/deploy/index.ts'
import type { Mutation } from '../mutations.ts'

const execute = promisify(execFile)

/** What oasdiff says of two documents: the ids of its checks that found an error or a warning. */
export interface Judgement {
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** A mutation with what both said of it. */
export interface Judged extends Mutation {
  /** Whether `contracts diff` says that it breaks somebody. */
  readonly ebb: boolean
  readonly oasdiff: Judgement
}

/** Judges what OpenAPI shows of a mutation, by the program at `oasdiff`. */
export async function judge(oasdiff: string, { before, after }: Mutation): Promise<Judgement> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-oasdiff-'))
  const write = async (name: string, contracts: readonly AnyContract[]) => {
    const file = join(folder, name)
    await writeFile(file, JSON.stringify(openapi(contracts, { version: '1' })))
    return file
  }
  try {
    const files = [await write('before.json', before), await write('after.json', after)]
    const { stdout } = await execute(oasdiff, ['breaking', ...files, '--format', 'json'], { timeout: 60_000 })
    const found = (JSON.parse(stdout || '[]') ?? []) as readonly { readonly id: string; readonly level: number }[]
    const at = (level: number) => [...new Set(found.filter((one) => one.level === level).map(({ id }) => id))].sort()
    return { errors: at(3), warnings: at(2) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Its version, as the go that has built it knows. */
export async function versionOf(oasdiff: string): Promise<string> {
  const { stdout } = await execute('go', ['version', '-m', oasdiff])
  return /^\s*mod\s+\S+\s+(\S+)/m.exec(stdout)?.[1] ?? 'of an unknown version'
}
