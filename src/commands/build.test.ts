import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnCli } from '../../test/support/cli.ts'
import { findFunctions } from '../deploy/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-build-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('ebb build', () => {
  it('writes what the image of a function holds in the place of what was there, and says how much it is', async () => {
    await mkdir(join(folder, 'place-order'))
    await writeFile(join(folder, 'place-order', 'main-000000000000.cjs'), '')
    const { code, stdout, stderr } = await spawnCli(['build', 'place-order', '--out', folder]).ended
    expect([code, stderr]).toEqual([0, ''])
    const where = relative(process.cwd(), join(folder, 'place-order'))
    expect(stdout).toMatch(new RegExp(`^${where}: \\d+ KiB and \\d+ KiB of code cache$`))
    const files = await readdir(join(folder, 'place-order'))
    expect(files).toContain('start.cjs')
    expect(files.filter((file) => /^main-\w+\.cjs$/.test(file))).toEqual([expect.not.stringContaining('000000000000')])
    const cached = files.filter((file) => file.endsWith('.cache')).map((file) => file.replace(/-\w{12}\.cjs\..*/, ''))
    expect(cached).toEqual(expect.arrayContaining(['main', 'pg', 'pino', 'opentelemetry-sdk-metrics']))
  })

  it('says what there is, where there is no such thing', async () => {
    const out = join(folder, 'nothing')
    const { code, stdout, stderr } = await spawnCli(['build', 'place-order', 'order-place', '--out', out]).ended
    const known = [...(await findFunctions('.')), 'gateway', 'relay', 'migrate']
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe(`ebb: there is no order-place; there are ${known.join(', ')}\n`)
    await expect(readdir(out)).rejects.toThrow('ENOENT')
  })
})
