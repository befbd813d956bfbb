import { request } from 'undici'
import type { Issuer } from './issuer.ts'

export interface ConsoleAddresses {
  /** The console's origin as its settings have it. */
  readonly origin: string
  /** Where it is reachable from here. */
  readonly url: string
  readonly issuer: Issuer
}

export interface Answer<Body = unknown> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** Of what is JSON. */
  readonly body: Body
}

interface Sent {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
}

/** What a browser does with cookies and redirects, where neither the console's name nor the issuer's resolves here. */
export function openBrowser({ origin, url, issuer }: ConsoleAddresses) {
  const cookies = new Map<string, Map<string, string>>()

  async function go<Body>(address: string, { method, form, json }: Sent = {}): Promise<Answer<Body>> {
    const target = new URL(address, origin)
    const jar = cookies.get(target.origin) ?? new Map<string, string>()
    cookies.set(target.origin, jar)
    const type = form ? 'application/x-www-form-urlencoded' : 'application/json'
    const sent = form ? new URLSearchParams(form).toString() : json === undefined ? undefined : JSON.stringify(json)
    const { statusCode, headers, body } = await request(
      new URL(target.pathname + target.search, target.origin === origin ? url : issuer.url),
      {
        method: method ?? (sent === undefined ? 'GET' : 'POST'),
        headers: {
          ...{ host: target.host, cookie: [...jar].map((pair) => pair.join('=')).join('; ') },
          // Only pages of the console itself call what is below /v1.
          ...(target.origin === origin && { 'sec-fetch-site': 'same-origin' }),
          ...(sent !== undefined && { 'content-type': type }),
        },
        ...(sent !== undefined && { body: sent }),
      },
    )
    for (const line of [headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    const text = await body.text()
    // The console's own replies, or the admin API's of this checkout.
    const parsed = String(headers['content-type']).includes('json') ? (JSON.parse(text) as Body) : (undefined as Body)
    return { status: statusCode, headers, text, body: parsed }
  }

  return {
    /** As a page of the console asks. */
    call: go,
    /** The whole login; resolves to what the console answers to who comes back from the issuer. */
    async logIn(person: string): Promise<Answer<{ message?: string }>> {
      const next = async (address: string, sent: Sent = {}) => {
        const { status, headers, text } = await go(address, sent)
        if (headers.location === undefined) throw new Error(`${address} answered ${status}: ${text.slice(0, 300)}`)
        return String(headers.location)
      }
      const inside = (address: string) => new URL(address, issuer.issuer).href
      const page = inside(await next(await next('/login?to=/console/requests')))
      return go(inside(await next(inside(await next(page, { form: { person } })))))
    },
  }
}

export type OperatorBrowser = ReturnType<typeof openBrowser>
