import { event } from 'ebb/contract'
import * as z from 'zod'

/** What a sensor in the shop's stores has measured. */
export const Reading = z
  .object({
    sensor: z
      .string()
      .max(40)
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      .meta({ example: 'cellar-2' }),
    measuredAt: z.iso.datetime().meta({ example: '2026-06-06T08:00:00Z' }),
    celsius: z.number().min(-90).max(150).meta({ example: 18.5 }),
  })
  .meta({ id: 'Reading' })

/** A batch of readings, by the id that its sender has given it. */
export const ReadingBatch = z
  .object({
    id: z.uuid(),
    readings: z.int().min(0).meta({ example: 2 }),
  })
  .meta({ id: 'ReadingBatch' })

/** All readings of a batch are stored. */
export const readingsIngested = event({
  type: 'readings.ingested',
  data: ReadingBatch.extend({ number: z.int() }),
  summary: 'All readings of a batch are stored.',
})
