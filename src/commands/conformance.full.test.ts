import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CONFORMANCE_FUNCTIONS } from '../conformance/index.ts'

let project: string
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'ebb-conformance-'))
  await mkdir(join(project, 'functions/say-hello'), { recursive: true })
})
afterAll(() => rm(project, { recursive: true }))

const run = promisify(execFile)
const ebb = (...args: readonly string[]) =>
  run(process.execPath, [resolve('src/cli.ts'), 'conformance', ...args], { cwd: project }).then(
    ({ stdout }) => stdout,
    ({ stderr }: { stderr: string }) => stderr,
  )
const functions = async () => (await readdir(join(project, 'functions'))).sort()

describe('ebb conformance', () => {
  it('add writes its functions beside those of the project, over older ones, and remove takes only these away', async () => {
    expect(await ebb('add')).toContain('wrote functions/conformance-write\n')
    expect(await functions()).toEqual([...CONFORMANCE_FUNCTIONS, 'say-hello'])
    const file = join(project, 'functions/conformance-write/handler.ts')
    const text = await readFile(file, 'utf8')
    await writeFile(file, 'older')
    await writeFile(join(project, 'functions/conformance-write/left.ts'), 'older')
    await ebb('add')
    expect(await readFile(file, 'utf8')).toBe(text)
    expect(await readdir(join(project, 'functions/conformance-write'))).not.toContain('left.ts')

    expect(await ebb('remove')).toContain('removed functions/conformance-write\n')
    expect(await functions()).toEqual(['say-hello'])
    expect(await ebb('remove')).toBe('There are no conformance functions here.\n')
  })

  it.each([
    [[], 'ebb: no Ebb runs here; start it with npm start, or name one with --url.\n'],
    [['--url', 'ftp://a'], 'ebb: --url must be http:// or https://\n'],
    [['--url', 'http://127.0.0.1:9'], 'ebb: no Ebb answers at http://127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9\n'],
    [['--url', 'http://a', '--admin', 'http://b'], 'ebb: --admin needs the admin key of that Ebb in EBB_ADMIN_KEY\n'],
  ])('%j is refused in one sentence', async (args, sentence) => {
    expect(await ebb(...args)).toBe(sentence)
  })

  it.each([
    [['list'], 2],
    [['add', 'more'], 2],
    [['--key', 'k'], 1],
  ])('%j is none of its forms', async (args, code) => {
    await expect(
      run(process.execPath, [resolve('src/cli.ts'), 'conformance', ...args], { cwd: project }),
    ).rejects.toThrow(expect.objectContaining({ code }))
  })
})
