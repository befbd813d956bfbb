import { expect, it } from '@jest/globals'
import type { RunningFunction } from '../oracle/run-function.ts'
import { untilTrue } from '../support/until.ts'
import { FIND, statusesOf, things } from './things.ts'

const { start, receive } = things()

/** Often, and in the default form. */
const OFTEN = {
  ...{ OTEL_BSP_SCHEDULE_DELAY: '20', OTEL_METRIC_EXPORT_INTERVAL: '50', OTEL_METRIC_EXPORT_TIMEOUT: '50' },
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
}
const TWENTY = Array(20).fill(200)

const saying = (fn: RunningFunction, end: string) => fn.logged().filter(({ msg }) => msg.endsWith(end))
const complaints = (fn: RunningFunction) => saying(fn, 'cannot be exported; they are dropped')
const complainsOfBoth = (fn: RunningFunction) =>
  untilTrue(() => complaints(fn).length >= 2, { what: 'it says that neither spans nor metrics get out' })

it('a collector that refuses all fails no request, is logged once, and once more when it accepts them again', async () => {
  const receiver = await receive('unavailable')
  const fn = await start('find-thing', { receiver, env: { ...OFTEN, OTEL_EXPORTER_OTLP_TIMEOUT: '100' } })
  expect(await statusesOf(fn, FIND, 20)).toEqual(TWENTY)
  await complainsOfBoth(fn)
  const refused = receiver.requests().length
  expect(await statusesOf(fn, FIND, 20)).toEqual(TWENTY)
  await receiver.until(() => receiver.requests().length > refused + 1)
  // From here on a busy machine may miss the 100 ms once, and complain anew.
  expect(
    complaints(fn)
      .map(({ level, msg }) => `${level} ${msg.split(' ', 1)}`)
      .sort(),
  ).toEqual([...['warn metrics', 'warn spans']])

  receiver.behave('well')
  expect(await statusesOf(fn, FIND, 20)).toEqual(TWENTY)
  await untilTrue(() => saying(fn, 'are exported again').length >= 2, { what: 'it says that both get out again' })
  expect(new Set(receiver.requests().map(({ contentType }) => contentType))).toEqual(
    new Set(['application/x-protobuf']),
  )
  expect(await fn.stop()).toBe(0)
})

it('a collector that hangs delays no request, and the end of the process no longer than it may', async () => {
  const receiver = await receive('hang')
  const patient = await start('find-thing', { receiver, env: OFTEN })
  const impatient = await start('find-thing', { receiver, env: { ...OFTEN, OTEL_EXPORTER_OTLP_TIMEOUT: '100' } })
  for (const fn of [patient, impatient]) expect(await statusesOf(fn, FIND, 20)).toEqual(TWENTY)
  await receiver.until(() => receiver.requests().length >= 4)
  // Its time-out is 10 s, which a platform does not grant.
  const ending = patient.stop()
  await complainsOfBoth(impatient)
  expect(await statusesOf(impatient, FIND, 20)).toEqual(TWENTY)
  expect(await Promise.all([ending, impatient.stop()])).toEqual([0, 0])
  expect(complaints(impatient)).toHaveLength(2)
  expect(new Set(receiver.requests().map(({ status }) => status))).toEqual(new Set(['hanging']))
})
