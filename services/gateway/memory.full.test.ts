import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { buildService } from '../../src/build/build-image.ts'
import { NODE_FLAGS } from '../../src/build/index.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { gatewaySettings, spawnGateway, untilStatus } from './test-support.ts'

const database = testDatabase()
const folder = mkdtemp(join(tmpdir(), 'ebb-built-gateway-'))
afterAll(async () => rm(await folder, { recursive: true }))
const MIB = 1024 * 1024
const UPLOADS = 400
const MAX_BYTES = 256 * MIB

const peakBytesOf = async (pid: number | undefined) => {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

/** Sends all but the last 100 bytes of a body, and then waits. Resolves when those are sent, or refused. */
const stallUpload = (port: number) =>
  new Promise<() => void>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = () => resolve(() => socket.destroy())
    socket.on('error', done).on('close', done).resume()
    const head = `PUT /v1/public HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: ${MIB}\r\n\r\n`
    socket.write(head + 'a'.repeat(MIB - 100), done)
  })

it(`${UPLOADS} uploads that stall take no more than their budget, and others are served`, async () => {
  const { env } = await gatewaySettings(database.url, (request, response) => {
    request.resume().on('end', () => response.end('{}'))
  })
  // As its image holds it: run from its sources, what strips their types would be measured, too.
  await buildService(TEST_PROJECT, 'gateway', await folder)
  const { child, listening } = spawnGateway(env, [...NODE_FLAGS, join(await folder, 'start.cjs')])
  const url = `http://127.0.0.1:${(await listening).port}/v1/public`
  const { port } = await listening
  const ends = await Promise.all(Array.from({ length: UPLOADS }, () => stallUpload(port)))
  expect((await fetch(url)).status).toBe(200)
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify('a'.repeat(MIB - 10))
  await untilStatus(200, () => fetch(url, { method: 'PUT', body, headers }))
  const peak = await peakBytesOf(child.pid)
  for (const end of ends) end()
  expect(peak).toBeLessThan(MAX_BYTES)
})
