import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { identifyProcess } from '../processes/leftovers.ts'
import { startPostgres } from './index.ts'
import { otherRunner, processesNaming, query, scratchFolder, until } from './test-support.ts'

const scratch = scratchFolder()
const folder = join(scratch.path, 'main')
const data = join(folder, 'cluster/data')

afterAll(async () => {
  expect(await scratch.remove()).toEqual([])
})

describe('a runner that is killed', () => {
  it('ends its Postgres, and the data survive', async () => {
    const runner = otherRunner(folder)
    const { url, pid } = await runner.started
    await query(url, 'create table kept (n int); insert into kept values (7)')
    const idle = query(url, 'select pg_sleep(60)').catch((error: Error) => error.message)
    await until(
      'a client is at work',
      async () => (await query(url, "select 1 from pg_stat_activity where wait_event = 'PgSleep'")).length === 1,
    )
    await runner.kill()
    await until('the postmaster has ended', async () => (await identifyProcess(pid)) === undefined)
    expect(await idle).toMatch(/terminat/)
    await until('the shell has ended', () => processesNaming(scratch.path).length === 0)
    const again = await startPostgres(folder)
    expect(await query(again.url, 'select n from kept')).toEqual([{ n: 7 }])
    await again.stop()
  })

  it('during initdb leaves no cluster and no process', async () => {
    const path = join(scratch.path, 'young')
    const runner = otherRunner(path)
    await until('initdb is at work', () => processesNaming(path).some((command) => command.includes('initdb')))
    await until('files appear', () => readdirSync(path).some((name) => name.startsWith('partial-')))
    await runner.kill()
    await until('initdb has ended', () => processesNaming(path).length === 0)
    expect(existsSync(join(path, 'cluster'))).toBe(false)
    const running = await startPostgres(path)
    expect(readdirSync(path).sort()).toEqual(['cluster', 'runner.json'])
    await running.stop()
  })

  it('whose Postgres outlived it is cleaned up by the next start', async () => {
    const runner = otherRunner(folder)
    const { pid } = await runner.started
    for (const guard of guardsOf(pid)) process.kill(guard, 'SIGKILL')
    await runner.kill()
    expect(await identifyProcess(pid)).toBeDefined()
    const running = await startPostgres(folder)
    expect(await identifyProcess(pid)).toBeUndefined()
    expect(await query(running.url, 'select n from kept')).toEqual([{ n: 7 }])
    await running.stop()
  })
})

describe('a running runner', () => {
  it('keeps its Postgres: a second runner is refused in one sentence', async () => {
    const runner = otherRunner(folder)
    const { url } = await runner.started
    await expect(startPostgres(folder)).rejects.toThrow(`is in use by process ${runner.child.pid}: stop`)
    expect(await query(url, 'select n from kept')).toEqual([{ n: 7 }])
    await runner.kill()
  })

  it('is the only one to get Ctrl-C: its Postgres and the shell are in another process group', async () => {
    const runner = otherRunner(folder)
    const { pid } = await runner.started
    const own = statField(process.pid, 'group')
    expect([pid, ...guardsOf(pid)].map((each) => statField(each, 'group'))).not.toContain(own)
    expect(statField(runner.child.pid ?? 0, 'group')).toBe(own)
    await runner.kill()
  })
})

describe('a stale postmaster.pid', () => {
  // One that is stopping still writes into its file.
  beforeAll(() => until('the Postgres before has ended', () => processesNaming(data).length === 0))

  it('with the pid of a dead process is no obstacle', async () => {
    const dead = spawn('true')
    await once(dead, 'exit')
    writePidFile(dead.pid ?? 0, Date.now())
    await (await startPostgres(folder)).stop()
  })

  it('with a pid that is now another process is no obstacle, and that process lives on', async () => {
    // The first began when the file says, the second has the command line: neither is the postmaster.
    const stranger = spawn('sleep', ['60'])
    const likeness = spawn('sh', ['-c', 'read -r _', 'postgres', '-D', data, '-c', 'port=1'], { stdio: 'pipe' })
    writePidFile(stranger.pid ?? 0, Date.now())
    await (await startPostgres(folder)).stop()
    writePidFile(likeness.pid ?? 0, Date.now() - 3_600_000)
    await (await startPostgres(folder)).stop()
    expect(await identifyProcess(stranger.pid ?? 0)).toBeDefined()
    expect(await identifyProcess(likeness.pid ?? 0)).toBeDefined()
    for (const child of [stranger, likeness]) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
})

function writePidFile(pid: number, startedMs: number): void {
  writeFileSync(join(data, 'postmaster.pid'), `${pid}\n${data}\n${Math.floor(startedMs / 1_000)}\n5432\n\n127.0.0.1\n`)
}

/** The shell above a postmaster, and the shell that watches for the runner's end. */
function guardsOf(pid: number): number[] {
  const shell = statField(pid, 'parent')
  const others = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && statField(Number(name), 'parent') === shell,
  )
  return [shell, ...others.map(Number).filter((other) => other !== pid)]
}

function statField(pid: number, field: 'parent' | 'group'): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field === 'parent' ? 1 : 2])
  } catch {
    return 0
  }
}
