import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnCli } from '../../test/support/cli.ts'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { findFunctions } from '../deploy/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-build-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('ebb build', () => {
  it('replaces the files of a function`s image, and prints their size', async () => {
    await mkdir(join(folder, 'place-order'))
    await writeFile(join(folder, 'place-order', 'main-000000000000.cjs'), '')
    const { code, stdout, stderr } = await spawnCli(['build', 'place-order', '--out', folder]).ended
    expect([code, stderr]).toEqual([0, ''])
    const where = relative(TEST_PROJECT, join(folder, 'place-order'))
    expect(stdout).toMatch(new RegExp(`^${where}: \\d+ KiB and \\d+ KiB of code cache$`))
    const files = await readdir(join(folder, 'place-order'))
    expect(files).toContain('start.cjs')
    expect(files.filter((file) => /^main-\w+\.cjs$/.test(file))).toEqual([expect.not.stringContaining('000000000000')])
    const cached = files.filter((file) => file.endsWith('.cache')).map((file) => file.replace(/-\w{12}\.cjs\..*/, ''))
    expect(cached).toEqual(expect.arrayContaining(['main', 'pg', 'pino', 'opentelemetry-sdk-metrics']))
  })

  it('lists the functions and services for an unknown name', async () => {
    const out = join(folder, 'nothing')
    const { code, stdout, stderr } = await spawnCli(['build', 'place-order', 'order-place', '--out', out]).ended
    const known = [...(await findFunctions(TEST_PROJECT)), 'gateway', 'relay', 'console', 'migrate']
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe(`ebb: there is no order-place; there are ${known.join(', ')}\n`)
    await expect(readdir(out)).rejects.toThrow('ENOENT')
  })
})
