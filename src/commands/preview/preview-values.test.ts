import { expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { previewNames } from './preview-names.ts'
import { previewValues } from './preview-values.ts'

const read = endpoint({
  ...{ name: 'read-thing', summary: 'Read a thing.', method: 'GET', path: '/v1/things' },
  reply: { status: 200, body: z.object({ id: z.string() }) },
  access: { anonymous: true },
})
const names = previewNames('pr-12')

it('a preview keeps the values that it is given, but for what would keep it awake, or lead to something else`s data', () => {
  const staging = {
    image: { registry: 'r.example', digest: { gateway: 'sha256:1' } },
    functionSecrets: { existingSecret: 'sandbox' },
    gateway: { trustedHops: 1, ingress: { enabled: true, hosts: ['staging.example'] } },
    postgres: { mode: 'bundled', owner: { existingSecret: 'of-staging' }, pooler: 'external' },
    redis: { mode: 'external', existingSecret: 'of-staging' },
    console: { enabled: true },
    allFunctions: { podAnnotations: { team: 'shop' } },
    functions: { 'read-thing': { scale: { min: 3, max: 9 }, env: { LOG_LEVEL: 'debug' } } },
  }
  expect(previewValues(staging, [read], names, { startsAtZero: true })).toMatchObject({
    ...{ engine: 'knative', scaleToZero: true, image: staging.image, functionSecrets: { existingSecret: 'sandbox' } },
    gateway: { trustedHops: 1, ingress: { enabled: false } },
    console: { enabled: false },
    redis: { mode: 'none' },
    postgres: {
      ...{ mode: 'external', pooler: 'none', external: { egress: ['ebb-postgres.ebb-previews.svc:5432'] } },
      owner: { existingSecret: 'preview-postgres-owner' },
      relay: { existingSecret: 'preview-postgres-relay', role: 'preview_pr_12_relay' },
    },
    allFunctions: { podAnnotations: { team: 'shop', 'autoscaling.knative.dev/initial-scale': '0' } },
    functions: { 'read-thing': { scale: { min: 0, max: 1 }, env: { LOG_LEVEL: 'debug' } } },
  })
})

it('by default it has the made-up secrets, and each function runs once where Knative wants that', () => {
  const values = previewValues({}, [read], names, { startsAtZero: false })
  expect(values).toMatchObject({ functionSecrets: { existingSecret: 'preview-functions' } })
  expect(JSON.stringify(values)).not.toContain('initial-scale')
})
