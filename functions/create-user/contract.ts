import { endpoint } from 'ebb/contract'
import { User, userCreated } from '../../domain/user.ts'

export default endpoint({
  name: 'create-user',
  summary: 'Open an account and welcome its owner by e-mail.',
  method: 'POST',
  path: '/v1/users',
  body: User.pick({ email: true, name: true }),
  reply: { status: 201, body: User, location: '/v1/users/{id}' },
  failures: { email_taken: 409 },
  access: { scopes: ['users:write'] },
  idempotent: true,
  emits: { 'user.created': userCreated },
  timeoutMs: 5_000,
  scale: { max: 5 },
  examples: { ada: { body: { email: 'ada@example.com', name: 'Ada Lovelace' } } },
})
