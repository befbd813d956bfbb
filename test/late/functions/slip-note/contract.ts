import { event, subscriber } from 'ebb/contract'
import { Slip } from '../../domain/slip.ts'

export default subscriber({
  ...{ name: 'slip-note', summary: 'Makes a slip of a subscriber.', timeoutMs: 60_000 },
  on: event({ type: 'slip.made', data: Slip }),
})
