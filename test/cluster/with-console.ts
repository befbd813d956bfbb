import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from './context.ts'
import { chartOf, helm, untilReady, values } from './install.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { openBrowser } from './operator-browser.ts'

/** As behind an ingress with a certificate. Nothing here resolves it. */
const ORIGIN = 'https://console.example'
const CLIENT = 'console'
const SCOPE = 'ebb:admin'

/** An operator, and somebody who may only use the API. */
const PEOPLE = {
  ola: { name: 'Ola Operator', email: 'ola@example.com', roles: ['operator'] },
  ada: { name: 'Ada Lovelace', email: 'ada@example.com', roles: ['clerk'] },
}
const ROLES = { operator: [SCOPE], clerk: ['conformance:write'] }

/** Has the chart run the console, whose operators log in at an issuer of the checks' own. `close` ends that one. */
export async function withConsole(context: Context) {
  const { release, tag } = context.options
  const clients = { [CLIENT]: { redirectUris: [`${ORIGIN}/login/callback`] } }
  const issuer = await startIssuer(context, { people: PEOPLE, roles: ROLES, clients })
  const file = join(context.project, 'console.json')
  await writeFile(file, JSON.stringify(consoleValues(issuer)))
  const upgrade = async (more: readonly string[] = []) => {
    const words = ['upgrade', release, chartOf(context), ...(await values(context, tag)), '--values', file, ...more]
    await helm(context, words)
    await untilReady(context)
  }
  await upgrade()
  const url = await context.serviceUrl(`${release}-console`, 80)
  return { browser: () => openBrowser({ origin: ORIGIN, url, issuer }), upgrade, close: issuer.stop }
}

const consoleValues = ({ issuer, audience }: Issuer) => ({
  issuers: [{ issuer, audience, algorithms: ['ES256'], allowHttp: true }],
  gateway: { adminScope: SCOPE },
  console: { enabled: true, url: ORIGIN, clientId: CLIENT },
})
