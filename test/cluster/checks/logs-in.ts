import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { untilTrue } from '../../support/until.ts'
import { callAdmin, callerWith, newBatch, writeEntry } from '../callers.ts'
import type { Check, Context } from '../context.ts'
import { startHydra } from '../hydra.ts'
import { addKey, type HydraAddresses, type Login, logIn, registerClient, removeKey } from '../hydra-login.ts'
import { chartOf, helm, untilReady, values } from '../install.ts'

const LOGIN: Login = {
  ...{ subject: 'ada', scopes: ['openid', 'conformance:write', 'conformance:read'], audience: 'https://api.example' },
  claims: { roles: ['clerk'] },
}
const ROTATION_MS = 10_000
/** A gateway asks for keys that it does not know once in so long: the provider made its first one for the first login. */
const UNKNOWN_KEY_MS = 31_000

/** People log in at a real OpenID provider, whose signing keys then rotate under load. */
export const logsIn: Check = {
  name: 'logins at an OpenID provider',
  run: async (context) => {
    const { hydra: image = '' } = context.options
    const hydra = await startHydra(context, image)
    await registerClient(hydra, LOGIN)
    await trust(context, hydra)
    const first = await logIn(hydra, LOGIN)
    await untilTrue(async () => (await statusOf(context, first)) === 201, { what: 'a token to be accepted' })
    const forged = `${first.slice(0, -8)}AAAAAAAA`
    if ((await statusOf(context, forged)) !== 401) throw new Error('a forged signature was not answered with 401')

    await new Promise((resolve) => setTimeout(resolve, UNKNOWN_KEY_MS))
    const during = await rotate(context, hydra, first)
    // So that the way to the admin port is there already.
    await callAdmin(context, '/v1/issuers')
    await removeKey(hydra, kidOf(first))
    const removedAt = Date.now()
    await callAdmin(context, '/v1/issuers/refresh', {})
    await untilTrue(async () => (await statusOf(context, first)) === 401, { what: 'the old token to be refused' })
    return `${during}; a token of a removed key was refused ${Date.now() - removedAt} ms after its removal`
  },
}

/** Tells the gateway of the provider. */
async function trust(context: Context, { issuer }: HydraAddresses) {
  const settings = {
    ...{ issuer, audience: LOGIN.audience, algorithms: ['RS256'], types: ['JWT'], allowHttp: true },
    claims: { scopes: 'scp', roles: 'ext.roles' },
  }
  const file = join(context.project, 'issuers.json')
  await writeFile(file, JSON.stringify({ issuers: [settings] }))
  const { release, tag } = context.options
  await helm(context, ['upgrade', release, chartOf(context), ...(await values(context, tag)), '--values', file])
  await untilReady(context)
}

/** A new key comes while requests with tokens of the old one do; from then on half of them have a token of the new one. */
async function rotate(context: Context, hydra: HydraAddresses, first: string): Promise<string> {
  const statuses = new Map<number, number>()
  const tokens = [first]
  const open: Promise<void>[] = []
  const timer = setInterval(() => {
    const token = tokens[open.length % tokens.length] ?? ''
    open.push(statusOf(context, token).then((status) => void statuses.set(status, (statuses.get(status) ?? 0) + 1)))
  }, 50)
  try {
    await addKey(hydra)
    const second = await logIn(hydra, LOGIN)
    if (kidOf(second) === kidOf(first)) throw new Error('the provider signs with the old key still')
    tokens.push(second)
    await new Promise((resolve) => setTimeout(resolve, ROTATION_MS))
  } finally {
    clearInterval(timer)
    await Promise.all(open)
  }
  const wrong = open.length - (statuses.get(201) ?? 0)
  if (wrong > 0) throw new Error(`of ${open.length} requests: ${JSON.stringify([...statuses])}`)
  return `0 of ${open.length} requests failed while the provider changed its key`
}

async function statusOf(context: Context, token: string): Promise<number> {
  const caller = callerWith(await context.gateway(), token, LOGIN.subject)
  return (await writeEntry(caller, newBatch())).status
}

/** The key that a token is signed with. */
function kidOf(token: string): string {
  const [header = ''] = token.split('.')
  return JSON.parse(Buffer.from(header, 'base64url').toString()).kid
}
