import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { describeSubscriber, schedule } from './index.ts'

const given = { name: 'close-books', summary: 'Close the books.', cron: '0 3 * * *' }

it('a schedule takes an event of its own, and says what applies by default', () => {
  expect(describeSubscriber(schedule(given))).toMatchObject({
    ...{ kind: 'schedule', name: 'close-books', on: 'ebb.close_books.fired', retry: { attempts: 10 } },
    schedule: { cron: '0 3 * * *', timeZone: 'UTC', missed: 'once', overlap: 'skip', jitterMs: 0 },
  })
})

it.each([
  [
    { failures: { late: { status: 503, description: 'Late.' } } },
    /its failures are for the relay, which needs their statuses/,
  ],
  [{ cron: '0 3 * *' }, 'cron "0 3 * *" must be minute, hour, day, month and weekday, such as 0 3 * * mon-fri'],
  [{ cron: '? 3 * * *' }, 'cron "? 3 * * *" must be'],
  [{ cron: '@daily' }, 'cron "@daily" must be'],
  [{ timeZone: 'Berlin' }, 'timeZone "Berlin" is not a time zone, such as Europe/Berlin'],
  [{ missed: 'none' }, 'missed "none" must be skip, once or all'],
  [{ overlap: 'allow' }, 'overlap "allow" must be skip or queue'],
  [{ missed: 'all' }, "missed: 'all' fires several at once"],
  [{ jitterMs: 3_600_001 }, 'jitterMs must be whole, and 0 to 3600000'],
  [{ retry: { attempts: 0 } }, 'retry.attempts must be 1 to 100'],
  [{ tenancy: true }, 'unknown property `tenancy`'],
  [{ on: 1 }, 'unknown property `on`'],
  [{ summary: '' }, 'say in `summary` what it does'],
  [{ emits: { 'ebb.a.fired': z.object({}) } }, 'emits "ebb.a.fired" begins with ebb., as the platform\'s do'],
])('%j is refused', (part, sentence) => {
  // What types refuse may still be written in JavaScript.
  expect(() => schedule({ ...given, ...(part as object) })).toThrow(sentence)
})
