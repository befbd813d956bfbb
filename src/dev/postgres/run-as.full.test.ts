import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { itWhere } from '../../../test/support/requirements.ts'
import { NOBODY_DATA_DIR } from './cluster.ts'
import { startPostgres } from './index.ts'
import { isRoot, otherRunner, processesNaming, query, scratchFolder, until } from './test-support.ts'

const scratch = scratchFolder()
const stranger = 12_345
const itAsRoot = itWhere(isRoot ? undefined : 'needs root')
const hadNobodyHome = existsSync(NOBODY_DATA_DIR)

afterAll(async () => {
  if (isRoot && !hadNobodyHome) rmSync(NOBODY_DATA_DIR, { recursive: true, force: true })
  expect(await scratch.remove()).toEqual([])
})

describe('as root', () => {
  itAsRoot('runs in a user namespace, its data owned by root', async () => {
    const folder = join(scratch.path, 'namespace')
    const running = await startPostgres(folder)
    if (uidOf(running.pid) !== 0) {
      console.warn('NOT TESTED: this machine refuses user namespaces')
      rmSync(dirname(realpathSync(join(folder, 'cluster'))), { recursive: true })
    } else {
      expect(readFileSync(`/proc/${running.pid}/uid_map`, 'utf8').trim().split(/\s+/)).toEqual(['65534', '0', '1'])
      expect(statSync(join(folder, 'cluster/data')).uid).toBe(0)
      expect(readFileSync(`/proc/${running.pid}/cmdline`, 'latin1')).toMatch(/^\/.*bin\/postgres\0-D\0/)
    }
    await running.stop()
  })

  itAsRoot('runs as the user nobody if a namespace cannot reach the folder, with data under /var/lib/ebb', async () => {
    const closed = join(scratch.path, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    chownSync(closed, stranger, stranger)
    const folder = join(closed, 'ebb')
    const first = await startPostgres(folder)
    const home = realpathSync(join(folder, 'cluster'))
    expect(uidOf(first.pid)).toBe(65_534)
    expect(home).toMatch(/^\/var\/lib\/ebb\/[0-9a-f]{16}\/cluster-\w+$/)
    expect(statSync(join(home, 'passwords.json'))).toMatchObject({ uid: 0, mode: 0o100600 })
    await query(first.url, 'create table kept (n int); insert into kept values (7)')
    await first.stop()
    const second = await startPostgres(folder)
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 7 }])
    await second.stop()
    expect(lstatSync(join(folder, 'cluster')).isSymbolicLink()).toBe(true)
    rmSync(dirname(home), { recursive: true })
  })

  itAsRoot('leaves the data of another user alone', async () => {
    const folder = join(scratch.path, 'theirs')
    mkdirSync(join(folder, 'cluster'), { recursive: true })
    chownSync(join(folder, 'cluster'), stranger, stranger)
    await expect(startPostgres(folder)).rejects.toThrow(`belong to another user (uid ${stranger}): start as that user`)
  })
})

describe('as an ordinary user', () => {
  const named = isRoot ? { uid: 65_534, gid: 65_534 } : {}

  it('runs as that user, and ends with its runner', async () => {
    await withUser('named', named, async ({ url, pid, error }) => {
      expect(error).toBeUndefined()
      expect(uidOf(pid)).toBe(isRoot ? named.uid : process.getuid?.())
      expect(readFileSync(`/proc/${pid}/uid_map`, 'utf8')).toBe(readFileSync('/proc/self/uid_map', 'utf8'))
      expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    })
  })

  itAsRoot('runs as a user without a name (docker run --user), or says what that user lacks', async () => {
    await withUser('nameless', { uid: stranger, gid: stranger }, async ({ url, pid, error }) => {
      if (error !== undefined) {
        console.warn('NOT TESTED: this machine refuses user namespaces to ordinary users')
        expect(error).toContain(`User ${stranger} has no name in /etc/passwd, which Postgres needs: add it there`)
      } else {
        expect(uidOf(pid)).toBe(stranger)
        expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
      }
    })
  })

  itAsRoot('says in one sentence that the folder is not theirs', async () => {
    const folder = join(scratch.path, 'of-root')
    mkdirSync(folder, { mode: 0o755 })
    const runner = otherRunner(folder, named)
    expect((await runner.started).error).toMatch(/of-root belongs to another user or may not be written: give it to/)
    await runner.kill()
  })
})

type Said = Awaited<ReturnType<typeof otherRunner>['started']>

async function withUser(name: string, ids: { uid?: number; gid?: number }, check: (started: Said) => Promise<void>) {
  const home = join(scratch.path, name)
  mkdirSync(home, { mode: 0o700 })
  if (ids.uid !== undefined && ids.gid !== undefined) chownSync(home, ids.uid, ids.gid)
  const runner = otherRunner(join(home, 'ebb'), ids)
  const started = await runner.started
  if (started.error?.includes('node:internal'))
    console.warn(`NOT TESTED: ${name} cannot load ${process.cwd()}: ${started.error}`)
  else await check(started)
  await runner.kill()
  await until('Postgres and its shell have ended', () => processesNaming(home).length === 0)
}

function uidOf(pid: number): number {
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
