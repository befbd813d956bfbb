import { describe, expect, it } from '@jest/globals'
import { explainNpm } from './install-packages.ts'

describe('what npm complains of', () => {
  it.each([
    ['disk-full', 'ENOSPC', 'npm error code ENOSPC\nnpm error syscall write\nnpm error errno -28\nnpm error nospc x'],
    [
      'disk-full',
      'ENOSPC',
      'npm error code EJSONPARSE\nnpm error JSON.parse Invalid package.json: JSONParseError: Unexpected end of JSON input while parsing empty string',
    ],
    ['network', 'ECONNREFUSED', 'npm error code ECONNREFUSED\nnpm error syscall connect\nnpm error FetchError: x'],
    ['network', 'EAI_AGAIN', 'npm ERR! code EAI_AGAIN\nnpm ERR! syscall getaddrinfo'],
    ['network', 'E503', 'npm error code E503\nnpm error 503 Service Unavailable - GET https://registry.example/zod'],
    [
      'version',
      'notarget No matching version found for ebb@9.9.9.',
      'npm error code ETARGET\nnpm error notarget No matching version found for ebb@9.9.9.\nnpm error notarget In most cases',
    ],
    [
      'version',
      '404 Not Found - GET https://registry.example/ebb',
      'npm error code E404\nnpm error 404 Not Found - GET https://registry.example/ebb\nnpm error 404',
    ],
    [
      'other',
      'Invalid Version: x',
      'npm error Invalid Version: x\nnpm error A complete log of this run can be found in: x',
    ],
    ['other', 'Killed', 'something\nKilled\n'],
  ])('is %s: %s', (kind, reason, stderr) => {
    expect(explainNpm(stderr)).toEqual({ kind, reason })
  })
})
