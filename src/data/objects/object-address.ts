import { Problem } from '../../contract/index.ts'
import { type Config, ConfigError, type Log, liveSetting } from '../../kernel/index.ts'

/** Where a store is, and with which key requests to it are signed. */
export interface ObjectAddress {
  /** Of the bucket, without a slash at its end. */
  readonly url: string
  /** The same, as clients reach it. */
  readonly publicUrl: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

/** The region of stores that have none: S3's first, which all of them accept. */
const REGION = 'us-east-1'

/**
 * The address that the settings hold, as it is now; where there is none, to ask for it throws a 503. Throws a ConfigError where it is
 * malformed.
 */
export function followObjectAddress(config: Config, log: Pick<Log, 'info' | 'warn'>): () => ObjectAddress {
  if (config.EBB_OBJECTS_URL === undefined) {
    log.warn({}, 'EBB_OBJECTS_URL is not set: there is no store of objects, and what needs one is a 503')
    return () => {
      throw new Problem('unavailable', 503, 'There is no store of objects here.')
    }
  }
  const read = (text: string) => readObjectAddress(text, config.EBB_OBJECTS_PUBLIC_URL)
  let address = read(config.EBB_OBJECTS_URL)
  liveSetting(config, 'EBB_OBJECTS_URL', log).onChange((text) => {
    address = read(text ?? '')
  })
  return () => address
}

/** Reads EBB_OBJECTS_URL and EBB_OBJECTS_PUBLIC_URL. Throws a ConfigError that says what is missing. */
function readObjectAddress(text: string, publicUrl?: string): ObjectAddress {
  const { origin, pathname, username, password, searchParams } = new URL(text)
  const bucket = pathname.replace(/\/+$/, '')
  const refuse = (what: string) =>
    new ConfigError(
      `EBB_OBJECTS_URL has no ${what}; write https://KEY:SECRET@HOST/BUCKET?region=REGION, with KEY and SECRET percent-encoded.`,
    )
  if (bucket === '') throw refuse('bucket')
  if (username === '' || password === '') throw refuse('key')
  const decode = (encoded: string) => {
    try {
      return decodeURIComponent(encoded)
    } catch {
      throw refuse('well-formed key')
    }
  }
  return {
    url: origin + bucket,
    publicUrl: `${publicUrl === undefined ? origin : new URL(publicUrl).origin}${bucket}`,
    ...{ accessKeyId: decode(username), secretAccessKey: decode(password) },
    region: searchParams.get('region') ?? REGION,
  }
}
