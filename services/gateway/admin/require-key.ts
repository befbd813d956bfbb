import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from 'ebb/contract'
import type { RequestHandler } from 'express'
import type { AdminOptions } from '../admin.ts'

/** Lets in who knows the admin key, as `Authorization: Bearer`; how long it takes tells nothing about the key. */
export function requireKey({ adminKey }: Pick<AdminOptions, 'adminKey'>): RequestHandler {
  const expected = hash(`Bearer ${adminKey}`)
  return function requireKey(request, _response, next) {
    if (timingSafeEqual(hash(request.get('authorization') ?? ''), expected)) return next()
    throw new Problem('unauthenticated', 401, 'Send the admin key as Authorization: Bearer.', {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
}

/** Equally long, whatever was sent. */
const hash = (text: string) => createHash('sha256').update(text).digest()
