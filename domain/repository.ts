import { event } from 'ebb/contract'
import * as z from 'zod'

/** Commits came to a branch or a tag. */
export const codePushed = event({
  type: 'code.pushed',
  data: z.object({ repository: z.string(), ref: z.string(), by: z.string(), commits: z.array(z.string()) }),
  summary: 'Commits came to a branch or a tag.',
})

/** Somebody has told of a fault, or asked for something. */
export const issueOpened = event({
  type: 'issue.opened',
  data: z.object({ repository: z.string(), number: z.int(), title: z.string(), url: z.url() }),
  summary: 'Somebody has told of a fault, or asked for something.',
})
