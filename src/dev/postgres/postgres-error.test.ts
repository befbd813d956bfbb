import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { itWhere } from '../../../test/support/requirements.ts'
import { PostgresError, startPostgres } from './index.ts'
import { explainError } from './postgres-error.ts'
import { isRoot, scratchFolder } from './test-support.ts'

const scratch = scratchFolder()

afterAll(async () => {
  expect(await scratch.remove()).toEqual([])
})

describe('a full disk', () => {
  const itAsRoot = itWhere(isRoot ? undefined : 'only root can mount a small disk')

  itAsRoot('in the middle of initdb is told in one sentence and leaves nothing', async () => {
    await withDisk('20m', async (disk) => {
      const fault = await faultOf(startPostgres(join(disk, 'ebb')))
      expect(fault.message).toMatch(
        /^The disk that holds the Postgres data of .*ebb is full: free some space and start again\.$/,
      )
      expect(fault.cause).toBeDefined()
      expect(readdirSync(join(disk, 'ebb'))).toEqual([])
    })
  })

  itAsRoot('at a later start is told too, and space makes it well', async () => {
    await withDisk('120m', async (disk) => {
      const folder = join(disk, 'ebb')
      await (await startPostgres(folder)).stop()
      const filler = join(disk, 'filler')
      expect(() => writeFileSync(filler, Buffer.alloc(200_000_000))).toThrow('ENOSPC')
      expect((await faultOf(startPostgres(folder))).message).toContain('is full: free some space')
      rmSync(filler)
      await (await startPostgres(folder)).stop()
    })
  })
})

describe('explainFault', () => {
  it('says that a file is in the way', async () => {
    const path = join(scratch.path, 'file')
    writeFileSync(path, '')
    expect((await faultOf(startPostgres(path))).message).toContain('is a file, not a folder')
    expect((await faultOf(startPostgres(join(path, 'below')))).message).toContain('is a file, not a folder')
  })

  it('passes on what Postgres says of a setting that it does not know', async () => {
    const fault = await faultOf(startPostgres(join(scratch.path, 'ebb'), { settings: { no_such: '1' } }))
    expect(fault.message).toBe('Postgres did not start: unrecognized configuration parameter "no_such".')
  })

  it('judges by what failed, not by what Postgres tells beside it', () => {
    const said =
      'LOG:  could not open file "x"\nFATAL:  could not create shared memory segment: No space left on device'
    expect(explainError(new Error(said), '/f').message).toContain('got no memory')
    expect(explainError(new Error('LOG:  could not open file "x"\nFATAL:  odd'), '/f').message).toContain('start: odd.')
  })
})

async function withDisk(size: string, work: (disk: string) => Promise<void>): Promise<void> {
  const disk = join(scratch.path, `disk-${size}`)
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk])
  try {
    await work(disk)
  } finally {
    execFileSync('umount', [disk])
  }
}

async function faultOf(start: Promise<unknown>): Promise<PostgresError> {
  const fault = await start.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(fault instanceof PostgresError)) throw new Error(`no PostgresFault but ${fault}`)
  return fault
}
