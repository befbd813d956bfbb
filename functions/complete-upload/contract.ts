import { endpoint } from 'ebb/contract'
import { objectStored, Upload } from '../../domain/upload.ts'

export default endpoint({
  name: 'complete-upload',
  summary: 'Complete the upload of a picture, once it was sent.',
  description: 'It may be sent again: the second time nothing changes.',
  method: 'POST',
  path: '/v1/uploads/{id}/complete',
  params: Upload.pick({ id: true }),
  reply: { status: 200, body: Upload },
  failures: { upload_not_found: 404, upload_incomplete: 409, upload_expired: 410, upload_mismatch: 422 },
  access: { scopes: ['files:write'], owner: true },
  emits: { 'object.stored': objectStored },
  timeoutMs: 5_000,
  scale: { max: 2 },
  targets: { openfaas: false },
})
