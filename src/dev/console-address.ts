const LIMIT_MS = 2_000

/** The address that opens the console in a browser, with a key that is good once. */
export async function consoleAddress(admin: string, adminKey: string): Promise<string> {
  const response = await fetch(new URL('/v1/session/keys', admin), {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: '{}',
    signal: AbortSignal.timeout(LIMIT_MS),
  }).catch(() => undefined)
  // Where there is none, the page asks for the admin key.
  const answer: unknown = response?.ok ? await response.json() : {}
  const { key } = Object(answer) as { readonly key?: string }
  return `${admin}/console/${key === undefined ? '' : `#key=${key}`}`
}
