/** What the templates of an endpoint need. */
interface NewEndpoint {
  readonly name: string
  readonly method: string
  readonly path: string
}

interface NewSubscriber {
  readonly name: string
  /** The event's type, the constant that declares it, and the file of domain/ that exports it. */
  readonly on: { readonly type: string; readonly constant: string; readonly file: string }
}

/** The texts of a function's files, by their names. */
export type Files = Readonly<Record<string, string>>

/** The four files of a working endpoint, with documentation and a test. */
export function endpointFiles({ name, method, path }: NewEndpoint): Files {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter ?? '')
  const takesBody = method !== 'GET' && method !== 'DELETE'
  const params = parameters.map((parameter) => `${parameter}: z.string()`).join(', ')
  const input = takesBody ? 'body' : parameters.length > 0 ? 'params' : undefined
  const subject = takesBody ? 'body.name' : parameters.length > 0 ? `params.${parameters[0]}` : "'you'"
  const url = path.replaceAll(/\{\w+\}/g, 'ada')
  const request = `caller.${method.toLowerCase()}('${url}')${takesBody ? ".send({ name: 'ada' })" : ''}`
  return {
    'contract.ts': `import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: '${name}',
  summary: '${sentence(name)}.',
  method: '${method}',
  path: '${path}',
${parameters.length > 0 ? `  params: z.object({ ${params} }),\n` : ''}${takesBody ? '  body: z.object({ name: z.string().min(1).max(100) }),\n' : ''}  reply: { status: 200, body: z.object({ message: z.string() }) },
  // Anyone may call this; { scopes: ['things:read'] } or { owner: true } restricts it.
  access: { anonymous: true },
${takesBody ? "  examples: { ada: { body: { name: 'ada' } } },\n" : ''}})
`,
    'handler.ts': `import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, {}, async (${input ? `{ ${input} }` : ''}) => {
  return { message: \`Hello \${${subject}}\` }
})
`,
    'index.ts': index(name),
    'handler.test.ts': `import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import ${toCamel(name)} from './handler.ts'

const fn = testFunction(${toCamel(name)})

describe('${name}', () => {
  it('200 says hello', async () => {
    const caller = await fn.as({ sub: 'ada' })
    const response = await ${request}.expect(200)
    expect(response.body).toEqual({ message: 'Hello ${input ? 'ada' : 'you'}' })
  })
${
  takesBody
    ? `
  it('400 names the missing property', async () => {
    const caller = await fn.as({ sub: 'ada' })
    const response = await caller.${method.toLowerCase()}('${url}').send({}).expect(400)
    expect(response.body.details).toEqual([{ path: 'body.name', message: expect.any(String) }])
  })
`
    : ''
}
  it('401 without an identity from the gateway', async () => {
    const caller = await fn.unsigned()
    await caller.${method.toLowerCase()}('${url}').expect(401)
  })
})
`,
  }
}

/** The four files of a subscriber that processes each event once. */
export function subscriberFiles({ name, on }: NewSubscriber): Files {
  return {
    'contract.ts': `import { subscriber } from 'ebb/contract'
import { ${on.constant} } from '../../domain/${on.file}'

export default subscriber({
  name: '${name}',
  summary: '${sentence(name)}.',
  on: ${on.constant},
})
`,
    'handler.ts': `import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** What it writes with sql commits together with the record that the event was handled: a redelivery changes nothing. */
export default implement(contract, { sql: postgres }, async ({ event, data }, { log }) => {
  log.info({ event: event.id, data }, 'event handled')
})
`,
    'index.ts': index(name),
    'handler.test.ts': `import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import ${toCamel(name)} from './handler.ts'

const fn = testFunction(${toCamel(name)})

describe('${name}', () => {
  it('400 for data that do not fit the event', async () => {
    expect((await fn.deliver({ type: '${on.type}', data: 7 })).status).toBe(400)
  })

  it('401 without an identity from the relay', async () => {
    const caller = await fn.unsigned()
    await caller.post('/').send({}).expect(401)
  })
})
`,
  }
}

/** The four files of a schedule that fires at the times of a cron. */
export function scheduleFiles({ name, cron }: { readonly name: string; readonly cron: string }): Files {
  return {
    'contract.ts': `import { schedule } from 'ebb/contract'

export default schedule({
  name: '${name}',
  summary: '${sentence(name)}.',
  // Minute, hour, day of the month, month and day of the week.
  cron: '${cron}',
  timeZone: 'UTC',
  // Of the times at which nothing ran, the last one fires afterwards; 'skip' fires none, 'all' each of them.
  missed: 'once',
  // It does not fire while the last firing is not done; with 'queue' it fires after that.
  overlap: 'skip',
})
`,
    'handler.ts': `import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** What it writes with sql commits together with the record that the firing was handled: a redelivery changes nothing. */
export default implement(contract, { sql: postgres }, async ({ data: { plannedAt } }, { log }) => {
  log.info({ plannedAt }, 'schedule handled')
})
`,
    'index.ts': index(name),
    'handler.test.ts': `import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import ${toCamel(name)} from './handler.ts'

const fn = testFunction(${toCamel(name)})

describe('${name}', () => {
  it('204 for a time at which it fires', async () => {
    expect((await fn.fire({ plannedAt: '2026-01-01T00:00:00Z' })).status).toBe(204)
  })

  it('401 without an identity from the relay', async () => {
    const caller = await fn.unsigned()
    await caller.post('/').send({}).expect(401)
  })
})
`,
  }
}

