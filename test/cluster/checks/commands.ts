import { newBatch, newCaller, writeEntry } from '../callers.ts'
import type { Check, Context } from '../context.ts'
import { runEbb } from '../ebb-command.ts'
import { untilDelivered } from '../events.ts'

const NAME = 'conformance-write'

/** What a cluster can be asked from a terminal, with the admin key and `kubectl logs`. */
export const commands: Check = {
  name: 'operators use the command line',
  run: async (context) => {
    const written = await writeEntry(await newCaller(context), newBatch())
    const { id } = (await written.json()) as { id: string }
    const correlation = written.headers.get('x-correlation-id') ?? ''
    await untilDelivered(context, [id])
    // Of a gateway or of the database, whichever was asked.
    await mustSay(context, ['explain', correlation], /relay +conformance\.written to conformance-note, attempt 1: 204/)
    await mustSay(context, ['explain', correlation], /What could not be seen:\n +Of the log only the last requests/)
    await mustSay(context, ['top', '--once'], /^Ebb \S+ {2}\S+ alone {2}[\d:]{8} UTC\n/)
    await mustSay(context, ['cost', '--last', '24h'], new RegExp(`^${NAME} +\\d+`, 'm'))
    await mustSay(context, ['alerts', '--all'], /^STATE +SEVERITY +ALERT/)
    const selector = `app.kubernetes.io/component=function,app.kubernetes.io/name=${NAME}`
    const words = ['logs', '--selector', selector, '--container', 'function', '--prefix', '--tail', '500']
    const lines = await context.kubectl.text(words)
    const logged = await runEbb(context, ['logs', NAME, '--stdin', '--correlation', correlation], lines)
    if (!new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}${NAME} +request `).test(logged))
      throw new Error(`ebb logs printed ${logged}`)
    return 'explain, top, cost, alerts and logs tell of it'
  },
}

async function mustSay(context: Context, words: readonly string[], what: RegExp) {
  const printed = await runEbb(context, words)
  if (!what.test(printed)) throw new Error(`ebb ${words.join(' ')} printed ${printed.slice(0, 600)}`)
}
