import { implement } from 'ebb/http'
import contract from './contract.ts'

const EVENTS = 3

export default implement(contract, {}, async ({ lastEventId = '0' }) => {
  const seen = Number(lastEventId)
  return seen < EVENTS ? eventsAfter(seen) : undefined
})

async function* eventsAfter(seen: number) {
  for (let n = seen + 1; n <= EVENTS; n++) yield { id: String(n), data: { n } }
}
