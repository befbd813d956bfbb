import type { Caller } from '../callers.ts'
import { ebbCanary, stateOf } from '../canary-command.ts'
import { buildVariants, ENDPOINT, imageOf, type VariantName } from '../canary-images.ts'
import { newCallers, readOnce, startReads } from '../canary-reads.ts'
import type { Check, Context } from '../context.ts'

/**
 * Two canaries that get copies of reads alone, the second one as soon as the first has gone: what answers as the old revision passes, and
 * what answers otherwise is aborted. No caller gets, or notices, either.
 */
export const copiedReads: Check = {
  name: 'canary by copies of reads',
  run: async (context) => {
    await buildVariants(context, ['fine', 'otherwise'])
    const callers = await newCallers(context)
    await readOnce(callers[0] as Caller)
    const fine = await copyTo(context, 'fine', callers)
    if (fine.state !== 'passed' || fine.shadow?.differs !== 0) throw new Error(`fine is ${fine.state}: ${fine.why}`)
    await ebbCanary(context, ['abort', ENDPOINT])
    const otherwise = await copyTo(context, 'otherwise', callers)
    if (otherwise.state !== 'aborted' || !otherwise.why.startsWith('It answers otherwise'))
      throw new Error(`otherwise is ${otherwise.state}: ${otherwise.why}`)
    // Each of its answers: none is of the canary before it.
    if (otherwise.shadow?.differs !== otherwise.shadow?.compared) throw new Error(tell(otherwise))
    return [fine, otherwise].map(tell).join('; ')
  },
}

/** Reads of all callers, of which this variant gets copies, until that is judged. */
async function copyTo(context: Context, variant: VariantName, callers: readonly Caller[]) {
  const load = startReads(callers)
  const image = ['--image', imageOf(context, variant)]
  const { output } = await ebbCanary(context, ['start', ENDPOINT, ...image, '--shadow', '--steps', '0'])
  const { sent, failures } = await load.stop()
  context.log(output.split('\n').join('\n          '))
  if (load.lastCanaryAt() > 0) throw new Error(`a caller got ${variant}`)
  if (failures.length > 0) throw new Error(`${failures.length} of ${sent} failed: ${JSON.stringify(failures[0])}`)
  const ended = await stateOf(context, ENDPOINT)
  if (!ended) throw new Error(`${variant}: ${output}`)
  return { variant, sent, ...ended }
}

const tell = ({ variant, state, sent, shadow }: Awaited<ReturnType<typeof copyTo>>) =>
  `${variant} ${state}: of ${sent} requests ${shadow?.compared} were copied and compared, ${shadow?.differs} differ, ${shadow?.dropped} were not copied`
