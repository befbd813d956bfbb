import { endpoint } from 'ebb/contract'
import { Visit, visitCounted } from '../../domain/visit.ts'

export default endpoint({
  name: 'count-visit',
  summary: 'Count a visit of a page.',
  method: 'POST',
  path: '/v1/visits',
  body: Visit.pick({ page: true }),
  reply: { status: 201, body: Visit },
  access: { scopes: ['visits:write'] },
  idempotent: true,
  async: true,
  emits: { 'visit.counted': visitCounted },
  secrets: ['VISIT_SALT'],
  scale: { max: 2 },
})
