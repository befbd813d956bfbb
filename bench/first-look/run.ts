/**
 * node bench/first-look/run.ts [runs]
 *
 * From spawn to the first answer, and requests a second with the CPU for each, of bare node:http, plain express, a function
 * alone, and gateway and function together: interleaved in one run, medians, and ratios to bare node:http.
 */
import { join } from 'node:path'
import { bundleFunction } from '../../src/build/index.ts'
import { createIdentitySigner, generateIdentityKeys } from '../../src/protocol/index.ts'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { startEbb } from '../../test/support/ebb.ts'
import { quartiles } from '../measure/samples.ts'
import { end, type Load, load, type Subject, start } from './process.ts'

const runs = Number(process.argv[2] ?? 15)
const LOAD_MS = 2_000
const PATH = '/v1/say-hello'

/** The function that is measured: what a contract, validation, identity, log line and deadline cost, and no database. */
const sayHello = functionFiles('say-hello', 'return { pid: 1 }')

const median = (values: readonly number[]) => quartiles(values).median

async function subjects(root: string): Promise<readonly Subject[]> {
  const { file } = await bundleFunction(root, 'say-hello', join(root, 'dist'))
  const { gateway, jwks } = await generateIdentityKeys()
  const identity = await createIdentitySigner(gateway, 'ebb:gateway')({ sub: 'anonymous', scopes: [] }, 'say-hello')
  return [
    { name: 'bare node:http', args: ['bench/first-look/peers/bare.cjs'], path: PATH },
    { name: 'express 5', args: ['bench/first-look/peers/express.cjs'], path: PATH },
    {
      name: 'function alone',
      args: [file],
      env: { EBB_IDENTITY_JWKS: JSON.stringify(jwks), EBB_HOST: '127.0.0.1' },
      path: PATH,
      headers: { 'ebb-identity': identity },
    },
  ]
}

async function measure(root: string) {
  const firsts = new Map<string, number[]>()
  const loads = new Map<string, Load[]>()
  const alone = await subjects(root)
  for (let run = 0; run < runs; run++) {
    for (const subject of alone) {
      const { child, firstAnswerMs } = await start(subject)
      await end(child)
      firsts.set(subject.name, [...(firsts.get(subject.name) ?? []), firstAnswerMs])
    }
  }
  const ebb = await startEbb({ root, dataDir: join(root, '.ebb'), env: { EBB_IDLE_MS: '600000' } })
  await (await fetch(ebb.ready.url + PATH)).arrayBuffer()
  const pids = ebb.events.flatMap(({ event, part, pid }) =>
    event === 'spawn' || (event === 'start' && part === 'gateway') ? [Number(pid)] : [],
  )
  for (let run = 0; run < Math.ceil(runs / 5); run++) {
    for (const subject of alone) {
      const { child, origin } = await start(subject)
      loads.set(subject.name, [
        ...(loads.get(subject.name) ?? []),
        await load(origin, subject, [child.pid ?? 0], LOAD_MS),
      ])
      await end(child)
    }
    const both = await load(ebb.ready.url, { path: PATH }, [...pids, ebb.child.pid ?? 0], LOAD_MS)
    loads.set('gateway and function', [...(loads.get('gateway and function') ?? []), both])
  }
  await ebb.stop()
  return { firsts, loads }
}

const checkout = await copyCheckout(sayHello)
const { firsts, loads } = await measure(checkout.root)
await checkout.remove()

const bare = {
  first: median(firsts.get('bare node:http') ?? []),
  cpu: median((loads.get('bare node:http') ?? []).map(({ cpuMicros }) => cpuMicros)),
}
const rows = [...loads].map(([name, measured]) => {
  const first = median(firsts.get(name) ?? [])
  const cpu = median(measured.map(({ cpuMicros }) => cpuMicros))
  const rate = median(measured.map(({ requestsPerSecond }) => requestsPerSecond))
  const coldStart = Number.isNaN(first) ? '' : `${first.toFixed(0)} ms`
  const ratio = Number.isNaN(first) ? '' : (first / bare.first).toFixed(2)
  return {
    name,
    'spawn to first answer': coldStart,
    '× bare': ratio,
    'requests/s': rate.toFixed(0),
    'CPU µs a request': cpu.toFixed(0),
    '× bare CPU': (cpu / bare.cpu).toFixed(2),
  }
})
console.log(`Node ${process.version}, ${runs} interleaved runs, medians`)
console.table(rows)
