import { expect, it } from '@jest/globals'
import { parseConfig } from './config.ts'

it('origins are a list', () => {
  const text = 'https://app.example, http://localhost:*,http://[::1]:3000'
  expect(parseConfig({ EBB_CORS_ORIGINS: text }).EBB_CORS_ORIGINS).toEqual([
    ...['https://app.example', 'http://localhost:*', 'http://[::1]:3000'],
  ])
  expect(parseConfig({ EBB_CORS_ORIGINS: '*' }).EBB_CORS_ORIGINS).toEqual(['*'])
  expect(parseConfig({}).EBB_CORS_ORIGINS).toBeUndefined()
})

it.each([
  ...[
    'app.example',
    'https://app.example/',
    'https://app.example/path',
    'https://App.example',
    'https://app.example:443',
  ],
  ...['https://*.example', 'ftp://app.example', 'null', 'https://', 'https://app.example,', 'https://a:b@app.example'],
])('%j is no origin that a browser would send', (text) => {
  expect(() => parseConfig({ EBB_CORS_ORIGINS: text })).toThrow(/EBB_CORS_ORIGINS.*as browsers send it/)
})

it.each(['0', '1.5', 'two'])('%s gateways there cannot be', (text) => {
  expect(() => parseConfig({ EBB_GATEWAY_REPLICAS: text })).toThrow(/EBB_GATEWAY_REPLICAS/)
})

it.each([
  ...['redis://redis:6379', 'rediss://a:b@redis:6379/1?family=6'],
  ...['redis://sentinel:26379?sentinel=main', 'redis://node:6379?cluster=true'],
])('%s leads to a Redis', (text) => {
  expect(parseConfig({ REDIS_URL: text }).REDIS_URL).toBe(text)
})

it.each([
  ...['redis://node:6379?cluster=yes', 'redis://node:6379?cluster=', 'redis://sentinel:26379?sentinel='],
  'redis://node:6379?sentinel=main&cluster=true',
])('%s does not say what it leads to', (text) => {
  expect(() => parseConfig({ REDIS_URL: text })).toThrow(/REDIS_URL.*\?sentinel=NAME or \?cluster=true, or neither/)
})
