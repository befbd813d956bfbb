import { equal, match } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { assertProblem, assertStatus } from '../assertions.ts'
import { ENTRIES, type Entry, newBatch, newKey, writeEntry } from '../entries.ts'
import type { Case } from '../session.ts'

/** A caller without the right to know must see no difference between these. */
const WRONG_KEYS = ['', 'wrong', 'ebb_live_00000000000000000000000000000000_00000000']
/** The promise is a second; the rest is the way there and back. */
const REVOKED_MS = 2_000
/** For everybody with a key, on every Ebb. */
const ANY_INVOCATION = '/v1/invocations/00000000-0000-4000-8000-000000000000'

export const access: readonly Case[] = [
  {
    name: 'access: 401 with WWW-Authenticate without a key, whatever else is wrong',
    run: async ({ send, on }) => {
      const { route, request } = on('scoped')
      const { method = '', path } = request
      const wrong = route.hasBody ? { headers: { 'content-type': 'text/plain' }, body: 'no JSON' } : {}
      const answer = await send({ method, path, ...wrong })
      assertProblem(answer, 401, 'unauthenticated')
      match(String(answer.headers['www-authenticate']), /^Bearer/i)
    },
  },
  {
    name: 'access: 401 for a key that is wrong, in the same words, and where none is needed too',
    run: async ({ send, on }) => {
      const messages = new Set<string>()
      const { request } = on('read')
      for (const key of WRONG_KEYS) {
        for (const headers of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }]) {
          const answer = await send({ ...request, headers: { ...request.headers, ...headers } })
          const { message } = assertProblem(answer, 401, 'unauthenticated')
          // What has not the form of a key may be taken for an access token, and told what is wrong with that.
          if ('x-api-key' in headers || key.startsWith('ebb_live_')) messages.add(message)
          match(String(answer.headers['www-authenticate']), /^Bearer/i)
        }
      }
      equal(messages.size, 1, `it says ${[...messages].join(' | ')}`)
    },
  },
  {
    name: 'access: 403 without the scope of the contract',
    needs: ['admin'],
    run: async ({ newCaller, on }) => {
      const { request, route } = on('scoped')
      const reader = await newCaller(['conformance:nothing'])
      const answer = await reader.send({ ...request, headers: { ...request.headers, 'idempotency-key': newKey() } })
      const { message } = assertProblem(answer, 403, 'forbidden')
      for (const scope of route.scopes) match(message, new RegExp(scope))
    },
  },
  {
    name: 'access: the owner and who has the scope may see a thing, 403 for everybody else',
    needs: ['admin'],
    needsFunctions: true,
    run: async ({ send, newCaller }) => {
      const owner = await newCaller(['conformance:write'])
      const [other, clerk] = [await newCaller(['conformance:write']), await newCaller(['conformance:read'])]
      const written = await writeEntry(owner, newBatch())
      assertStatus(written, 201)
      const path = `${ENTRIES}/${written.json<Entry>().id}`
      assertStatus(await owner.send({ path }), 200)
      assertStatus(await clerk.send({ path }), 200)
      assertProblem(await other.send({ path }), 403, 'forbidden')
      assertProblem(await send({ path }), 401, 'unauthenticated')
    },
  },
  {
    name: 'access: a key is good as X-API-Key and as Bearer, but not both ways at once where they differ',
    needs: ['key'],
    run: async ({ send, caller }) => {
      const path = ANY_INVOCATION
      const me = await caller()
      const [bearer, another] = [{ authorization: `bearer ${me.token}` }, { authorization: 'Bearer another' }]
      assertProblem(await me.send({ path }), 404, 'not_found')
      assertProblem(await send({ path, headers: bearer }), 404, 'not_found')
      assertProblem(await me.send({ path, headers: bearer }), 404, 'not_found')
      assertProblem(await me.send({ path, headers: another }), 400, 'bad_request')
    },
  },
  {
    name: 'access: a key that is revoked is refused within a second',
    needs: ['admin'],
    run: async ({ newCaller }) => {
      const path = ANY_INVOCATION
      const gone = await newCaller()
      assertProblem(await gone.send({ path }), 404, 'not_found')
      await gone.revoke()
      const giveUpAt = Date.now() + REVOKED_MS
      while ((await gone.send({ path })).status !== 401 && Date.now() < giveUpAt) await delay(50)
      assertProblem(await gone.send({ path }), 401, 'unauthenticated')
    },
  },
]
