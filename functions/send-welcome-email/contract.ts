import { subscriber } from 'ebb/contract'
import { userCreated } from '../../domain/user.ts'

export default subscriber({
  name: 'send-welcome-email',
  summary: 'Welcome a new user by e-mail.',
  on: userCreated,
  retry: { attempts: 8, minDelayMs: 1_000, maxDelayMs: 60_000 },
  timeoutMs: 5_000,
  scale: { max: 5 },
})
