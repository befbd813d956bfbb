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

  itAsRoot('during initdb is reported in one sentence and leaves nothing', async () => {
    await withDisk('20m', async (disk) => {
      const error = await errorOf(startPostgres(join(disk, 'ebb')))
      expect(error.message).toMatch(
        /^The disk that holds the Postgres data of .*ebb is full: free some space and start again\.$/,
      )
      expect(error.cause).toBeDefined()
      expect(readdirSync(join(disk, 'ebb'))).toEqual([])
    })
  })

  itAsRoot('at a later start is reported too, and freed space fixes it', async () => {
    await withDisk('120m', async (disk) => {
      const folder = join(disk, 'ebb')
      await (await startPostgres(folder)).stop()
      const filler = join(disk, 'filler')
      expect(() => writeFileSync(filler, Buffer.alloc(200_000_000))).toThrow('ENOSPC')
      expect((await errorOf(startPostgres(folder))).message).toContain('is full: free some space')
      rmSync(filler)
      await (await startPostgres(folder)).stop()
    })
  })
})

describe('explainError', () => {
  it('explains that a file is in the way', async () => {
    const path = join(scratch.path, 'file')
    writeFileSync(path, '')
    expect((await errorOf(startPostgres(path))).message).toContain('is a file, not a folder')
    expect((await errorOf(startPostgres(join(path, 'below')))).message).toContain('is a file, not a folder')
  })

  it('passes on the message about an unknown setting', async () => {
    const error = await errorOf(startPostgres(join(scratch.path, 'ebb'), { settings: { no_such: '1' } }))
    expect(error.message).toBe('Postgres did not start: unrecognized configuration parameter "no_such".')
  })

  it('goes by the error, not by log lines and hints beside it', () => {
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

async function errorOf(start: Promise<unknown>): Promise<PostgresError> {
  const error = await start.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof PostgresError)) throw new Error(`no PostgresError but ${error}`)
  return error
}
