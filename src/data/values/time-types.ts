import { readDate, readInterval, readTimestamp, readTimestamptz } from './read-time.ts'
import { ValueFault } from './value-fault.ts'
import { type Sent, textType, type ValueType } from './value-type.ts'
import { dateText, isDate, temporalText } from './write-time.ts'

const MIDNIGHT = 'T00:00:00.000Z'

export const date: ValueType = {
  name: 'date',
  takes: 'a string, a Temporal.PlainDate or a Date at midnight UTC',
  read: readDate,
  write: (value) => {
    if (!isDate(value)) return textOr(value, 'PlainDate')
    const text = dateText(value)
    if (text.includes(MIDNIGHT)) return text.replace(MIDNIGHT, '')
    throw new ValueFault('a Date with a time of day, which a date has not: write value.toISOString().slice(0, 10)')
  },
}

/** A Date goes in as its UTC time. */
export const timestamp: ValueType = {
  name: 'timestamp',
  takes: 'a string, a Temporal.PlainDateTime or a Date, whose UTC time it becomes',
  read: readTimestamp,
  write: (value) => (isDate(value) ? dateText(value).replace('Z', '') : textOr(value, 'PlainDateTime')),
}

export const timestamptz: ValueType = {
  name: 'timestamptz',
  takes: 'a string, a Temporal.Instant or a Date',
  read: readTimestamptz,
  write: (value) => (isDate(value) ? dateText(value) : textOr(value, 'Instant')),
}

export const time: ValueType = {
  ...{ ...textType('time'), takes: 'a string or a Temporal.PlainTime' },
  write: (value) => textOr(value, 'PlainTime'),
}

export const interval: ValueType = {
  name: 'interval',
  takes: 'a string or a Temporal.Duration',
  read: readInterval,
  write: (value) => textOr(value, 'Duration'),
}

const textOr = (value: unknown, temporal: string): Sent | undefined =>
  typeof value === 'string' ? value : temporalText(value, temporal)
