/** One kind of socket that the platform has, as those who depend on it see it. */
export interface Socket {
  readonly name: string
  /** What is at its other end, for a proxy to be put before. */
  readonly target: { readonly host: string; readonly port: number }
  /** What one use may take in any weather: a hang is what takes longer. */
  readonly limitMs: number
  /** Opens it by way of a proxy. */
  open(port: number): Promise<OpenSocket> | OpenSocket
}

export interface OpenSocket {
  /** Uses it as in production; rejects where that is in vain. */
  use(): Promise<unknown>
  close(): unknown
}

export const targetOf = (url: string): Socket['target'] => {
  const { hostname: host, port } = new URL(url)
  return { host, port: Number(port) }
}
