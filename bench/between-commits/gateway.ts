/**
 * node bench/between-commits/gateway.ts FOLDER [rounds]
 *
 * What a change costs at the gateway: requests a second and CPU of a request, by the gateway of this checkout and by the one in FOLDER (`git worktree
 * add FOLDER REF`, with packages), in front of the same upstream and on the same core, in an order of chance. Prints the medians of both, and
 * those of the ratios of each round. Needs two cores, wrk and taskset.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { NODE_FLAGS } from '../../src/build/index.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { createLog, inheritedEnv } from '../../src/kernel/index.ts'
import { generateIdentityKeys } from '../../src/protocol/index.ts'
import { startProcess } from '../gateway/start-process.ts'
import { type Load, load } from '../measure/load.ts'
import { findFreePort } from '../measure/prepare-start.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'

const [other, count = '12'] = process.argv.slice(2)
if (!other) throw new Error('name the folder of the other checkout')
const rounds = Number(count)
const [GATEWAY_CORE, OTHER_CORE, WARM_UP_SECONDS, SECONDS] = [0, 1, 5, 2]
const PEPPER = 'p'.repeat(32)

execFileSync('taskset', ['-cp', String(OTHER_CORE), String(process.pid)])
await using stack = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-gateway-'))
stack.defer(() => rm(folder, { recursive: true }))
const database = stack.use(await startDatabase())
const pool = createPool(database.url, { log: createLog({ level: 'silent' }) })
const { token } = await createKey(pool, PEPPER, { subject: 'caller', scopes: ['orders:read'], actor: 'bench' })
await pool.end()
const keys = await generateIdentityKeys()
const upstreamPort = await startUpstream()

/** Answers each request with the same bytes, and has no time for more. */
async function startUpstream(): Promise<number> {
  const port = await findFreePort()
  const body = JSON.stringify({ id: '0190a5e8-0000-7000-8000-000000000001', state: 'placed' })
  const reply = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nEbb-Revision: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const program = `require('node:net').createServer((socket) => socket.on('error', () => {}).on('data', (data) => {
    for (let at = data.indexOf('\\r\\n\\r\\n'); at >= 0; at = data.indexOf('\\r\\n\\r\\n', at + 4)) socket.write(${JSON.stringify(reply)})
  })).listen(${port}, '127.0.0.1')`
  stack.use(await startProcess([process.execPath, '-e', program], { port, core: OTHER_CORE }))
  return port
}

async function startGateway(name: string, root: string) {
  const contracts = join(folder, name)
  const bundle = `import { bundleContracts } from './src/build/index.ts'
    console.log((await bundleContracts(process.cwd() + '/test/project', ${JSON.stringify(contracts)}, { version: '1' })).file)`
  const args = ['--input-type=module', '-e', bundle]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  await writeFile(join(contracts, 'contracts'), basename(stdout.trim()))
  const port = await findFreePort()
  const env = {
    ...inheritedEnv(['PATH']),
    ...{ NODE_ENV: 'production', PORT: String(port), EBB_ADMIN_PORT: '0', EBB_HOST: '127.0.0.1' },
    ...{ DATABASE_URL: database.url, EBB_CONTRACTS: join(contracts, 'contracts'), OTEL_SDK_DISABLED: 'true' },
    ...{ EBB_UPSTREAM_TEMPLATE: `http://127.0.0.1:${upstreamPort}/{name}`, EBB_KEY_PEPPER: PEPPER },
    ...{ EBB_IDENTITY_KEY: JSON.stringify(keys.gateway), EBB_ADMIN_KEY: 'a'.repeat(16) },
  }
  const program = [process.execPath, ...NODE_FLAGS, join(root, 'services/gateway/index.ts')]
  return { name, process: stack.use(await startProcess(program, { port, core: GATEWAY_CORE, env })) }
}

const PATH = '/v1/orders/0190a5e8-0000-7000-8000-000000000001'
const REQUESTS = [
  { what: 'forwarded', path: PATH, status: 200, headers: { 'x-api-key': token } },
  { what: '401', path: PATH, status: 401, headers: {} },
  { what: '400', path: '/v1/orders/none', status: 400, headers: { 'x-api-key': token } },
]
const gateways = [await startGateway('here', resolve('.')), await startGateway('there', resolve(other))]
const measured: { readonly gateway: string; readonly what: string; readonly round: number; readonly load: Load }[] = []
for (let round = -1; round < rounds; round++) {
  for (const { what, path, status, headers } of REQUESTS) {
    for (const { name: gateway, process } of shuffled(gateways)) {
      const subject = { request: () => ({ method: 'GET' as const, path, headers }), expectStatus: status }
      const result = await load(process, subject, round < 0 ? WARM_UP_SECONDS : SECONDS)
      if (round >= 0) measured.push({ gateway, what, round, load: result })
    }
  }
}
console.log(`Node ${process.version}, ${rounds} rounds of ${SECONDS} s, load average now ${loadavg()[0]?.toFixed(1)}`)
console.table(
  REQUESTS.map(({ what }) => {
    const of = (gateway: string, figure: 'cpuMicros' | 'requestsPerSecond') =>
      measured.filter((one) => one.gateway === gateway && one.what === what).map((one) => one.load[figure])
    const ratios = (figure: 'cpuMicros' | 'requestsPerSecond') => {
      const theirs = of('there', figure)
      return quartiles(of('here', figure).map((ours, i) => ours / (theirs[i] ?? Number.NaN)))
    }
    const show = ({ first, median, third }: ReturnType<typeof quartiles>) =>
      `${median.toFixed(3)} (${first.toFixed(3)} to ${third.toFixed(3)})`
    const median = (gateway: string, figure: 'cpuMicros' | 'requestsPerSecond') =>
      quartiles(of(gateway, figure)).median.toFixed(1)
    return {
      what,
      ...{ 'requests/s here': median('here', 'requestsPerSecond'), there: median('there', 'requestsPerSecond') },
      ratio: show(ratios('requestsPerSecond')),
      ...{ 'CPU µs here': median('here', 'cpuMicros'), 'CPU µs there': median('there', 'cpuMicros') },
      'ratio of CPU': show(ratios('cpuMicros')),
    }
  }),
)
