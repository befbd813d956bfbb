import { authorizer } from 'ebb/contract'

export default authorizer({
  name: 'check-partner',
  summary: 'Tell which partner sends a request.',
  credentials: { headers: ['x-partner', 'x-partner-secret'] },
  ttlSeconds: 600,
})
