import type { RequestHandler } from 'express'
import type { AdminOptions } from '../admin.ts'

/** GET /v1/functions: what runs, how many of it and how often it was woken, as far as it can be known here. */
export function functions({ functions: view }: Pick<AdminOptions, 'functions'>): RequestHandler {
  return async function functions(_request, response) {
    response.json(await view())
  }
}
