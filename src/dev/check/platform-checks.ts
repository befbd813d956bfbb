import { randomUUID } from 'node:crypto'
import type { Check } from './check-deployed.ts'
import { type Fault, headersFault, type Probed, problemFault, type Send } from './probe.ts'

const STRANGER = 'https://ebb-check.invalid'

/** What every Ebb does, whatever its contracts say. */
export function platformChecks(send: Send, { origin }: { readonly origin: string | undefined }): readonly Check[] {
  const get = (target: string, headers: Readonly<Record<string, string>> = {}) =>
    send({ method: 'GET', target, headers })
  const check = (name: string, target: string, judge: (answer: Probed) => Fault, headers = {}): Check => ({
    ...{ name, run: async () => judge(await get(target, headers)) },
  })
  return [
    check('it is ready', '/_/ready', (answer) => readyFault(answer) ?? headersFault(answer)),
    check('404 for an unknown path', `/v1/ebb-check-${randomUUID()}`, (answer) => problemFault(answer, [404])),
    check('404 for its metrics', '/metrics', (answer) => problemFault(answer, [404])),
    check('its API reference loads nothing from elsewhere', '/docs', docsFault),
    check('no strange page is let in, unless all are', '/openapi.json', strangerFault, { origin: STRANGER }),
    ...(origin ? [check(`pages of ${origin} may call`, '/openapi.json', pageFault(origin), { origin })] : []),
  ]
}

const readyFault = ({ status }: Probed): Fault => (status === 200 ? undefined : `it answers ${status}`)

function docsFault(answer: Probed): Fault {
  const { status, headers } = answer
  // Where its files are not installed, there is none.
  if (status === 404) return problemFault(answer, [404])
  if (status !== 200) return `it answers ${status}`
  const isStrict = headers.get('content-security-policy')?.startsWith("default-src 'none'")
  if (!isStrict || headers.get('x-content-type-options') !== 'nosniff') return 'it has no strict policy'
  return headersFault(answer)
}

function strangerFault(answer: Probed): Fault {
  const allowed = answer.headers.get('access-control-allow-origin')
  return allowed === null || allowed === '*' ? headersFault(answer) : `it lets ${allowed} in`
}

const pageFault =
  (origin: string) =>
  ({ headers }: Probed): Fault => {
    const allowed = headers.get('access-control-allow-origin')
    if (allowed !== origin && allowed !== '*') return `it lets ${allowed ?? 'nobody'} in`
    const exposed = headers.get('access-control-expose-headers') ?? ''
    return /x-correlation-id/i.test(exposed) ? undefined : 'it does not show them the X-Correlation-Id'
  }
