import { endpoint } from 'ebb/contract'
import { User } from '../../domain/user.ts'

export default endpoint({
  name: 'get-user',
  summary: 'Look up an account, as its owner or with users:read.',
  method: 'GET',
  path: '/v1/users/{id}',
  params: User.pick({ id: true }),
  reply: { status: 200, body: User },
  failures: { user_not_found: 404 },
  access: { scopes: ['users:read'], owner: true },
  timeoutMs: 2_000,
  scale: { max: 5 },
})
