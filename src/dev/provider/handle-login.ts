import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { InteractionResults, Provider } from 'oidc-provider'
import { readAtMost } from '../../protocol/index.ts'
import { loginPage, sendPage } from './pages.ts'
import type { ProviderConfig } from './provider-config.ts'

/** The login pages are below it, one for each attempt to log in. */
export const LOGIN_PATH = '/login/'

const MAX_FORM_BYTES = 4_096

/** Shows the login page, and takes its form. The library knows the attempt by a cookie that only this browser has. */
export async function handleLogin(
  request: IncomingMessage,
  response: ServerResponse,
  { provider, config }: { readonly provider: Provider; readonly config: ProviderConfig },
): Promise<void> {
  const { params, prompt } = await provider.interactionDetails(request, response)
  const finish = (result: InteractionResults) => provider.interactionFinished(request, response, result)
  // There is nothing to consent to: what an application may ask for, it gets.
  if (prompt.name !== 'login') return finish({ consent: {} })
  const back = String(params.redirect_uri)
  const show = (status: number, { name, refusal }: { name?: string; refusal?: string }) => {
    const { people, password } = config
    const shown = {
      people,
      back,
      asksPassword: password !== undefined,
      ...(name ? { name } : {}),
      ...(refusal ? { refusal } : {}),
    }
    sendPage(response, status, loginPage(shown), { back })
  }
  if (request.method !== 'POST')
    return show(200, { name: typeof params.login_hint === 'string' ? params.login_hint : '' })
  const form = await readForm(request)
  if (form.has('cancel')) return finish({ error: 'access_denied', error_description: 'The login was cancelled.' })
  const person = form.get('person') ?? ''
  const refusal = findRefusal(config, person, form.get('password') ?? '')
  return refusal === undefined ? finish({ login: { accountId: person } }) : show(422, { name: person, refusal })
}

/** With a password, nothing says whether it was that or the name. */
function findRefusal({ people, password }: ProviderConfig, person: string, given: string): string | undefined {
  const isKnown = Object.hasOwn(people, person)
  if (password === undefined) return isKnown ? undefined : `There is no ${person} in domain/people.ts.`
  return isSame(given, password) && isKnown ? undefined : 'This name and this password do not go together.'
}

const isSame = (a: string, b: string) => timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const { bytes, isWhole } = await readAtMost(request, MAX_FORM_BYTES)
  return new URLSearchParams(isWhole ? new TextDecoder().decode(bytes) : '')
}
