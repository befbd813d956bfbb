/** A function whose start and whose work are mostly waits, as on a cluster: what else this machine does changes little of them. */
export const slowFunction = ({ scale = '', cache = '' }): Readonly<Record<string, string>> => ({
  'functions/get-rates/contract.ts': `
    import { endpoint } from 'ebb/contract'
    import * as z from 'zod'
    export default endpoint({
      name: 'get-rates', summary: 'Read the rates of a day.', method: 'GET', path: '/v1/rates/{day}',
      params: z.object({ day: z.string().max(20) }), reply: { status: 200, body: z.object({ day: z.string() }) },
      access: { anonymous: true }, ${scale} ${cache}
    })`,
  'functions/get-rates/handler.ts': `
    import { setTimeout as delay } from 'node:timers/promises'
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    let served = 0
    export default implement(contract, { sql: postgres }, async ({ params }, { sql }) => {
      await sql\`select 1\`
      // As if some were more work than others.
      await delay(150 + (served++ % 10) * 20)
      return { day: params.day }
    })`,
  'functions/get-rates/index.ts': `
    import { serve } from 'ebb/http'
    import handler from './handler.ts'
    setTimeout(() => serve(handler), 1_500)`,
})

export interface PlannedCall {
  /** In seconds from the begin. */
  readonly at: number
  readonly day: string
}

const PER_SECOND = 8

/** The same in each run: for some seconds calls come by chance, and then none, which is sometimes longer than an instance is kept. */
export function planCalls(seconds: number, idleSeconds: number): readonly PlannedCall[] {
  let state = 42
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x7fffffff
  }
  const between = (from: number, to: number) => from + random() * (to - from)
  const calls: PlannedCall[] = []
  const pause = () => (random() < 0.5 ? between(1.2, 1.6) : between(0.1, 0.8)) * idleSeconds
  for (let at = 0.5; at < seconds; at += pause()) {
    for (const end = Math.min(seconds, at + between(6, 14)); at < end; at += -Math.log(1 - random()) / PER_SECOND)
      calls.push({ at, day: `day-${Math.floor(random() ** 2 * 60)}` })
  }
  return calls
}
