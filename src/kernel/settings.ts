import * as z from 'zod'
import { bytesOf, cpusOf } from '../contract/quantities.ts'

/** One setting: what creates its schema, its default, and `live` where it follows its file (NAME_FILE) while a process runs. */
export type Setting = readonly [schema: () => z.ZodType<unknown, string>, defaultValue: unknown, changes?: 'live']

/** The parsed values of a set of settings, by their names. */
export type ConfigOf<Settings extends Readonly<Record<string, Setting>>> = {
  readonly [Name in keyof Settings]: z.output<ReturnType<Settings[Name][0]>> | Settings[Name][1]
}

const boolean = () => z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'insensitive' })
const positiveInteger = () => z.coerce.number<string>().int().positive()
const exporter = () => z.enum(['otlp', 'none'])
const limit = () => z.coerce.number<string>().int().min(0)
/** Those of the specification; `grpc` is not supported: http/protobuf is used instead, with a warning. */
const protocol = () => z.enum(['http/protobuf', 'http/json', 'grpc'])
/** Those of the specification; only the first three are supported, others are ignored with a warning. */
const propagator = () => z.enum(['tracecontext', 'baggage', 'none', 'b3', 'b3multi', 'jaeger', 'xray', 'ottrace'])

/**
 * What functions and the gateway read of the OpenTelemetry specification's environment variables, with its defaults
 * (Environment Variable Specification 1.4x). The exporters themselves read OTEL_EXPORTER_OTLP_* for endpoint, headers,
 * time-out, compression and certificates.
 */
const TELEMETRY_SETTINGS = {
  OTEL_SDK_DISABLED: [boolean, false],
  OTEL_SERVICE_NAME: [() => z.string(), undefined],
  OTEL_RESOURCE_ATTRIBUTES: [() => z.string(), undefined],
  OTEL_PROPAGATORS: [() => z.string().transform(splitList).pipe(z.array(propagator())), ['tracecontext', 'baggage']],
  OTEL_TRACES_EXPORTER: [exporter, 'otlp'],
  OTEL_TRACES_SAMPLER: [
    () =>
      z.enum([
        ...['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off'],
        'parentbased_traceidratio',
      ] as const),
    'parentbased_always_on',
  ],
  OTEL_TRACES_SAMPLER_ARG: [() => z.coerce.number<string>().min(0).max(1), 1],
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: [limit, undefined],
  OTEL_ATTRIBUTE_COUNT_LIMIT: [limit, undefined],
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: [limit, undefined],
  OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: [limit, undefined],
  OTEL_SPAN_EVENT_COUNT_LIMIT: [limit, undefined],
  OTEL_SPAN_LINK_COUNT_LIMIT: [limit, undefined],
  OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: [limit, undefined],
  OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: [limit, undefined],
  OTEL_BSP_SCHEDULE_DELAY: [positiveInteger, 5_000],
  OTEL_BSP_EXPORT_TIMEOUT: [positiveInteger, 30_000],
  OTEL_BSP_MAX_QUEUE_SIZE: [positiveInteger, 2_048],
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: [positiveInteger, 512],
  OTEL_METRICS_EXPORTER: [exporter, 'otlp'],
  OTEL_METRIC_EXPORT_INTERVAL: [positiveInteger, 60_000],
  OTEL_METRIC_EXPORT_TIMEOUT: [positiveInteger, 30_000],
  OTEL_EXPORTER_OTLP_PROTOCOL: [protocol, 'http/protobuf'],
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: [protocol, undefined],
  OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: [protocol, undefined],
  /** `scrape` serves /metrics on the function's own port, in addition to what is pushed. */
  EBB_METRICS: [() => z.enum(['push', 'scrape']), 'push'],
} as const satisfies Readonly<Record<string, Setting>>

function splitList(text: string): string[] {
  return text.split(',').map((word) => word.trim())
}

const quantity = (read: (text: string) => number, example: string) => () =>
  z.string().refine((text) => read(text) >= 0, `must be like ${example}`)
