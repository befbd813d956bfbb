import { event } from 'ebb/contract'
import * as z from 'zod'

export const Thing = z.object({
  id: z.uuid(),
  name: z.string().min(1).max(40).meta({ example: 'lamp' }),
  maker: z.string(),
})

export const thingMade = event({ type: 'thing.made', data: Thing, summary: 'A thing was made.' })

/** What the functions store. */
export const THINGS = `
  create table things (id uuid primary key, name text not null, maker text not null);
  create table notes (thing uuid primary key, text text not null)`
