import type { JWK } from 'jose'
import { type Config, ConfigFault, need } from '../config.ts'
import type { Issuer } from './identity.ts'
import { identitySigner, type SignIdentity } from './identity-signer.ts'

/** The signer of `EBB_IDENTITY_KEY`. Signs once, so that a key that cannot is a fault of the start and not of each request. */
export async function openSigner(config: Config, iss: Issuer): Promise<SignIdentity> {
  // Whatever is wrong with the key, the first signature shows.
  const sign = identitySigner(need(config, 'EBB_IDENTITY_KEY') as JWK, iss)
  try {
    await sign({ sub: iss, scopes: [] }, iss)
  } catch (cause) {
    throw new ConfigFault('EBB_IDENTITY_KEY: is no private Ed25519 key (a JWK)', { cause })
  }
  return sign
}
