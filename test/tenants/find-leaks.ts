import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import pg from 'pg'
import { Agent, request } from 'undici'
import { createApp, type Implementation, openResources } from '../../src/http/index.ts'
import { createLog, parseConfig } from '../../src/kernel/index.ts'
import { createIdentitySigners, createIdentityVerifier, generateIdentityKeys } from '../../src/protocol/index.ts'
import { carelessRead, carelessWrite } from './careless-functions.ts'
import { FORBIDDEN, READS, WRITES } from './careless-statements.ts'

const TENANTS = ['acme', 'globex', 'initech'] as const
type Tenant = (typeof TENANTS)[number]

const TABLES = `
create table jobs (id uuid primary key default gen_random_uuid(), mark text not null, slug text, n int not null default 0);
select ebb.make_tenant_table('jobs');
alter table jobs add unique (tenant, slug);
create table tasks (
  id uuid primary key default gen_random_uuid(), tenant text, job uuid, mark text not null,
  foreign key (tenant, job) references jobs (tenant, id) on delete cascade
);
select ebb.make_tenant_table('tasks');
create view jobs_seen with (security_invoker = true) as select * from jobs;
grant select, insert, update, delete on jobs, tasks to ebb_functions;
grant select on jobs_seen to ebb_functions;`

export interface WorldOptions {
  /** With the login of functions; through a pooler, where there is one. */
  readonly url: string
  readonly ownerUrl: string
  /** The connections that all requests of each function share. */
  readonly connections: number
}

/** Two functions that forget every `where`, on tables of three tenants, and how requests are sent to them. */
async function openWorld({ url, ownerUrl, connections }: WorldOptions) {
  const owner = new pg.Pool({ connectionString: ownerUrl, max: 2 })
  await owner.query(TABLES)
  const keys = await generateIdentityKeys()
  const sign = createIdentitySigners(keys).gateway
  const config = parseConfig({ DATABASE_URL: url, EBB_POOL_MAX: String(connections) })
  const log = createLog({ level: 'silent' })
  const agent = new Agent({ connections: 32 })
  const start = async (fn: unknown) => {
    // Any handler is called with what its own contract describes; createApp sees to that.
    const implementation = fn as Implementation
    const resources = openResources(implementation.uses, config, log)
    const verify = createIdentityVerifier(keys.jwks, implementation.contract.name)
    const server = createServer(createApp(implementation, { resources, log, verify }))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const close = async () => {
      await new Promise((resolve) => server.close(resolve))
      await resources.close()
    }
    // An http server that listens on a port has this kind of address.
    return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
  }
  const [writes, reads] = [await start(carelessWrite), await start(carelessRead)]
  const send = async (
    tenant: Tenant,
    body: { readonly statement: string; readonly id: string; readonly other: Tenant },
  ) => {
    const [at, name, path] =
      body.statement in READS ? [reads, 'careless-read', '/v1/reads'] : [writes, 'careless-write', '/v1/writes']
    const { statusCode, body: reply } = await request(at.origin + path, {
      method: 'POST',
      dispatcher: agent,
      headers: {
        'content-type': 'application/json',
        'ebb-identity': await sign({ sub: 'ada', scopes: [], tenant }, name),
      },
      body: JSON.stringify(body),
    })
    // It is what the contract says.
    const { marks = [] } = (await reply.json()) as { readonly marks?: readonly string[] }
    return { status: statusCode, marks }
  }
  const close = async () => {
    await agent.close()
    await Promise.all([writes.close(), reads.close(), owner.end()])
  }
  return { owner, send, close }
}

type World = Awaited<ReturnType<typeof openWorld>>

const step = fc.record({
  tenant: fc.constantFrom(...TENANTS),
  statement: fc.constantFrom(...Object.keys({ ...READS, ...WRITES, ...FORBIDDEN })),
  other: fc.constantFrom(...TENANTS),
  pick: fc.nat(),
})

export interface LeaksOptions extends WorldOptions {
  /** How many requests to send, at least. */
  readonly requests: number
  readonly seed: number
  /** Changes the world before the first request: to see that a leak is found. */
  readonly sabotage?: string
  readonly onProgress?: (sent: number) => void
}

const BATCH = 50

/**
 * Sends batches of requests of three tenants at a time to functions that forget their `where`. Throws at the first row that is
 * read or changed for another tenant than its own.
 */
export async function findLeaks({ requests, seed, sabotage, onProgress = () => {}, ...options }: LeaksOptions) {
  const world = await openWorld(options)
  const statuses = new Map<number, number>()
  let [sent, rows] = [0, 0]
  try {
    if (sabotage) await world.owner.query(sabotage)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: BATCH, maxLength: BATCH }), async (steps) => {
        const before = await fill(world)
        const answers = await Promise.all(
          steps.map(async ({ tenant, statement, other, pick }) => {
            const id = before.ids[pick % before.ids.length] ?? ''
            return { tenant, statement, other, ...(await world.send(tenant, { statement, other, id })) }
          }),
        )
        for (const answer of answers) {
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          rows += answer.marks.length
          assertOwn(answer)
        }
        await assertApart(world)
        sent += steps.length
        onProgress(sent)
      }),
      // What a batch does depends on the rows that the batches before have left: a smaller one would tell nothing.
      { numRuns: Math.ceil(requests / BATCH), seed, endOnFailure: true },
    )
  } catch (error) {
    // What the property has thrown; the batch around it is long.
    throw (error instanceof Error && error.cause) || error
  } finally {
    await world.close()
  }
  return { sent, rows, statuses: Object.fromEntries(statuses) }
}

interface Answer {
  readonly tenant: Tenant
  readonly statement: string
  readonly other: Tenant
  readonly status: number
  readonly marks: readonly string[]
}

function assertOwn({ tenant, statement, other, status, marks }: Answer) {
  const foreign = marks.find((mark) => !mark.startsWith(`${tenant}/`))
  if (foreign) throw new Error(`${statement} of ${tenant} was answered with ${foreign}`)
  // A caller may name its own tenant, and a row of its own.
  const isForbidden = statement in FORBIDDEN && statement !== 'refer' && other !== tenant && marks.length > 0
  if (isForbidden) throw new Error(`${statement} of ${tenant} for ${other} has changed ${marks.length} rows`)
  if (![200, 500, 503].includes(status)) throw new Error(`${statement} of ${tenant} was answered ${status}`)
}

/** Sees to it that each tenant has some rows; returns the ids of all. */
async function fill({ owner }: World) {
  await owner.query(
    `insert into jobs (tenant, mark)
     select tenant, tenant || '/seed' from unnest($1::text[]) as tenant cross join generate_series(1, 4)
     where (select count(*) from jobs where jobs.tenant = tenant.tenant) < 4`,
    [TENANTS],
  )
  await owner.query(`delete from tasks where random() < 0.5; delete from jobs where slug is null and random() < 0.2`)
  const { rows } = await owner.query<{ id: string }>('select id from jobs')
  return { ids: rows.map(({ id }) => id) }
}

/** Whatever was written, a row says the name of the tenant that it belongs to. */
async function assertApart({ owner }: World) {
  const { rows } = await owner.query(
    `select 'jobs' as "table", tenant, mark from jobs where mark not like tenant || '/%'
     union all select 'tasks', tenant, mark from tasks where mark not like tenant || '/%'`,
  )
  if (rows.length > 0) throw new Error(`rows were written for another tenant: ${JSON.stringify(rows.slice(0, 3))}`)
}
