import type { Judged } from './judge.ts'

/** Why two tools judge some mutations differently. */
export interface Reason {
  readonly what: string
  /** What `contracts diff` says, and oasdiff does not. */
  readonly ebb: 'breaks' | 'passes'
  readonly why: string
  is(one: Judged): boolean
}

/** The class that a difference belongs to; undefined where there is none. */
export const reasonFor = (one: Judged): Reason | undefined =>
  REASONS.find((reason) => (reason.ebb === 'breaks') === one.ebb && reason.is(one))

const of = (ebb: Reason['ebb'], what: string, is: Reason['is'], why: string): Reason => ({ what, ebb, why, is })
/** A change by its name, in either direction. */
const named =
  (...changes: readonly string[]) =>
  ({ change }: Judged) =>
    changes.includes(change.replace(/, (narrower|wider|taken back)$/, ''))
const says =
  (id: RegExp) =>
  ({ oasdiff }: Judged) =>
    oasdiff.errors.length > 0 && oasdiff.errors.every((error) => id.test(error))
const isParameter = ({ place }: Judged) => /^(optional )?(query|header|cookie|parameter)$/.test(place)
const isWebhook = ({ place }: Judged) => place === 'data of a webhook'

/** The first that fits is the one. */
const REASONS: readonly Reason[] = [
  of('breaks', 'the data of an event', ({ isShown }) => !isShown, 'OpenAPI does not show what is sent to subscribers.'),
  of(
    'breaks',
    'the data of a webhook, wider',
    isWebhook,
    'It reads a webhook as a request that customers send, and not as one that they get: narrower breaks, and wider does not.',
  ),
  of('passes', 'the data of a webhook, narrower', isWebhook, 'The same from the other side.'),
  of(
    'breaks',
    'scopes, owner and policy',
    named('a first scope', 'a further scope', 'another scope', 'the owner alone', 'the policy'),
    'The document has them in words, and as `x-scopes`: OpenAPI has scopes for OAuth alone.',
  ),
  of(
    'breaks',
    'a failure that is new, or has another status',
    named(
      'a first failure',
      'a failure of a new status',
      'a failure of a status that is there',
      'another status of a failure',
      'a failure renamed',
    ),
    'Codes stand in descriptions, and it takes another status that is no success for no break; a client switches on the code.',
  ),
  of(
    'breaks',
    'the data of a failure, gone',
    named('data of a failure no more'),
    'The schema of the status becomes that of any problem, which takes more.',
  ),
  of(
    'passes',
    'data of a failure, new',
    named('data of a failure no more'),
    'It sees another option of a union, and not that it is what was there with one member more.',
  ),
  of(
    'breaks',
    'If-Match, tools, Location, cookies, where a redirect leads',
    named(
      'If-Match needed',
      'If-Match not compared any more',
      'no tool any more',
      'no Location',
      'a cookie no more',
      'another place to be led to',
    ),
    'Optional headers of the document, or words in it.',
  ),
  of(
    'breaks',
    'another success',
    named('a second reply'),
    'A further status of a success is none of its errors; a client of before has no schema for it.',
  ),
  of(
    'breaks',
    'WebSockets: messages, their size, subprotocols',
    named('a subprotocol no more', 'shorter messages', 'a narrower message', 'a wider message to callers'),
    'OpenAPI shows the request that opens one.',
  ),
  of(
    'breaks',
    'how many bytes a stream or a file may have',
    named('fewer bytes', 'fewer bytes of a file'),
    'Words in the document.',
  ),
  of(
    'breaks',
    'a patch in place of JSON',
    named('a patch in place of JSON'),
    'It takes `application/merge-patch+json` for JSON.',
  ),
  of(
    'passes',
    'more media types of a body or a file',
    named('one type of many', 'fewer types of a file', 'fewer types of a stream'),
    '`image/*` takes `image/png`; it compares the texts.',
  ),
  of(
    'passes',
    'a proof of the key not needed any more',
    named('a proof of the key'),
    'Who proves the key may call as before; it sees that a scheme is gone.',
  ),
  of(
    'passes',
    'no day of the end any more',
    named('no day any more'),
    'The endpoint stays for longer than callers were told; gone without a day, it breaks them.',
  ),
  of(
    'breaks',
    'gone, deprecated without a day',
    named('gone without a day'),
    'It lets what is deprecated go; nobody was told when.',
  ),
  of(
    'breaks',
    'another default',
    named('another default'),
    'It is no error there since 1.30. The same request means something else.',
  ),
  of(
    'breaks',
    'an optional field of a reply removed',
    named('an optional field removed'),
    'It is no error there since 1.30, since the field might be absent; who reads it never sees it again.',
  ),
  of(
    'breaks',
    'a listed name of a record, gone from a reply',
    named('a listed name of a record'),
    'As an optional field that is removed.',
  ),
  of(
    'breaks',
    'a header of a reply: values, patterns, steps',
    ({ place }) => place === 'header of the reply',
    'It compares lengths and limits of headers of replies, and no more.',
  ),
  of(
    'breaks',
    'a query, header, cookie or parameter: steps, one value, items',
    (one) =>
      isParameter(one) &&
      named('multipleOf', 'multipleOf of fractions', 'a first multipleOf', 'true only', 'narrower items')(one),
    'It compares these of bodies, and not of parameters.',
  ),
  of(
    'breaks',
    'the type of a line of a stream',
    ({ place }) => place.startsWith('line of'),
    'It compares types of JSON, and lines of JSON are another media type.',
  ),
  of(
    'passes',
    'a limit that is included or excluded',
    (one) => named('an excluded maximum', 'an excluded minimum')(one) && says(/(min|max)-(un)?set$/)(one),
    'It sees that `maximum` is set, and not that `exclusiveMaximum` had said more.',
  ),
  of(
    'passes',
    'one value that becomes several',
    (one) => named('one value of an enum')(one) && says(/became-enum$/)(one),
    'It sees that an enum is there, and not that `const` allowed one of its values.',
  ),
  of(
    'passes',
    'an enum that may be null',
    (one) => named('null of an enum')(one),
    'With null it is a union, whose values it does not compare with those of the enum.',
  ),
]
