import type { Caller } from '../callers.ts'
import { ebbCanary, stateOf } from '../canary-command.ts'
import { buildVariants, ENDPOINT, imageOf } from '../canary-images.ts'
import { newCallers, PER_SECOND, readOnce, startReads } from '../canary-reads.ts'
import type { Check, Context } from '../context.ts'
import { chartOf, helm, untilReady } from '../install.ts'

const EXPECTED = { errors: 'aborted', slow: 'aborted', breaks: 'aborted', fine: 'promoted' } as const

/** Four canaries, of which three are wrong, each in its way, under load: those are aborted, and the fourth is promoted. */
export const endpointCanaries: Check = {
  name: 'canaries of an endpoint',
  run: async (context) => {
    const variants = Object.keys(EXPECTED) as (keyof typeof EXPECTED)[]
    await buildVariants(context, variants)
    const callers = await newCallers(context)
    const rows: string[][] = []
    const wrong: string[] = []
    for (const variant of variants) {
      const { row, fault } = await tryVariant(context, variant, callers)
      rows.push(row)
      if (fault !== undefined) wrong.push(`${variant}: ${fault}`)
    }
    const header = [
      'canary',
      'outcome',
      'requests to it',
      'of all',
      'seconds',
      'failures of the canary',
      'of others',
      'back in',
    ]
    context.tables.push({ title: 'Canaries of an endpoint', rows: [header, ...rows] })
    // Whoever deploys next is not refused for what the command has changed.
    await helm(context, ['upgrade', context.options.release, chartOf(context), '--reuse-values'])
    await untilReady(context)
    if (wrong.length > 0) throw new Error(wrong.join('; '))
    return rows.map(([name, outcome, requests]) => `${name} ${outcome} after ${requests}`).join(', ')
  },
}

async function tryVariant(context: Context, variant: keyof typeof EXPECTED, callers: readonly Caller[]) {
  // It runs before many come: what waits for a start is refused beyond some.
  await readOnce(callers[0] as Caller)
  const load = startReads(callers)
  const beganAt = Date.now()
  const { code, output } = await ebbCanary(context, [
    'start',
    ENDPOINT,
    '--image',
    imageOf(context, variant),
    '--promote',
  ])
  const endedAt = Date.now()
  context.log(output.split('\n').join('\n          '))
  // As many requests again, by all callers: nothing of it is left.
  await load.atLeast(load.sent() + 10 * PER_SECOND)
  const { sent, failures } = await load.stop()
  const ended = await stateOf(context, ENDPOINT)
  const ofCanary = failures.filter((one) => one.variant === 'canary' && one.at <= endedAt)
  const others = failures.filter((one) => !ofCanary.includes(one))
  const canaryCalls = ended?.canary.requests ?? 0
  const lastOfCanary = load.lastCanaryAt()
  const decidedAt = Date.parse(ended?.endedAt ?? '')
  const backMs = Math.max(0, lastOfCanary - decidedAt)
  const row = [
    ...[variant, ended?.state ?? '-', String(canaryCalls), String(sent), ((endedAt - beganAt) / 1_000).toFixed(0)],
    ...[String(ofCanary.length), String(others.length), variant === 'fine' ? '-' : `${backMs} ms`],
  ]
  const expected = EXPECTED[variant]
  const fault =
    ended?.state !== expected
      ? `${ended?.state} in place of ${expected}: ${ended?.why}`
      : others.length > 0
        ? `${others.length} failures of others, such as ${JSON.stringify(others[0])}`
        : variant !== 'fine' && backMs > 10_000
          ? `callers came to it ${backMs} ms after it was aborted`
          : code !== (expected === 'promoted' ? 0 : 1)
            ? `ebb canary ended with ${code}: ${output}`
            : undefined
  return { row, fault }
}
