import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { findProcesses } from '../../../test/support/ebb.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { createIn, GIT_ENV } from './test-support.ts'

const { at, create, writeFiles } = createIn()

describe('ebb create, interrupted', () => {
  /** A registry that answers with this, or not at all. */
  async function withRegistry(
    status: number | undefined,
    work: (url: string, isAsked: () => boolean) => Promise<void>,
  ) {
    let requests = 0
    const server = createServer((_request, response) => {
      requests += 1
      if (status !== undefined) response.writeHead(status).end('{}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => requests > 0)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it('goes on when it is started again, and only with the same options', async () => {
    await withRegistry(undefined, async (url, isAsked) => {
      const env = { ...process.env, ...GIT_ENV, npm_config_registry: url }
      const args = [resolve('src/cli.ts'), 'create', at('my-api')]
      const child = spawn(process.execPath, args, { env, stdio: 'ignore' })
      await untilTrue(isAsked, { what: 'npm asks for a package' })
      child.kill('SIGTERM')
      expect(await once(child, 'close')).toEqual([null, 'SIGTERM'])
      // Nor is its npm there any more, whose environment names this registry.
      expect(await findProcesses(url)).toEqual([])
    })
    await rm(at('my-api/domain'), { recursive: true })
    await expect(writeFiles('my-api', { example: 'shop' })).rejects.toThrow(
      /my-api was begun with other options, \{"name":"my-api","example":"note",.*\}: repeat those/,
    )
    expect((await create('my-api', ['--no-install'])).code).toBe(0)
    expect(await readdir(at('my-api/domain'))).toContain('note.ts')
    expect(existsSync(at('my-api/.git'))).toBe(true)
    await expect(writeFiles('my-api')).rejects.toThrow('exists and is not empty')
  })

  it('leaves the files, and says what to run later, where npm reaches no registry', async () => {
    const { code, stderr } = await create('my-api', [], { npm_config_registry: 'http://127.0.0.1:1' })
    expect(code).toBeGreaterThan(0)
    expect(stderr).toMatch(
      /my-api is written, but npm reached no registry \(ECONNREFUSED\): later, repeat this command, or run there: npm install && npm run render\n$/,
    )
    expect(existsSync(at('my-api/functions/create-note/contract.ts'))).toBe(true)
    expect(await writeFiles('my-api')).toContain('my-api is ready.')
  })

  it('leaves nothing where no registry has this version', async () => {
    await withRegistry(404, async (url) => {
      const { code, stderr } = await create('my-api', ['--ebb', '9.9.9'], { npm_config_registry: url })
      expect(code).toBeGreaterThan(0)
      expect(stderr).toMatch(
        /nothing was written, since npm did not find every package \(404 .*\): name another version/,
      )
      expect(await readdir(at(''))).toEqual([])
    })
  })
})
