import { proxy } from 'ebb/contract'

export default proxy({
  name: 'old-lobby',
  summary: 'What is for everybody.',
  path: '/shop/lobby/*',
  upstream: { url: 'http://127.0.0.1:9' },
  access: { anonymous: true },
})
