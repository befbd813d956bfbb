import { endpoint } from 'ebb/contract'
import * as z from 'zod'

/** What each kind of source text gives when it runs. */
const Kept = z.object({
  stored: z.string(),
  column: z.string(),
  raw: z.string(),
  matched: z.array(z.string()),
  template: z.string(),
  escaped: z.string(),
  identifier: z.string(),
  key: z.string(),
  json: z.string(),
  thrown: z.string(),
  named: z.array(z.string()),
  lengths: z.array(z.number()),
})

export default endpoint({
  name: 'keep-text',
  summary: 'Says what its source says: “Größe – 5 €”.',
  method: 'POST',
  path: '/v1/keep-text',
  body: z.object({ name: z.string().regex(/^[A-Za-zÄÖÜäöüß ]+$/) }),
  reply: { status: 200, body: Kept },
  failures: { out_of_size: 409 },
  access: { anonymous: true },
})
