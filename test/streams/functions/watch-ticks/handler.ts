import { implement } from 'ebb/http'
import * as z from 'zod'
import contract from './contract.ts'

const Answer = z.object({ last: z.int(), isOver: z.boolean() })

export default implement(contract, {}, async ({ lastEventId = '0' }, { secrets, signal }) => {
  const ask = async (after: number) => {
    const response = await fetch(`${secrets.TICKS_URL.reveal()}/?after=${after}`, { signal })
    return Answer.parse(await response.json())
  }
  const seen = Number(lastEventId)
  const { last, isOver } = await ask(seen)
  return isOver && last === seen ? undefined : ticks(seen)

  async function* ticks(from: number) {
    for (let n = from; ; ) {
      const { last, isOver } = await ask(n)
      while (n < last) {
        n++
        yield { id: String(n), event: 'tick', data: { n } }
      }
      if (isOver) return
    }
  }
})
