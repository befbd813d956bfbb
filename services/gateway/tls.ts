import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Server } from 'node:https'
import { type Config, ConfigError, type Log, liveSetting } from 'ebb/kernel'

/** A new certificate may be seen before its key: for so long they may not fit each other. */
const PAIR_MS = 3_000

export interface TlsFiles {
  /** The certificate and its key in PEM. */
  readonly cert: string
  readonly key: string
}

/** What the gateway serves https with, and follows while it runs. */
export interface GatewayTls extends TlsFiles {
  /** Has new handshakes use the pair that the files hold; what is connected stays. */
  follow(server: Pick<Server, 'setSecureContext'>): void
  /** When the certificate in use expires, in milliseconds since 1970. */
  expiresAt(): number
}

/**
 * The certificate and the key of EBB_TLS_CERT and EBB_TLS_KEY; undefined where there is neither. Throws a ConfigError where
 * only one is there, they do not belong together, or https is asked for and nothing speaks it.
 */
export function openTls(config: Config, log: Pick<Log, 'info' | 'warn'>): GatewayTls | undefined {
  const { EBB_TLS_CERT: cert, EBB_TLS_KEY: key } = config
  if (cert === undefined && key === undefined) {
    refuseWithoutTls(config)
    return undefined
  }
  if (cert === undefined || key === undefined)
    throw new ConfigError('EBB_TLS_CERT and EBB_TLS_KEY: set both, or neither (each as NAME_FILE)')
  if (!fit({ cert, key })) throw new ConfigError('EBB_TLS_CERT and EBB_TLS_KEY: the key is not the certificate’s')
  let used: TlsFiles = { cert, key }
  let newest = used
  let servers: Pick<Server, 'setSecureContext'>[] = []
  let warning: NodeJS.Timeout | undefined

  const take = (changed: Partial<TlsFiles>) => {
    const next = { ...newest, ...changed }
    check(next)
    newest = next
    clearTimeout(warning)
    if (fit(newest)) {
      used = newest
      for (const server of servers) server.setSecureContext(used)
      return
    }
    const warn = () => log.warn({}, 'EBB_TLS_CERT and EBB_TLS_KEY do not belong together; the ones before stay in use')
    warning = setTimeout(warn, PAIR_MS).unref()
  }
  liveSetting(config, 'EBB_TLS_CERT', log).onChange((changed) => take({ cert: changed ?? '' }))
  liveSetting(config, 'EBB_TLS_KEY', log).onChange((changed) => take({ key: changed ?? '' }))
  return {
    ...used,
    follow: (server) => {
      servers = [...servers, server]
      server.setSecureContext(used)
    },
    expiresAt: () => Date.parse(new X509Certificate(used.cert).validTo),
  }
}

/** What would refuse every request, or serve plain HTTP where https was meant. */
function refuseWithoutTls({ EBB_HTTP_PORT, EBB_REQUIRE_HTTPS, EBB_TRUSTED_HOPS }: Config) {
  if (EBB_HTTP_PORT !== undefined)
    throw new ConfigError('EBB_HTTP_PORT: is for redirects to https; set EBB_TLS_CERT and EBB_TLS_KEY, or PORT alone')
  if (EBB_REQUIRE_HTTPS === 'true' && EBB_TRUSTED_HOPS === 0)
    throw new ConfigError(
      'EBB_REQUIRE_HTTPS: set EBB_TRUSTED_HOPS, or EBB_TLS_CERT and EBB_TLS_KEY; no request would be https',
    )
}

/** Throws where one of them cannot be read. */
function check({ cert, key }: TlsFiles) {
  return { certificate: new X509Certificate(cert), privateKey: createPrivateKey(key) }
}

function fit(files: TlsFiles): boolean {
  try {
    const { certificate, privateKey } = check(files)
    return certificate.checkPrivateKey(privateKey)
  } catch (cause) {
    throw new ConfigError('EBB_TLS_CERT and EBB_TLS_KEY: not a certificate and a private key in PEM', { cause })
  }
}
