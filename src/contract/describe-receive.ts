import { MAX_BODY_BYTES } from './defaults.ts'
import { describeSubscriber } from './describe.ts'
import type { Route } from './described.ts'
import type { ReceiveContract } from './receive-shape.ts'
import { isIdSigned, resolveProvider } from './webhook-providers.ts'

/** The front door of a webhook's handler as plain data, with its defaults resolved: its function is called by the relay alone. */
export function describeReceive(contract: ReceiveContract): Route {
  const { path, provider: given, signedBy, events, maxBodyBytes = MAX_BODY_BYTES } = contract
  const { name, summary, timeoutMs, scale, secrets, emits, on } = describeSubscriber(contract)
  const provider = resolveProvider(given)
  return {
    ...{ kind: 'receive', method: 'POST', name, summary, path, timeoutMs, scale, secrets, emits, maxBodyBytes },
    ...{ scopes: [], anonymous: true, owner: false, policy: false, idempotent: false, async: false, readOnly: false },
    ...{ headers: [], hasBody: true },
    webhook: { provider, idSigned: isIdSigned(provider), signedBy, events: Object.keys(events), on },
  }
}
