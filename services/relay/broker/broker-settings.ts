import { type Config, ConfigError } from 'ebb/kernel'
import { type IssuerSettings, isTrustedUrl, parseIssuers } from 'ebb/protocol'
import * as z from 'zod'
import { BROKER, isForBroker, type Subscription } from '../../../src/contract/index.ts'

type Settings = Pick<Config, 'EBB_BROKER_URL' | 'EBB_BROKER_TOKEN' | 'EBB_BROKER_HEADERS' | 'EBB_BROKER_IDENTITY'>

/** Whose tokens are believed where somebody brings events. */
export interface BrokerIdentity {
  readonly issuer: IssuerSettings
  /** Each the `sub` of a token, or what it begins with and `*`. */
  readonly subjects: readonly string[]
}

export interface BrokerSettings {
  /** Where events go. */
  readonly url: string
  /** Undefined where it brings nothing here. */
  readonly identity: BrokerIdentity | undefined
}

/**
 * The broker that events are handed to; undefined where there is none. Throws a ConfigError where the settings contradict each
 * other: where the relay and a broker would both deliver and retry, or neither.
 */
export function readBrokerSettings(
  config: Settings,
  subscriptions: readonly Pick<Subscription, 'kind' | 'name' | 'rate'>[],
): BrokerSettings | undefined {
  const { EBB_BROKER_URL: url, EBB_BROKER_TOKEN: token, EBB_BROKER_HEADERS: headers } = config
  if (url === undefined) return refuseWithoutUrl(config)
  if (subscriptions.some(({ name }) => name === BROKER))
    throw new ConfigError(
      `functions/${BROKER}: with EBB_BROKER_URL this is the name of the broker; give it another one`,
    )
  if ((token ?? headers) !== undefined && !isTrustedUrl(url, { allowHttp: true }))
    throw new ConfigError('EBB_BROKER_URL: must be https where EBB_BROKER_TOKEN or EBB_BROKER_HEADERS is sent there')
  if (headers) readHeaders(headers)
  const identity = config.EBB_BROKER_IDENTITY === undefined ? undefined : parseIdentity(config.EBB_BROKER_IDENTITY)
  const lost = subscriptions.filter(isForBroker).map(({ name }) => name)
  if (!identity && lost.length > 0)
    throw new ConfigError(
      `EBB_BROKER_IDENTITY: not set, and with EBB_BROKER_URL nobody brings events to ${lost.join(', ')}; say with whose token the broker does`,
    )
  return { url, identity }
}

function refuseWithoutUrl(config: Settings): undefined {
  const names = ['EBB_BROKER_IDENTITY', 'EBB_BROKER_TOKEN', 'EBB_BROKER_HEADERS'] as const
  const alone = names.find((name) => config[name] !== undefined)
  if (alone === undefined) return undefined
  throw new ConfigError(
    alone === 'EBB_BROKER_IDENTITY'
      ? `${alone}: relay and broker would both deliver events, and both retry; set EBB_BROKER_URL, so that only the broker does, or leave this out`
      : `${alone}: is for EBB_BROKER_URL, which is not set`,
  )
}

/** The headers of EBB_BROKER_HEADERS. Throws a ConfigError where one of them is no text, or is an event's own. */
export function readHeaders(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const texts = Object.entries(headers).map(([name, value]) => {
    if (!NAME.test(name) || OWN.test(name))
      throw new ConfigError(`EBB_BROKER_HEADERS: ${name} is no header, or one that an event has itself; take it out`)
    if (typeof value !== 'string' || !VALUE.test(value))
      throw new ConfigError(`EBB_BROKER_HEADERS: ${name} must be a text of printable characters`)
    return [name.toLowerCase(), value] as const
  })
  return Object.fromEntries(texts)
}

const NAME = /^[\w!#$%&'*+.^`|~-]+$/
const OWN = /^(ce-.*|content-.*|host|connection|transfer-encoding|expect|te|trailer|upgrade|traceparent)$/i
const VALUE = /^[\x20-\x7e]*$/

/** Of the API server of Kubernetes, whose tokens Knative sends, by default. */
const ALGORITHMS = ['RS256', 'ES256']

function parseIdentity(value: unknown): BrokerIdentity {
  const parsed = schema().safeParse(value)
  if (!parsed.success)
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => `EBB_BROKER_IDENTITY: ${path.join('.')}: ${message}`).join('\n'),
    )
  const { subjects, ...given } = parsed.data
  const [issuer] = parseIssuers([{ algorithms: ALGORITHMS, ...given, types: ['JWT', 'at+jwt'] }], 'EBB_BROKER_IDENTITY')
  if (!issuer) throw new ConfigError('EBB_BROKER_IDENTITY: has no issuer')
  return { issuer, subjects }
}

const schema = () =>
  z.strictObject({
    ...{ issuer: z.unknown(), audience: z.unknown() },
    subjects: z
      .array(
        z
          .string()
          .regex(
            /^[^*]+\*?$/,
            'must be the sub of a token, or its beginning and *, such as system:serviceaccount:shop:*',
          ),
      )
      .min(1),
    ...{ algorithms: z.unknown().optional(), jwksUri: z.unknown().optional(), allowHttp: z.unknown().optional() },
  })