const port = () => z.coerce.number<string>().int().min(0).max(65_535)
const count = (max: number) => () => z.coerce.number<string>().int().min(1).max(max)
const text =
  (minLength = 1) =>
  () =>
    z.string().min(minLength)
const url =
  (...protocols: string[]) =>
  () =>
    z.url({ protocol: new RegExp(`^(${protocols.join('|')})$`) })
/** What ioredis reads itself of an address, such as `?family=6`, stays as it is. */
const redisUrl = () =>
  url('redis', 'rediss')().refine(hasOneRole, 'must have ?sentinel=NAME or ?cluster=true, or neither of them')
function hasOneRole(text: string): boolean {
  const { sentinel, cluster = 'true' } = Object.fromEntries(URL.parse(text)?.searchParams ?? [])
  return cluster === 'true' && sentinel !== '' && !(sentinel && /[?&]cluster=/.test(text))
}
const oneOf =
  <const Words extends readonly string[]>(...words: Words) =>
  () =>
    z.enum(words)
const isOrigin = (text: string) => {
  const exact = text.replace(/:\*$/, '')
  return text === '*' || (/^https?:[^*]+$/.test(exact) && URL.parse(exact)?.origin === exact)
}
const list = () => z.string().transform((text) => text.split(',').map((item) => item.trim()))
const origins = () =>
  list().pipe(z.array(z.string().refine(isOrigin, 'must be * or as browsers send it, such as https://app.example')))
const ADDRESS_AND_PORT = /^([\d.]+|\[[0-9a-f:]+\]):\d{1,5}$/
const rate = () =>
  z
    .string()
    .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,4}$/, 'must be requests/seconds, such as 600/60')
    .transform((text) => {
      const [requests = 0, perSeconds = 1] = text.split('/').map(Number)
      return { requests, perSeconds, burst: requests }
    })
/** Its content is checked where it is used. */
const json = <Value>() =>
  z.string().transform((text, context) => {
    try {
      return JSON.parse(text) as Value
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' })
      return z.NEVER
    }
  })

const upstreamTemplate = () =>
  z
    .string()
    .includes('{name}')
    .refine(
      (template) => /^https?:/.test(template) && URL.canParse(template.replaceAll(/[{}]/g, '')),
      'must make an http or https URL, such as http://{name}.{namespace}.svc',
    )

const tracesUrl = () =>
  z
    .string()
    .includes('{traceId}')
    .refine(
      (template) => /^https?:/.test(template) && URL.canParse(template.replaceAll(/[{}]/g, '')),
      'must make an http or https URL, such as https://jaeger.example/trace/{traceId}',
    )

const callbackSecret = () =>
  z.string().regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, 'must be whsec_ and 24 to 64 bytes in base64')

/**
 * Every setting that any part of Ebb reads: its schema and its default. Each may instead be in a file that NAME_FILE names.
 * Only the schemas of settings that are set are created, since a function's start waits for them.
 */
