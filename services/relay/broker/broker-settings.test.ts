import { expect, it } from '@jest/globals'
import { parseConfig } from 'ebb/kernel'
import { subscription } from '../test-support.ts'
import { readBrokerSettings } from './broker-settings.ts'

const URL = 'http://broker-ingress.knative-eventing.svc.cluster.local/shop/default'
const IDENTITY = { issuer: 'https://login.example', audience: 'ebb-relay', subjects: ['system:serviceaccount:shop:*'] }
const GOOD = { EBB_BROKER_URL: URL, EBB_BROKER_IDENTITY: JSON.stringify(IDENTITY) }

const read = (env: Readonly<Record<string, string>>, subscriptions = [subscription('send-welcome')]) =>
  readBrokerSettings(parseConfig(env), subscriptions)

it('a broker has an address and an identity; without a setting there is none', () => {
  expect(read({})).toBeUndefined()
  expect(read(GOOD)).toMatchObject({
    url: URL,
    identity: {
      issuer: {
        issuer: IDENTITY.issuer,
        audience: ['ebb-relay'],
        algorithms: ['RS256', 'ES256'],
        types: ['JWT', 'at+jwt'],
      },
      subjects: IDENTITY.subjects,
    },
  })
  const rate = { requests: 1, perSeconds: 1, burst: 1 }
  expect(read({ EBB_BROKER_URL: URL }, [subscription('send-welcome', { rate })])).toEqual({ url: URL })
  expect(read({ ...GOOD, EBB_BROKER_TOKEN: 'token', EBB_BROKER_HEADERS: '{"X-Team":"shop"}' })).toBeDefined()
})

const identity = (more: object) => ({ ...GOOD, EBB_BROKER_IDENTITY: JSON.stringify({ ...IDENTITY, ...more }) })
it.each<[string, Readonly<Record<string, string>>, RegExp]>([
  [
    'two that would retry',
    { EBB_BROKER_IDENTITY: GOOD.EBB_BROKER_IDENTITY },
    /would both deliver events, and both retry/,
  ],
  ['nobody who would', { EBB_BROKER_URL: URL }, /nobody brings events to send-welcome; say with whose token/],
  ['a token for nobody', { EBB_BROKER_TOKEN: 'token' }, /EBB_BROKER_TOKEN: is for EBB_BROKER_URL, which is not set/],
  [
    'a token that everybody could read',
    { ...GOOD, EBB_BROKER_URL: 'http://broker.example', EBB_BROKER_TOKEN: 'token' },
    /EBB_BROKER_URL: must be https/,
  ],
  ['no subjects', identity({ subjects: [] }), /EBB_BROKER_IDENTITY: subjects/],
  [
    'everybody as subject',
    identity({ subjects: ['*'] }),
    /EBB_BROKER_IDENTITY: subjects\.0: must be the sub of a token/,
  ],
  ['no audience', identity({ audience: undefined }), /EBB_BROKER_IDENTITY: .*audience/],
  ['a part that nothing acts on', identity({ claims: {} }), /EBB_BROKER_IDENTITY: .*claims/],
  [
    'keys over http',
    identity({ issuer: 'http://login.example' }),
    /EBB_BROKER_IDENTITY: http:\/\/login\.example must be https/,
  ],
  ['a header of an event', { ...GOOD, EBB_BROKER_HEADERS: '{"ce-id":"1"}' }, /EBB_BROKER_HEADERS: ce-id is no header/],
  ['a header that is none', { ...GOOD, EBB_BROKER_HEADERS: '{"x":1}' }, /EBB_BROKER_HEADERS: x must be a text/],
])('%s is refused in one sentence', (_what, env, sentence) => expect(() => read(env)).toThrow(sentence))

it('a function may not be called as the broker is', () => {
  expect(() => read(GOOD, [subscription('broker')])).toThrow(/this is the name of the broker/)
})
