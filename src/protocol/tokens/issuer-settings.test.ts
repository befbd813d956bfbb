import { expect, it } from '@jest/globals'
import { isTrustedUrl, parseIssuers } from './issuer-settings.ts'

const GOOD = { issuer: 'https://login.example', audience: 'https://api.example', algorithms: ['RS256'] }

it('what is not set has its default', () => {
  expect(parseIssuers([GOOD])).toEqual([
    {
      ...{
        issuer: 'https://login.example',
        audience: ['https://api.example'],
        algorithms: ['RS256'],
        types: ['at+jwt'],
      },
      ...{
        claims: { scopes: ['scope'] },
        roleScopes: {},
        subjectPrefix: '',
        clockToleranceSeconds: 60,
        allowHttp: false,
      },
    },
  ])
})

it('a path of a claim is dotted text, or a list where names have dots', () => {
  const claims = { scopes: ['https://api.example/scopes'], roles: 'realm_access.roles' }
  expect(parseIssuers([{ ...GOOD, claims }])[0]?.claims).toEqual({
    scopes: ['https://api.example/scopes'],
    roles: ['realm_access', 'roles'],
  })
})

const SECOND = { ...GOOD, issuer: 'https://other.example' }
it.each<[string, unknown, RegExp]>([
  ['no list', GOOD, /issuer: Invalid input: expected array/],
  ['an empty list', [], /Too small/],
  ['no issuer', [{ ...GOOD, issuer: undefined }], /issuer\.0\.issuer/],
  ['no audience', [{ ...GOOD, audience: undefined }], /issuer\.0\.audience/],
  ['an empty audience', [{ ...GOOD, audience: [] }], /issuer\.0\.audience/],
  ['no algorithms', [{ ...GOOD, algorithms: [] }], /issuer\.0\.algorithms/],
  ['alg none', [{ ...GOOD, algorithms: ['none'] }], /with none or HS\* whoever verifies could sign/],
  ['HS256', [{ ...GOOD, algorithms: ['RS256', 'HS256'] }], /issuer\.0\.algorithms\.1: must be one of RS256/],
  ['an unknown member', [{ ...GOOD, audiences: [] }], /Unrecognized key: "audiences"/],
  ['an empty part of a path', [{ ...GOOD, claims: { roles: 'a..b' } }], /claims\.roles: must not have an empty part/],
  ['http', [{ ...GOOD, issuer: 'http://login.example', allowHttp: true }], /must be https; http is for loopback/],
  ['http without saying so', [{ ...GOOD, issuer: 'http://localhost:9000' }], /with "allowHttp": true/],
  [
    'keys over http',
    [{ ...GOOD, jwksUri: 'http://keys.example/keys', allowHttp: true }],
    /http:\/\/keys\.example\/keys must be https/,
  ],
  [
    'a user in the URL',
    [{ ...GOOD, issuer: 'https://a:b@login.example' }],
    /must be a URL without user, query and fragment/,
  ],
  ['a query', [{ ...GOOD, issuer: 'https://login.example?x' }], /must be a URL without user, query and fragment/],
  ['another scheme', [{ ...GOOD, issuer: 'file:///etc/passwd' }], /must be a URL/],
  ['two tenants', [{ ...GOOD, tenant: 'acme', claims: { tenant: 'org' } }], /has both tenant and claims\.tenant/],
  ['scopes of roles that no token has', [{ ...GOOD, roleScopes: { clerk: ['a:b'] } }], /no claims\.roles says where/],
  ['a malformed tenant', [{ ...GOOD, tenant: '../acme' }], /tenant: must match/],
  ['an issuer twice', [GOOD, GOOD], /is there twice/],
  ['two without a prefix', [GOOD, SECOND], /could name each other's callers/],
  [
    'two with one prefix',
    [
      { ...GOOD, subjectPrefix: 'a:' },
      { ...SECOND, subjectPrefix: 'a:' },
    ],
    /could name each other's/,
  ],
  [
    'a prefix of a prefix',
    [
      { ...GOOD, subjectPrefix: 'a:' },
      { ...SECOND, subjectPrefix: 'a:b:' },
    ],
    /could name each other's/,
  ],
  [
    'a secret where it would be shown',
    [{ ...GOOD, introspection: { clientId: 'a', clientSecret: 'b' } }],
    /Unrecognized key: "clientSecret"/,
  ],
  [
    'two that introspect',
    [
      { ...GOOD, introspection: { clientId: 'a' } },
      { ...SECOND, subjectPrefix: 'b:', introspection: { clientId: 'a' } },
    ],
    /only one issuer can have introspection/,
  ],
])('%s is refused', (_what, value, message) => {
  expect(() => parseIssuers(value)).toThrow(message)
  expect(() => parseIssuers(value)).toThrow(/^EBB_ISSUERS: /)
})

it('all that is wrong is one error', () => {
  expect(() => parseIssuers([{ ...GOOD, audience: '', algorithms: ['none'] }])).toThrow(
    /audience[^\n]*\n[^\n]*algorithms/,
  )
})

it.each([
  ['https://login.example', true],
  ['http://localhost:9000', true],
  ['http://127.0.0.1:9000/realms/x', true],
  ['http://[::1]:9000', true],
  ['http://dex', true],
  ['http://keycloak.auth.svc:8080', true],
  ['http://keycloak.auth.svc.cluster.local', true],
  ['http://login.example', false],
  ['http://10.0.0.1', false],
  ['http://169.254.169.254', false],
  ['http://127.0.0.1.attacker.example', false],
  ['http://localhost.attacker.example', false],
  ['http://x.svc.attacker.example', false],
  ['http://svc.example', false],
  ['ftp://localhost', false],
])('%s is trusted where http is allowed: %p', (url, trusted) => {
  expect(isTrustedUrl(url, { allowHttp: true })).toBe(trusted)
  expect(isTrustedUrl(url, { allowHttp: false })).toBe(url.startsWith('https'))
})
