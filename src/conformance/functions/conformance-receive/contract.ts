import { payload, receive } from 'ebb/contract'

export default receive({
  name: 'conformance-receive',
  summary: 'Take webhooks, of which nothing comes (`ebb conformance`).',
  path: '/v1/conformance/webhooks',
  provider: 'standard',
  signedBy: ['CONFORMANCE_WEBHOOK_SECRET'],
  events: { 'conformance.made': payload<object>() },
  timeoutMs: 5_000,
  scale: { max: 1 },
  // Its Community Edition runs 15 functions at most.
  targets: { openfaas: false },
})
