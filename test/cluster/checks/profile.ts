import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AdminOutput } from '../../../src/protocol/admin/admin-endpoint.ts'
import type { profileFunction } from '../../../src/protocol/admin/profiles.ts'
import { newCaller } from '../callers.ts'
import type { Check, Context } from '../context.ts'
import { runEbb } from '../ebb-command.ts'
import { figuresOf, startLoad } from '../load.ts'
import type { OperatorBrowser } from '../operator-browser.ts'
import { withConsole } from '../with-console.ts'

const NAME = 'conformance-write'
const SECONDS = 3

/** Off by default, for operators only, and of an instance that serves requests meanwhile. */
export const profiled: Check = {
  name: 'operators profile a live function',
  run: async (context) => {
    const { browser, upgrade, close } = await withConsole(context)
    try {
      const operator = browser()
      await operator.logIn('ola')
      const off = await profile(operator)
      if (off.status !== 409 || off.body.error !== 'profiles_off') throw new Error(`by default it is ${off.text}`)
      await upgrade(['--set-string', `functions.${NAME}.env.EBB_PROFILES=true`])
      await refuseCallers(context)
      const load = await startLoad(context)
      const figures = [await lookAtFlame(operator), await takeByCommand(context)]
      return [...figures, figuresOf(await load.stop())].join('; ')
    } finally {
      await close()
    }
  },
}

type Profiled = AdminOutput<typeof profileFunction> & { readonly error?: string }

const profile = (operator: OperatorBrowser, name = NAME) =>
  operator.call<Profiled>(`/v1/functions/${name}/profiles`, { json: { seconds: SECONDS, as: 'flame' } })

/** A key of a caller is none of an operator. */
async function refuseCallers(context: Context) {
  const caller = await newCaller(context)
  const asked = { body: { seconds: 1 } }
  const own = await caller.call('POST', `/v1/functions/${NAME}/profiles`, asked)
  const admin = await caller.call('POST', new URL(`/v1/functions/${NAME}/profiles`, await context.admin()).href, asked)
  if (own.status !== 404 || ![401, 403].includes(admin.status))
    throw new Error(`a caller was answered ${own.status} by the gateway and ${admin.status} at its admin port`)
}

/** What the console shows of it names what ran, with its line of the source. */
async function lookAtFlame(operator: OperatorBrowser): Promise<string> {
  const { status, text, body } = await profile(operator)
  if (status !== 200) throw new Error(`a profile was answered ${status}: ${text.slice(0, 300)}`)
  if (!(body.total > 0) || !text.includes(`functions/${NAME}/handler.ts:`))
    throw new Error(`in ${body.total} ms nothing of the handler: ${text.slice(0, 300)}`)
  return `of ${SECONDS} s ${Math.round(body.total)} ms computed, with the lines of the handler`
}

/** `ebb profile`, as an operator runs it. */
async function takeByCommand(context: Context): Promise<string> {
  const output = join(context.project, 'e2e.cpuprofile')
  const printed = await runEbb(context, ['profile', NAME, '--seconds', String(SECONDS), '--output', output])
  const { samples } = JSON.parse(await readFile(output, 'utf8')) as { samples: readonly number[] }
  if (!printed.includes('SHARE')) throw new Error(`ebb profile printed ${printed}`)
  return `ebb profile took ${samples.length} samples`
}
