/**
 * Why a token or its proof is refused, in one sentence for callers; `code` is that of RFC 6750 and RFC 9449. It says nothing that
 * whoever holds the token could not see in it.
 */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly code: 'invalid_token' | 'invalid_dpop_proof'

  constructor(message: string, options: ErrorOptions & { readonly code?: TokenError['code'] } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = options.code ?? 'invalid_token'
  }
}
