import { expect, it } from '@jest/globals'
import express from 'express'
import supertest from 'supertest'
import { createLog } from '../../kernel/index.ts'
import type { OpenedResources } from '../resources.ts'
import { probes } from './probes.ts'
import { problems } from './problems.ts'

it('is ready once its resources have been reachable, until it drains; and is live all the time', async () => {
  const now = { reachable: false, draining: false }
  const resources = {
    ready: async () => {
      if (!now.reachable) throw new Error('not there')
    },
  } as unknown as OpenedResources
  const verify = () => {
    throw new Error('nobody is asked who they are')
  }
  const app = express().use('/_', probes({ resources, verify, isDraining: () => now.draining }))
  app.use(problems({ log: createLog({ level: 'silent' }) }))
  const ask = async () => {
    await supertest(app).get('/_/health').expect(204)
    const { status, headers } = await supertest(app).get('/_/ready')
    return [status, headers['retry-after']]
  }
  expect(await ask()).toEqual([503, '1'])
  now.reachable = true
  expect(await ask()).toEqual([204, undefined])
  now.reachable = false
  expect(await ask()).toEqual([204, undefined])
  now.draining = true
  expect(await ask()).toEqual([503, '1'])
})
