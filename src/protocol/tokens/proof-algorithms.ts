/** How a DPoP proof may be signed. Elliptic curves only: the key comes from the caller, and an RSA key could be made to take long. */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'Ed25519'] as const