/** The four files of what takes a provider's webhooks. */
export function receiveFiles(given: {
  readonly name: string
  readonly provider: string
  readonly path: string
}): Files {
  const { name, provider, path } = given
  const event = FIRST_EVENTS[provider] ?? 'thing.changed'
  const secret = `${provider.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_WEBHOOK_SECRET`
  return {
    'contract.ts': `import { payload, receive } from 'ebb/contract'

export default receive({
  name: '${name}',
  summary: '${sentence(name)}.',
  path: '${path}',
  provider: '${provider}',
  // The gateway alone gets it: from .env, or as a mounted file.
  signedBy: ['${secret}'],
  // By the provider's names. In place of payload(), the schema of what is read: z.object({ … }).
  events: { '${event}': payload<{ readonly [name: string]: unknown }>() },
})
`,
    'handler.ts': `import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** What it writes with sql commits together with the record that the webhook was handled: a redelivery changes nothing. */
export default implement(contract, { sql: postgres }, async ({ data }, { log }) => {
  log.info({ webhook: data.id, event: data.event }, 'webhook handled')
})
`,
    'index.ts': index(name),
    'handler.test.ts': `import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import ${toCamel(name)} from './handler.ts'

const fn = testFunction(${toCamel(name)})

describe('${name}', () => {
  it('204 for an event that it takes', async () => {
    expect((await fn.receive({ event: '${event}', payload: {} })).status).toBe(204)
  })

  it('400 for another one', async () => {
    expect((await fn.receive({ event: 'nothing.like.it', payload: {} })).status).toBe(400)
  })

  it('401 without an identity from the relay', async () => {
    const caller = await fn.unsigned()
    await caller.post('/').send({}).expect(401)
  })
})
`,
  }
}

/** One that most will want. */
const FIRST_EVENTS: Readonly<Record<string, string>> = {
  github: 'push',
  stripe: 'checkout.session.completed',
}

/** The four files of an authorizer that knows nobody yet. */
export function authorizerFiles({ name }: { readonly name: string }): Files {
  return {
    'contract.ts': `import { authorizer } from 'ebb/contract'

export default authorizer({
  name: '${name}',
  summary: '${sentence(name)}.',
  // What it sees of a request: an answer is kept for requests that agree in it.
  credentials: { headers: ['x-caller-token'] },
  ttlSeconds: 60,
})
`,
    'handler.ts': `import { implement } from 'ebb/http'
import contract from './contract.ts'

/** An endpoint asks it with access: { authorizer: '${name}' }. */
export default implement(contract, {}, async ({ headers }) => {
  const caller = await findCaller(headers['x-caller-token'])
  return caller ? { allow: true, caller: { sub: caller, scopes: [] } } : { allow: false }
})

/** Nobody yet: look up here whose token this is. */
async function findCaller(_token: string | undefined): Promise<string | undefined> {
  return undefined
}
`,
    'index.ts': index(name),
    'handler.test.ts': `import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import ${toCamel(name)} from './handler.ts'

const fn = testFunction(${toCamel(name)})

describe('${name}', () => {
  it('refuses whom it does not know', async () => {
    const { body } = await fn.judge({ headers: { 'x-caller-token': 'guess' } })
    expect(body).toEqual({ allow: false })
  })

  it('403 for anybody but the gateway', async () => {
    const caller = await fn.as({ sub: 'ada' })
    await caller.post('/').send({}).expect(403)
  })
})
`,
  }
}

/** The one file of a proxy. */
export function proxyFiles({
  name,
  path,
  url,
}: {
  readonly name: string
  readonly path: string
  readonly url: string
}): Files {
  return {
    'contract.ts': `import { proxy } from 'ebb/contract'

export default proxy({
  name: '${name}',
  summary: '${sentence(name)}.',
  path: '${path}',
  // Elsewhere than here, EBB_UPSTREAMS says where the service is: {"${name}":"http://…"}
  upstream: { url: '${url}' },
  // Any caller with a key; { scopes: ['things:read'] } restricts it, { anonymous: true } lets anyone in.
  access: {},
})
`,
  }
}

/** What starts a function. */
export const index = (name: string): string => `import { serve } from 'ebb/http'
import ${toCamel(name)} from './handler.ts'

serve(${toCamel(name)})
`

/** `place-order` is `placeOrder`. */
export const toCamel = (name: string, separator: '-' | '_' = '-'): string =>
  name
    .split(separator)
    .map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('')

/** `place-order` is `Place order`. */
export const sentence = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')
