import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { EventBridgeEvent, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { beforeDrop } from '../../src/testing/test-database.ts'
import { untilTrue } from '../support/until.ts'
import { JWKS, onLambda } from './on-lambda.ts'

const database = testDatabase()
const pool = new pg.Pool({ connectionString: database.ownerUrl, max: 1 })
beforeAll(() =>
  pool.query(
    'create table noted (id text, source text, tenant text, attempt int, together text); grant all on noted to public',
  ),
)
beforeEach(() => pool.query('truncate noted'))
beforeDrop(database, () => pool.end())
const noted = async (columns = 'id') =>
  (await pool.query({ text: `select ${columns} from noted order by id`, rowMode: 'array' })).rows

/** A function on Lambda, and what it says of messages. */
function subscriberOnLambda(name: string, env: Readonly<Record<string, string>> = { EBB_LAMBDA_EVENTS: 'true' }) {
  const { invoke, log } = onLambda(name, { DATABASE_URL: database.url, EBB_IDENTITY_JWKS: JWKS, ...env })
  const take = async (...records: readonly SQSRecord[]) => {
    const { what, body } = await invoke({ Records: [...records] })
    expect(what).toBe('response')
    return (body as SQSBatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
  }
  const refusals = () => log.filter(({ msg }) => msg === 'an event was not taken').map(({ message }) => message)
  return { invoke, take, refusals }
}

let count = 0
const cloudEvent = (id: string, parts: object = {}, data: unknown = { id, quantity: 1 }) => ({
  ...{ specversion: '1.0', id: `${id}-${++count}`, source: '/warehouse', type: 'order.noted', ...parts, data },
})

/** As the documentation of AWS shows a message: its body is the event. */
const message = (id: string, body: unknown, attributes: Partial<SQSRecord['attributes']> = {}): SQSRecord => ({
  messageId: id,
  receiptHandle: 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1545082649183',
    SenderId: 'AIDAIENQZJOLO23YVJ4VO',
    ApproximateFirstReceiveTimestamp: '1545082649185',
    ...attributes,
  },
  messageAttributes: {},
  md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:us-east-2:123456789012:my-queue${attributes.MessageGroupId ? '.fifo' : ''}`,
  awsRegion: 'us-east-2',
})

const busEvent = (parts: Partial<EventBridgeEvent<string, unknown>> = {}): EventBridgeEvent<string, unknown> => ({
  version: '0',
  id: `fe8d3c65-xmpl-c5c3-2c87-${++count}`,
  'detail-type': 'order.noted',
  source: 'com.example.warehouse',
  account: '123456789012',
  time: '2020-04-28T07:20:20Z',
  region: 'us-east-2',
  resources: ['arn:aws:rds:us-east-2:123456789012:db:rdz-xmpl'],
  detail: { id: 'bus', quantity: 1 },
  ...parts,
})

describe('a subscriber', () => {
  const { invoke, take, refusals } = subscriberOnLambda('note-order')

  it('takes messages of SQS, once each, with their tenant and how often they have come', async () => {
    const [a, b] = [cloudEvent('a', { tenant: 'acme' }), cloudEvent('b')]
    expect(await take(message('1', a), message('2', b, { ApproximateReceiveCount: '4' }))).toEqual([])
    expect(await take(message('3', a, { ApproximateReceiveCount: '2' }))).toEqual([])
    expect(await noted('id, source, tenant, attempt')).toEqual([
      ['a', '/warehouse', 'acme', 1],
      ['b', '/warehouse', null, 4],
    ])
  })

  it('names each message that it has not taken, and says why in its log', async () => {
    const failed = await take(
      ...[message('text', 'Test message.'), message('list', []), message('good', cloudEvent('good'))],
      message('many', cloudEvent('many', {}, { id: 'many', quantity: 11 })),
      message('type', cloudEvent('type', { type: 'order.lost' })),
      message('data', cloudEvent('data', {}, { id: 'data' })),
      message('tenant', cloudEvent('tenant', { tenant: 'not a tenant' })),
      message(
        'big',
        `{"specversion":"1.0","id":"big","source":"/w","type":"order.noted","data":{"id":"big","quantity":9007199254740993}}`,
      ),
    )
    expect(failed.sort()).toEqual(['big', 'data', 'list', 'many', 'tenant', 'text', 'type'])
    expect(await noted()).toEqual([['good']])
    // Its log comes by another way than its answer.
    for (const sentence of [
      ...['This message is no event: its body must be a CloudEvent', '11 are too many.'],
      ...['its type is order.lost, and this function takes order.noted.', 'data.quantity'],
    ])
      await untilTrue(() => refusals().join('\n').includes(sentence), { what: `it logs "${sentence}"` })
  })

  it('stops a group of a FIFO queue at the first message that fails', async () => {
    const of = (group: string, id: string, quantity = 1) =>
      message(id, cloudEvent(id, {}, { id, quantity }), { MessageGroupId: group })
    expect(await take(of('x', 'x1'), of('x', 'x2', 11), of('y', 'y1'), of('x', 'x3'), of('y', 'y2'))).toEqual([
      'x2',
      'x3',
    ])
    expect(await noted()).toEqual([['x1'], ['y1'], ['y2']])
  })

  it('takes an event of EventBridge: its type is the detail-type, and its data are the detail', async () => {
    const event = busEvent()
    expect(await invoke(event)).toMatchObject({ what: 'response', body: {} })
    // By a rule whose target is a queue.
    expect(await take(message('1', event))).toEqual([])
    expect(await noted('id, source, attempt')).toEqual([['bus', 'com.example.warehouse', 1]])
  })

  it('fails the invocation where it does not take that event, with the sentence', async () => {
    const { what, headers, body } = await invoke(
      busEvent({ 'detail-type': 'RDS DB Instance Event', source: 'aws.rds' }),
    )
    expect([what, headers['lambda-runtime-function-error-type']]).toEqual(['error', 'Ebb.EventNotTaken'])
    expect(body).toMatchObject({
      errorMessage:
        'This event cannot be taken: its type is RDS DB Instance Event, and this function takes order.noted.',
    })
  })

  it('believes nobody else: a request with a made-up identity is refused', async () => {
    const http = {
      ...{
        version: '2.0',
        rawPath: '/',
        rawQueryString: '',
        isBase64Encoded: false,
        requestContext: { http: { method: 'POST' } },
      },
      headers: { 'content-type': 'application/cloudevents+json', 'ebb-identity': crypto.randomUUID() },
      body: JSON.stringify(cloudEvent('made-up')),
    }
    const { body } = await invoke(http as unknown as SQSEvent)
    expect(body).toMatchObject({ statusCode: 401 })
    expect(await noted()).toEqual([])
  })
})

describe('a subscriber with `batch`', () => {
  const { take } = subscriberOnLambda('note-orders')

  it('takes messages together: of one tenant, at most as many as its contract says, repeated ones alone', async () => {
    const of = (
      id: string,
      { tenant, quantity = 1, received = '1' }: { tenant?: string; quantity?: number; received?: string } = {},
    ) => message(id, cloudEvent(id, tenant ? { tenant } : {}, { id, quantity }), { ApproximateReceiveCount: received })
    const failed = await take(
      ...[of('a'), of('b', { quantity: 11 }), of('c'), of('d')],
      ...[of('e', { tenant: 'acme' }), of('f', { received: '2' }), of('g', { received: '2', quantity: 11 })],
      message('text', 'Test message.'),
    )
    expect(failed.sort()).toEqual(['b', 'g', 'text'])
    expect(await noted('id, tenant, attempt, together')).toEqual([
      ['a', null, 1, 'a,b,c'],
      ['c', null, 1, 'a,b,c'],
      ['d', null, 1, 'd'],
      ['e', 'acme', 1, 'e'],
      ['f', null, 2, 'f'],
    ])
  })
})

describe('without EBB_LAMBDA_EVENTS', () => {
  const { invoke } = subscriberOnLambda('note-order', {})

  it('refuses all of them with a sentence', async () => {
    const { what, body } = await invoke({ Records: [message('1', cloudEvent('a'))] })
    expect(what).toBe('error')
    expect(body).toMatchObject({
      errorMessage: expect.stringContaining('with EBB_LAMBDA_EVENTS=true a subscriber takes'),
    })
    expect(await noted()).toEqual([])
  })
})
