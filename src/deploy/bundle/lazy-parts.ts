/**
 * What a function loads on first use only, each a file of its own beside the bundle: heavy clients, and whatever works
 * after the first answer. This is the one list of them; sources import them as anything else.
 */
export const LAZY_PARTS = [
  'pg',
  'ioredis',
  'undici',
  'nodemailer',
  'pino',
  '@opentelemetry/otlp-exporter-base/node-http',
  '@opentelemetry/otlp-transformer',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/exporter-metrics-otlp-http',
  '@opentelemetry/exporter-prometheus',
]

/** Modules of the bundle that lazy parts take from it, so that no class and no context key exists twice. */
export const SHARED = ['@opentelemetry/api', '@opentelemetry/core', '@opentelemetry/resources']

/** Node's own modules that cost more than a millisecond to load. */
export const LAZY_BUILTINS = ['crypto', 'tls', 'https', 'zlib']

/** Parts of Express for which a function has no use: files, forms, its own body parsing, debug output, deprecations. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'body-parser': 'module.exports = {}',
  'mime-types': 'module.exports = {}',
  qs: 'module.exports = {}',
  send: 'module.exports = {}',
  'serve-static': 'module.exports = {}',
  debug: 'module.exports = () => Object.assign(() => {}, { enabled: false })',
  depd: 'module.exports = () => Object.assign(() => {}, { function: (deprecated) => deprecated, property() {} })',
}

/** Modules of ours that work at build time only: what they say was said before there was a bundle. */
export const SAID_ALREADY = /[/\\]src[/\\]contract[/\\]check-(endpoint|subscriber)\.ts$/
