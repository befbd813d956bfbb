import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { Upload } from '../../domain/upload.ts'

export default endpoint({
  name: 'create-upload',
  summary: 'Begin the upload of a picture.',
  description:
    'Send the picture to `put`, with its headers, and complete the upload then: what is not completed within 15 minutes is removed.',
  method: 'POST',
  path: '/v1/uploads',
  body: Upload.pick({ name: true, type: true, bytes: true, sha256: true }),
  reply: {
    status: 201,
    body: z.object({
      id: z.uuid(),
      expiresAt: z.iso.datetime(),
      put: z.object({ method: z.string(), url: z.url(), headers: z.record(z.string(), z.string()) }),
    }),
  },
  access: { scopes: ['files:write'] },
  timeoutMs: 5_000,
  scale: { max: 2 },
  targets: { openfaas: false },
})
