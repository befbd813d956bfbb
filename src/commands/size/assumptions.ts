import type { SizeOptions } from '../../deploy/size/size-of.ts'
import type { Load } from '../../deploy/size/traffic.ts'
import type { Recorded } from './recorded.ts'

interface Assumed extends SizeOptions {
  readonly load: Load
  readonly own: Recorded | undefined
  readonly isMixed: boolean
  readonly writes: number
  readonly kept: number
  readonly refused: number
}

const percent = (part: number) => `${Number((part * 100).toFixed(1))} %`

/** What a size rests on, in sentences. */
export function assumptionsOf(assumed: Assumed): readonly string[] {
  const { times, load, own, isMixed, writes, kept, refused, utilisation, bytesPerResponse, installation } = assumed
  const { node, cores, load: busy, date } = times.machine
  const mix = isMixed
    ? 'the shares of --mix'
    : own
      ? 'the shares that are recorded'
      : `${percent(writes)} writes, evenly spread`
  const events = load.subscribers.reduce((sum, { perSecond }) => sum + perSecond, 0)
  const unknown = load.endpoints.filter((one) => own && !one.own).map(({ name }) => name)
  return [
    `${mix}; ${percent(kept)} of what may be kept is answered by gateways, ${percent(refused)} of all is refused; ${Number(events.toFixed(1))} deliveries a second`,
    `no part is busier than ${percent(utilisation)}, and a process of Node or Redis uses one core`,
    `gateways, relays, Redis and Postgres take what bench/scale/measure.ts measured with Node ${node} on ${cores} cores at load ${busy} on ${date}: a read of one row, a write of one row with an Idempotency-Key, a subscriber with one statement`,
    own
      ? `functions take what a call of each has taken in the last seven days${unknown.length > 0 ? `; nothing is recorded of ${unknown.join(', ')}` : ''}`
      : 'functions compute as little as those do: --recorded takes what yours have taken',
    `the database's price is that of one that has the cores it says; the values of the chart are its own, such as ${installation.postgres.connections} connections`,
    `${bytesPerResponse} bytes in a response; a month has 730 hours, in all of which this load comes`,
  ]
}
