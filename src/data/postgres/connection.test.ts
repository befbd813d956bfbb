import { execFileSync } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { findProgram } from '../../../test/support/find-program.ts'
import { startTcpProxy, throughProxy } from '../../../test/support/tcp-proxy.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { startPostgres } from '../../dev/postgres/index.ts'
import { collectLog } from '../test-support.ts'
import { endConnection, sendCancelRequest } from './connection.ts'
import { createPool } from './pool.ts'
import { withConnection } from './with-connection.ts'

const { url } = testDatabase()
const { log } = collectLog()
const SLEEP = 'select pg_sleep(60)'
const UNPRIVILEGED_UID = 65_534
/** What a client that wants TLS sends first (PostgreSQL protocol, SSLRequest). */
const SSL_REQUEST = '0000000804d2162f'

const asleep = `select from pg_stat_activity where query = '${SLEEP}' and state = 'active'`

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function connected(connectionString: string) {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  closers.push(() => endConnection(client))
  return client
}

it('resolves to whether the server has cancelled the statement', async () => {
  const client = await connected(url)
  const sleeping = client.query(SLEEP)
  const ended = expect(sleeping).rejects.toThrow('canceling statement due to user request')
  const looking = await connected(url)
  await untilTrue(async () => (await looking.query(asleep)).rowCount === 1, { what: 'a statement that runs' })
  expect(await sendCancelRequest(client)).toBe(true)
  await ended
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port) })
  closers.push(proxy.close)
  const silent = await connected(throughProxy(url, proxy))
  proxy.silence()
  expect(await sendCancelRequest(silent)).toBe(false)
})

describe('a connection whose statement was cancelled', () => {
  const pool = createPool(url, { max: 1, log })
  afterAll(() => pool.end())
  const pidOf = ({ rows: [row] }: pg.QueryResult) => row?.pid

  it('is used again once the server has proved that it is idle', async () => {
    const ownPid = async () => pidOf(await pool.query('select pg_backend_pid() as pid'))
    const isUsedAgain = async () => {
      const before = await ownPid()
      const controller = new AbortController()
      const { signal } = controller
      const slept = withConnection({ pool }, { signal }, async ({ client }) => {
        const sleeping = client.query(SLEEP)
        controller.abort(new Error('the time is over'))
        await sleeping
      })
      await expect(slept).rejects.toThrow('the time is over')
      return (await ownPid()) === before
    }
    // Where a busy machine takes more than a second for the proof, the connection is destroyed, as it should be.
    await untilTrue(isUsedAgain, { what: 'a connection that is used again' })
  })

  it('passes no late cancel on to its next user, whichever of statement and cancel is faster', async () => {
    for (let i = 0; i < 60; i++) {
      const controller = new AbortController()
      const limits = { signal: controller.signal }
      const slept = withConnection({ pool }, limits, ({ client }) => client.query('select pg_sleep(0.002)')).catch(
        () => {},
      )
      setTimeout(() => controller.abort(new Error('the time is over')), i % 5)
      await slept
      const next = { signal: new AbortController().signal }
      await withConnection({ pool }, next, ({ client }) => client.query('select pg_sleep(0.003)'))
    }
  })
})

const openssl = findProgram('openssl')
const itWithTls = openssl ? it : it.skip

describe('over TLS', () => {
  let tlsUrl = ''
  let stop = async () => {}
  afterAll(() => stop())
  beforeAll(async () => {
    if (!openssl) return
    const folder = await mkdtemp(join(tmpdir(), 'ebb-tls-'))
    const key = join(folder, 'server.key')
    const certificate = join(folder, 'server.crt')
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
    const about = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
    execFileSync(openssl, ['req', '-x509', ...made, ...about, '-out', certificate], { stdio: 'ignore' })
    // Postgres accepts only a key file that its own user owns, and does not run as root.
    if (process.getuid?.() === 0)
      for (const file of [folder, key, certificate]) await chown(file, UNPRIVILEGED_UID, UNPRIVILEGED_UID)
    const settings = { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key }
    const postgres = await startPostgres(join(folder, 'data'), { settings })
    stop = async () => {
      await postgres.stop()
      await rm(folder, { recursive: true })
    }
    tlsUrl = `${postgres.url}?sslmode=verify-full&sslrootcert=${certificate}`
  })

  itWithTls(
    `cancels, and sends the secret encrypted only${openssl ? '' : ' (NOT TESTED: no openssl on PATH)'}`,
    async () => {
      const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(tlsUrl).port) })
      closers.push(proxy.close)
      const client = await connected(throughProxy(tlsUrl, proxy))
      const looking = await connected(tlsUrl)
      const ended = expect(client.query(SLEEP)).rejects.toThrow('canceling statement due to user request')
      await untilTrue(async () => (await looking.query(asleep)).rowCount === 1, { what: 'a statement that runs' })
      expect(await sendCancelRequest(client)).toBe(true)
      await ended
      expect(proxy.firstWords.map((bytes) => bytes.toString('hex'))).toEqual([SSL_REQUEST, SSL_REQUEST])
    },
  )

  itWithTls('destroys an unresponsive connection, and the pool goes on working', async () => {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(tlsUrl).port) })
    const pool = createPool(throughProxy(tlsUrl, proxy), { max: 2, statementTimeoutMs: 3_000, log })
    closers.push(proxy.close, () => pool.end())
    await Promise.all([pool.query('select pg_sleep(0.2)'), pool.query('select pg_sleep(0.2)')])
    proxy.forget()
    await expect(pool.query('select 1')).rejects.toThrow('timeout')
    await untilTrue(() => proxy.connections() === 0, { what: 'all of the unresponsive connections are gone' })
    expect((await pool.query('select 1')).rowCount).toBe(1)
  })
})
