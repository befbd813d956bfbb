import { expect, it } from '@jest/globals'
import express from 'express'
import supertest from 'supertest'
import { createLog } from '../../kernel/index.ts'
import type { OpenedResources } from '../resources.ts'
import { problems } from './problems.ts'
import { ready } from './ready.ts'

it('503 until what it uses has been there once, 204 from then on, 503 when it goes away', async () => {
  const now = { reachable: false, draining: false }
  const resources = {
    ready: async () => {
      if (!now.reachable) throw new Error('not there')
    },
  } as unknown as OpenedResources
  const app = express().get('/', ready({ resources, isDraining: () => now.draining }))
  app.use(problems({ log: createLog({ level: 'silent' }) }))
  const ask = async () => {
    const { status, headers } = await supertest(app).get('/')
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