export const SETTINGS = {
  /** The port that it listens on. 0 is any free port. */
  PORT: [port, 8080],
  /** Default: PORT + 1 for the gateway, none for the relay. 0 is any free port. */
  EBB_ADMIN_PORT: [port, undefined],
  /** Default: all addresses. A name or an address costs each start some milliseconds. */
  EBB_HOST: [text(), undefined],
  /** The database, with the login of the part that it is set for. Default on the laptop: a Postgres that it starts. */
  DATABASE_URL: [url('postgres', 'postgresql'), undefined, 'live'],
  /** The database past a pooler, for what keeps a session: LISTEN and migrations. Default: DATABASE_URL. */
  DATABASE_DIRECT_URL: [url('postgres', 'postgresql'), undefined, 'live'],
  /**
   * For functions: a replica of the database, or what balances over several, where requests that only read go. Default: all go to
   * DATABASE_URL.
   */
  DATABASE_READ_URL: [url('postgres', 'postgresql'), undefined, 'live'],
  /** How much older than the database a read of a replica may be: where all are further behind, reads go to the database itself. */
  DATABASE_READ_MAX_LAG_MS: [count(60_000), 5_000],
  /** The database role of the gateway; the migration grants it what it needs. */
  EBB_GATEWAY_ROLE: [text(), undefined],
  /** The database role of the relay, in the same way. */
  EBB_RELAY_ROLE: [text(), undefined],
  /** The database role of all functions, in the same way. */
  EBB_FUNCTIONS_ROLE: [text(), undefined],
  /** One role for all of them, which may do everything but change tables: from before they had roles of their own. */
  EBB_DATABASE_ROLE: [text(), undefined],
  /** Redis or Valkey, for exact rate limits and caches; `?sentinel=NAME` is the primary of that name by the Sentinel there, `?cluster=true` the cluster of that node. Default on the laptop: a redis-server from PATH; else Ebb goes without. */
  REDIS_URL: [redisUrl, undefined, 'live'],
  /** How long the gateway waits for Redis before it falls back to its own share of a rate limit, and to the responses that it keeps itself. */
  EBB_RATE_LIMIT_TIMEOUT_MS: [positiveInteger, 50],
  /** The largest body of a stored response, in bytes, that gateways share by way of REDIS_URL; larger ones each keeps for itself. */
  EBB_CACHE_SHARED_BYTES: [() => z.coerce.number<string>().int().min(0), 256 * 1_024],
  /** For a CDN in front: the header that it reads tags from. With cache-tag, responses that anyone may have get CDN-Cache-Control, too; with surrogate-key, Surrogate-Control. Default: clients see no tags. */
  EBB_CDN_TAG_HEADER: [oneOf('cache-tag', 'surrogate-key'), undefined],
  /** What is told of purges for that CDN: a POST with `{ tags, routes, urls }` in JSON, again where it fails. Default: nobody. */
  EBB_CDN_PURGE_URL: [url('http', 'https'), undefined],
  /** Sent to EBB_CDN_PURGE_URL as `Authorization: Bearer`. */
  EBB_CDN_PURGE_TOKEN: [text(), undefined, 'live'],
  /** How many connections to Postgres a process holds at most. */
  EBB_POOL_MAX: [count(1_000), 10],
  /** How many requests a function handles at a time where no platform in front of it limits them; others are queued. */
  EBB_MAX_CONCURRENCY: [count(1_000), undefined],
  /** The folder of the laptop's data. Default: `.ebb` in the project. */
  EBB_HOME: [text(), undefined],
  /** The file that names the bundle of contracts; in an image it is set. */
  EBB_CONTRACTS: [text(), undefined],
  /** The URL of a function; {name} and {namespace} are filled in. */
  EBB_UPSTREAM_TEMPLATE: [upstreamTemplate, undefined],
  /**
   * Where the services behind proxies are, in place of the addresses in their contracts, and functions that EBB_UPSTREAM_TEMPLATE does not
   * find, such as those with a URL of AWS Lambda: a JSON object of addresses by their names.
   */
  EBB_UPSTREAMS: [() => json<Readonly<Record<string, unknown>>>(), undefined],
  /** Set by AWS Lambda: the address of its runtime interface, from which a function then takes its requests. */
  AWS_LAMBDA_RUNTIME_API: [text(), undefined],
  /**
   * For AWS's web adapter, the port that a function has as PORT: the adapter sends it the requests, and the function asks Lambda for none. As
   * /opt/extensions/lambda-adapter the adapter is found without it.
   */
  AWS_LWA_PORT: [port, undefined],
  /** On AWS Lambda: let a subscriber take events of SQS and EventBridge. Whoever may send there, or invoke the function, is believed, tenants included. */
  EBB_LAMBDA_EVENTS: [oneOf('true', 'false'), 'false'],
  /** What {namespace} stands for in EBB_UPSTREAM_TEMPLATE. */
  EBB_NAMESPACE: [text(), 'default'],
  /** Where the gateway asks for the state of all functions: the laptop's runner sets it. */
  EBB_FUNCTIONS_URL: [url('http'), undefined],
  /** Where the gateway reads the metrics of a relay, to tell which alerts fire: the laptop's runner sets it. */
  EBB_RELAY_METRICS_URL: [url('http'), undefined],
  /** Where the gateway asks what the contracts change compared with a commit: the laptop's runner sets it. */
  EBB_DIFFERENCES_URL: [url('http'), undefined],
  /** Where the gateway reads the mails that functions have sent: the laptop's runner sets it, where there is no SMTP_URL. */
  EBB_MAILS_URL: [url('http'), undefined],
  /** Where the gateway gets the guide that it serves at /docs/guide: the laptop's runner sets it. */
  EBB_GUIDE_URL: [url('http'), undefined],
  /** The folder of the console's page, which the gateway serves at /console/ of its admin port: the laptop's runner sets it. */
  EBB_CONSOLE_DIR: [text(), undefined],
  /** Where the gateway asks what is kept of a request, spans and log lines: the laptop's runner sets it. */
  EBB_RECORDER_URL: [url('http'), undefined],
  /** Where a trace is shown, with {traceId} in it: what the console and `ebb explain` link to. */
  EBB_TRACES_URL: [tracesUrl, undefined],
  /** How many traces a gateway begins in a second at most; callers' own traces go on, whatever that says. Default: no limit. */
  EBB_TRACES_PER_SECOND: [count(1_000_000), undefined],
  /** The private key with which gateway or relay signs who calls: an Ed25519 JWK. */
  EBB_IDENTITY_KEY: [() => json<Readonly<Record<string, unknown>>>(), undefined, 'live'],
  /** The public keys with which a function verifies who calls: a JWKS. */
  EBB_IDENTITY_JWKS: [() => json<Readonly<Record<string, unknown>>>(), undefined, 'live'],
  /**
   * Whose access tokens the gateway accepts: a JSON list of issuers, as docs/identity-providers.md describes them. A function that has no
   * EBB_IDENTITY_JWKS accepts them itself: no gateway is in front of it.
   */
  EBB_ISSUERS: [() => json<readonly unknown[]>(), undefined],
  /** The secret of the client by which the gateway asks an issuer about opaque tokens (`introspection` of EBB_ISSUERS). */
  EBB_INTROSPECTION_SECRET: [text(), undefined, 'live'],
  /** What the hashes of API keys are made with, 32 characters or more: with another one no key is good. */
  EBB_KEY_PEPPER: [text(32), undefined, 'live'],
  /** How many live API keys a caller may have made for itself, by /v1/keys. */
  EBB_KEYS_PER_CALLER: [count(1_000), 10],
  /** The pepper before this one: keys that were made with it stay good, and are hashed anew when they are used. */
  EBB_KEY_PEPPER_PREVIOUS: [text(32), undefined, 'live'],
  /** The key of the admin API, 16 characters or more; commands with --admin send it. */
  EBB_ADMIN_KEY: [text(16), undefined, 'live'],
  /** A second key of the admin API, for as long as somebody still has it. */
  EBB_ADMIN_KEY_PREVIOUS: [text(16), undefined, 'live'],
  /** The scope with which an access token of EBB_ISSUERS may call the admin API, beside the key. Default: none may. */
  EBB_ADMIN_SCOPE: [text(), undefined],
  /** How long a cold start may take before it counts as failed. */
  EBB_START_TIMEOUT_MS: [positiveInteger, 30_000],
  /** How many trusted proxies in front of the gateway add to X-Forwarded-For and set X-Forwarded-Proto and -Host, or add to Forwarded. */
  EBB_TRUSTED_HOPS: [() => z.coerce.number<string>().int().min(0).max(10), 0],
  /** The certificate with which the gateway speaks https on PORT, and those that lead to its issuer: PEM, in a file. */
  EBB_TLS_CERT: [text(), undefined, 'live'],
  /** The private key of that certificate: PEM, in a file. */
  EBB_TLS_KEY: [text(), undefined, 'live'],
  /** Beside https: a port for plain HTTP, which redirects reads, and refuses whatever carries a credential. 0 is any free port. */
  EBB_HTTP_PORT: [port, undefined],
  /** The port of the https that clients are redirected to. Default: 443, or PORT where the gateway speaks https. */
  EBB_HTTPS_PORT: [port, undefined],
  /** Behind proxies that speak https for the gateway (EBB_TRUSTED_HOPS): refuse what reached them by plain HTTP. */
  EBB_REQUIRE_HTTPS: [oneOf('true', 'false'), 'false'],
  /** Send headers that tell browsers to show responses in no frame, to run nothing of them, and to use https (HSTS). */
  EBB_SECURITY_HEADERS: [oneOf('true', 'false'), 'false'],
  /** For how long browsers use only https for a host (HSTS), with EBB_SECURITY_HEADERS; 0: they are not told. */
  EBB_HSTS_SECONDS: [() => z.coerce.number<string>().int().min(0), 31_536_000],
  /** Total size of the bodies of a gateway's unanswered requests; beyond it, 503. */
  EBB_BODY_BUDGET_BYTES: [() => z.coerce.number<string>().int().min(1_048_576), 64 * 1_048_576],
  /** How much memory a gateway uses for responses that it answers with again (`cache` of a contract); 0: it keeps none. */
  EBB_CACHE_BYTES: [() => z.coerce.number<string>().int().min(0), 64 * 1_048_576],
  /** The scope with which a caller may ask for a new response by Cache-Control (no-cache, no-store, max-age). Default: nobody may. */
  EBB_CACHE_RELOAD_SCOPE: [text(), undefined],
  /** How many connections a gateway serves at a time; beyond them, 503. */
  EBB_MAX_CONNECTIONS: [count(1_000_000), 4_000],
  /** How many gateways share the traffic: while Redis is unreachable, each allows its share of a limit. */
  EBB_GATEWAY_REPLICAS: [count(1_000), 1],
  /** Requests of one address (or /64 network) before it is authenticated, as requests/seconds over all gateways, such as 600/60. Behind a proxy set EBB_TRUSTED_HOPS first. Default: no limit. */
  EBB_ADDRESS_LIMIT: [rate, undefined],
  /** Allowed CORS origins: comma-separated, each as browsers send it; port `*` is any port, `*` alone is any origin. */
  EBB_CORS_ORIGINS: [origins, undefined],
  /** Accepted host names, comma-separated, besides the gateway's addresses and localhost. Default: any. */
  EBB_HOSTS: [() => list(), undefined],
  /** Include the cause in 500 responses: for development, where the caller is the developer. */
  EBB_SHOW_FAULTS: [oneOf('true', 'false'), 'false'],
  /** API keys filled in on /docs: KEY, or NAME=KEY,… to choose from. Anyone who opens the page sees them. */
  EBB_DOCS_KEY: [text(), undefined],
  /** As which client of the first issuer /docs logs people in. Default: it offers no login. */
  EBB_DOCS_CLIENT_ID: [text(), undefined],
  /** The scopes that /docs asks that issuer for, separated by spaces. */
  EBB_DOCS_SCOPES: [text(), 'openid profile email'],
  /** For the console of a cluster: its own address as browsers have it, such as https://console.example. */
  EBB_CONSOLE_URL: [url('http', 'https'), undefined],
  /** For the console: the admin ports of all gateways, comma-separated; a name stands for all its addresses, as in http://ebb-gateway-pods:8081. */
  EBB_CONSOLE_GATEWAYS: [() => list().pipe(z.array(url('http')())), undefined],
  /** As which client of the first issuer the console logs operators in. */
  EBB_CONSOLE_CLIENT_ID: [text(), undefined],
  /** The secret of that client. Default: it has none, and PKCE alone is what it proves itself by. */
  EBB_CONSOLE_CLIENT_SECRET: [text(), undefined, 'live'],
  /** The scopes that the console asks that issuer for, separated by spaces, besides EBB_ADMIN_SCOPE. */
  EBB_CONSOLE_SCOPES: [text(), 'openid'],
  /** The port of the laptop's OpenID provider. Default: PORT + 2. 0 is any free port. */
  EBB_PROVIDER_PORT: [port, undefined],
  /** The file with what that provider is run with: the laptop's runner sets it. */
  EBB_PROVIDER_CONFIG: [text(), undefined],
  /** For how long requests may still arrive after SIGTERM: some seconds on a cluster. */
  EBB_DRAIN_MS: [() => z.coerce.number<string>().int().min(0).max(600_000), 0],
  /** Calls to a function are abandoned when no relay's contracts have contained it for so long. */
  EBB_ABANDON_AFTER_MS: [positiveInteger, 600_000],
  /** For how many days events, their deliveries and attempts are kept once nothing is left to do. */
  EBB_KEEP_EVENTS_DAYS: [positiveInteger, 30],
  /** `required`: no day of events is dropped before it is archived (`ebb events archive`), however old it is. */
  EBB_ARCHIVE: [oneOf('none', 'required'), 'none'],
  /** For how many days a dead letter can be redriven; its event is kept with it. */
  EBB_KEEP_DEAD_LETTERS_DAYS: [positiveInteger, 365],
  /** For how many days the audit says who changed what. */
  EBB_KEEP_AUDIT_DAYS: [positiveInteger, 365],
  /** For how many hours at least a response is kept under its Idempotency-Key. */
  EBB_KEEP_KEYS_HOURS: [positiveInteger, 24],
  /** For how many hours what became of an asynchronous call is kept after its end; the same for gateway and relay. */
  EBB_KEEP_CALLS_HOURS: [count(8_760), 24],
  /** What the relay signs callbacks with (Ebb-Callback): whsec_ and 24 to 64 bytes in base64. Gateways accept addresses where it is set. */
  EBB_CALLBACK_SECRET: [callbackSecret, undefined, 'live'],
  /** The secret before this one: callbacks have a signature by each, for as long as receivers still know only the old one. */
  EBB_CALLBACK_SECRET_PREVIOUS: [callbackSecret, undefined, 'live'],
  /** Customers' webhooks (`/v1/webhooks`) are there where it is set, the same for gateway and relay: what their secrets are sealed with in the database. */
  EBB_WEBHOOK_KEY: [text(32), undefined, 'live'],
  /** The key before this one, which opens what was sealed with it. */
  EBB_WEBHOOK_KEY_PREVIOUS: [text(32), undefined, 'live'],
  /** How many webhooks a caller may have. */
  EBB_WEBHOOKS_PER_CALLER: [count(1_000), 20],
  /** How long the address of a webhook may take to answer. */
  EBB_WEBHOOK_TIMEOUT_MS: [count(60_000), 15_000],
  /** After how many hours without any success a webhook is disabled, with an event `ebb.webhook.disabled`. */
  EBB_WEBHOOK_DISABLE_HOURS: [count(720), 120],
  /** For how many days messages to webhooks are kept, delivered or not. */
  EBB_KEEP_WEBHOOKS_DAYS: [count(365), 7],
  /**
   * For the relay: where it hands events over, in place of calling subscribers: what takes CloudEvents by HTTP, such as a Knative Broker.
   * Default: it calls them itself.
   */
  EBB_BROKER_URL: [url('http', 'https'), undefined],
  /** Sent to EBB_BROKER_URL as `Authorization: Bearer`. */
  EBB_BROKER_TOKEN: [text(), undefined, 'live'],
  /** Further headers for EBB_BROKER_URL, secret ones as well: a JSON object of texts. */
  EBB_BROKER_HEADERS: [() => json<Readonly<Record<string, unknown>>>(), undefined, 'live'],
  /** With whose OIDC token that broker brings events to subscribers: `{ issuer, audience, subjects }` in JSON, as docs/guide/38-a-broker.md describes it. */
  EBB_BROKER_IDENTITY: [() => json<unknown>(), undefined],
  /** The port at which the relay takes them, and what the broker has given up. 0 is any free port. */
  EBB_BROKER_PORT: [port, 8090],
  /** Go back: the relay calls subscribers itself again, while the broker still brings what it has. */
  EBB_BROKER_DRAIN: [oneOf('true', 'false'), 'false'],
  /** For the relay: where callers reach the gateway, such as https://api.example.com; the checks of contracts (`check`) are made there. Default: none are made. */
  EBB_CHECKS_URL: [url('http', 'https'), undefined],
  /** The API key that checks are made with. Default: they have none, and reach what anyone may call. */
  EBB_CHECKS_KEY: [text(), undefined, 'live'],
  /**
   * For the gateway: how many replies of each function are compared with its contract in a second, for ebb_revision_replies_checked_total.
   * While a canary runs, 20 of each revision are.
   */
  EBB_CHECKED_REPLIES: [limit, 0],
  /** How long an idle instance is kept on the laptop. */
  EBB_IDLE_MS: [positiveInteger, 30_000],
  /** Set by a parent that holds this process's stdin: when the parent ends, so does this process. */
  EBB_PARENT: [oneOf('stdin'), undefined],
  /** Which build runs, for logs and traces; in an image it is set. */
  EBB_REVISION: [text(), 'dev'],
  /** From which level on it logs. Gateway and relay follow its file; `ebb log-level` changes that of gateways. */
  LOG_LEVEL: [oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'), 'info', 'live'],
  /** Addresses that `guarded` and callbacks call although they are not public, for tests and laptops: 127.0.0.1:4010,[::1]:4010. */
  EBB_GUARDED_ALSO: [
    () => list().pipe(z.array(z.string().regex(ADDRESS_AND_PORT, 'must be like 127.0.0.1:4010'))),
    undefined,
  ],
  /** For functions: let operators profile a live instance (`ebb profile`). On the laptop they may. */
  EBB_PROFILES: [oneOf('true', 'false'), 'false'],
  /** What the platform reserves of a CPU for each instance, such as 250m, where that is not what the contract says; by it `ebb cost` prices. */
  EBB_RESERVED_CPU: [quantity(cpusOf, '250m'), undefined],
  /** The same of memory, such as 256Mi. */
  EBB_RESERVED_MEMORY: [quantity(bytesOf, '256Mi'), undefined],
  /** The server that mail is handed to. */
  SMTP_URL: [url('smtp', 'smtps'), undefined, 'live'],
  /** The document of an Open Policy Agent that decides instead of domain/policy, such as http://opa:8181/v1/data/shop/decision. */
  EBB_OPA_URL: [url('http', 'https'), undefined],
  /** How long a function waits for its decision; then the request is a 503. */
  EBB_OPA_TIMEOUT_MS: [positiveInteger, 1_000],
  /** The folder of model.conf and policy.csv for what is not built, such as tests. Default: domain/policy. */
  EBB_POLICY_FOLDER: [text(), undefined],
  /** The folder that mail is written to where there is no SMTP_URL. */
  EBB_MAIL_FOLDER: [text(), undefined],
  /**
   * Where objects are kept: an S3-compatible store, as https://KEY:SECRET@s3.eu-central-1.amazonaws.com/BUCKET?region=eu-central-1; what
   * KEY and SECRET have besides letters and digits is percent-encoded. For functions that use `objects`, and for the relay, which
   * removes what was never finished. Default on the laptop: a folder behind the same protocol.
   */
  EBB_OBJECTS_URL: [url('http', 'https'), undefined, 'live'],
  /** Where clients reach that store, as https://files.example.com, where it differs: signed URLs begin with it. */
  EBB_OBJECTS_PUBLIC_URL: [url('http', 'https'), undefined],
  /** The port of the laptop's own store of objects. Default: PORT + 3. 0 is any free port. */
  EBB_OBJECTS_PORT: [port, undefined],
  ...TELEMETRY_SETTINGS,
} as const satisfies Readonly<Record<string, Setting>>

/** The settings that follow their files while a process runs. */
export type LiveSetting = {
  [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends readonly [unknown, unknown, 'live'] ? Name : never
}[keyof typeof SETTINGS]
