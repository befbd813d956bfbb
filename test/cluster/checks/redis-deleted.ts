import { untilTrue } from '../../support/until.ts'
import type { Check } from '../context.ts'
import { untilReady } from '../install.ts'
import { figuresOf, startLoad } from '../load.ts'

const AT_LEAST = 800

/** The pod of Redis is deleted under load: the gateways log it, and no caller notices. */
export const redisDeleted: Check = {
  name: 'Redis pod deleted',
  run: async (context) => {
    const { kubectl } = context
    const [pod] = await kubectl.podsOf('redis')
    if (!pod) throw new Error('no Redis')
    const since = new Date().toISOString()
    const load = await startLoad(context)
    await kubectl.text(['delete', 'pod', pod.metadata.name, '--wait=false'])
    const isNew = async () => {
      const [now] = await kubectl.podsOf('redis')
      return now !== undefined && now.metadata.uid !== pod.metadata.uid
    }
    await untilTrue(isNew, { limitMs: 60_000, what: 'a new Redis pod' })
    await untilReady(context)
    const figures = figuresOf(await load.stop(AT_LEAST))
    const logged = new Set<string>()
    for (const { metadata } of await kubectl.podsOf('gateway'))
      for (const line of (await kubectl.text(['logs', metadata.name, '--since-time', since])).trim().split('\n')) {
        const { level, msg } = JSON.parse(line || '{}')
        if (level === 'warn' || level === 'error' || /redis/i.test(msg)) logged.add(`${level}: ${msg}`)
      }
    if (logged.size === 0) throw new Error(`${figures}; no gateway logged that Redis was not reachable`)
    return `${figures}; logged: ${[...logged].join('; ')}`
  },
}
