import { proxy } from 'ebb/contract'

export default proxy({
  name: 'old-shop',
  summary: 'The shop as it was before Ebb.',
  path: '/shop/*',
  // Nobody listens there: the test says where it is.
  upstream: { url: 'http://127.0.0.1:9', stripPrefix: true },
  access: { scopes: ['orders:write'] },
  limit: { requests: 1_000, perSeconds: 1, burst: 2_000 },
})
