import { errors, type Provider } from 'oidc-provider'
import { AUDIENCE, PERSON_GRANT, type ProviderConfig } from './provider-config.ts'
import { scopesOf, toResourceServer } from './resource-server.ts'

/**
 * Lets `ebb token`, which holds the secret of its client, ask for a token of `person` with `scope`, without a login. Default:
 * all scopes that the person has.
 */
export function registerPersonGrant(provider: Provider, config: ProviderConfig): void {
  provider.registerGrantType<{ person?: string }>(
    PERSON_GRANT,
    async (ctx) => {
      const { client, params } = ctx.oidc
      const { person = '', scope } = params
      if (!Object.hasOwn(config.people, person))
        throw new errors.InvalidRequest(
          `there is no person ${person}; there are ${Object.keys(config.people).join(', ')}`,
        )
      const granted = scopesOf(config, person)
      const asked = scope?.split(' ') ?? granted
      const missing = asked.filter((one) => !granted.includes(one))
      if (missing.length > 0)
        throw new errors.InvalidRequest(
          `${person} does not have ${missing.join(' ')}; the roles give ${granted.join(' ') || 'no scope'}`,
        )
      // Without a grant there is nothing to revoke: the token is good until it expires.
      const token = new provider.AccessToken({
        grantId: '',
        accountId: person,
        client,
        gty: 'person',
        scope: asked.join(' '),
      })
      token.resourceServer = new provider.ResourceServer(AUDIENCE, toResourceServer(config))
      ctx.body = {
        access_token: await token.save(),
        token_type: 'Bearer',
        expires_in: token.expiration,
        scope: asked.join(' '),
      }
    },
    ['person', 'scope'],
  )
}
