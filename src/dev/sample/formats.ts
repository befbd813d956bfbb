import type { Random } from './random.ts'

const PEOPLE = ['ada', 'alan', 'barbara', 'edsger', 'grace', 'katherine', 'linus', 'margaret', 'radia', 'tim']
const HEX = [...'0123456789abcdef']
const BASE36 = [...'0123456789abcdefghijklmnopqrstuvwxyz']
const CROCKFORD = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ']
const YEAR_BEGAN = Date.UTC(2026, 0, 1)
const YEAR_SECONDS = 365 * 86_400

const text = (random: Random, alphabet: readonly string[], length: number) =>
  Array.from({ length }, () => random.pick(alphabet)).join('')

/** Texts of each format that zod writes, the most usual first: a schema may also want another precision or version. */
export const FORMATS: Readonly<Record<string, (random: Random) => readonly string[]>> = {
  email: (random) => [`${random.pick(PEOPLE)}.${random.integer(1, 999)}@example.com`],
  uuid: (random) => ['4', '7', '1', '6', '8'].map((version) => uuid(random, version)),
  guid: (random) => [uuid(random, '4')],
  'date-time': (random) => {
    const exact = instant(random)
    const seconds = exact.slice(0, 19)
    return [exact, `${seconds}Z`, `${seconds.slice(0, 16)}Z`, seconds, seconds.slice(0, 16), `${seconds}.123456Z`]
  },
  date: (random) => [instant(random).slice(0, 10)],
  time: (random) => [instant(random).slice(11, 19), instant(random).slice(11, 16), instant(random).slice(11, 23)],
  duration: (random) => [`PT${random.integer(1, 59)}M`],
  uri: (random) => ['https', 'http'].map((scheme) => `${scheme}://example.com/${random.pick(PEOPLE)}`),
  hostname: (random) => [`${random.pick(PEOPLE)}.example.com`],
  ipv4: (random) => [`192.0.2.${random.integer(1, 254)}`],
  ipv6: (random) => [`2001:db8::${random.integer(1, 9999)}`],
  cidrv4: () => ['192.0.2.0/24'],
  cidrv6: () => ['2001:db8::/32'],
  mac: (random) => [Array.from({ length: 6 }, () => text(random, HEX, 2)).join(':')],
  e164: (random) => [`+49301234${random.integer(1000, 9999)}`],
  base64: (random) => [Buffer.from(random.pick(PEOPLE).padEnd(9, '.')).toString('base64')],
  base64url: (random) => [Buffer.from(random.pick(PEOPLE)).toString('base64url')],
  jwt: () => ['eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'],
  nanoid: (random) => [text(random, BASE36, 21)],
  cuid: (random) => [`c${text(random, BASE36, 24)}`],
  cuid2: (random) => [`a${text(random, BASE36, 23)}`],
  ulid: (random) => [`01J${text(random, CROCKFORD, 23)}`],
  xid: (random) => [text(random, BASE36.slice(0, 22), 20)],
  ksuid: (random) => [text(random, BASE36, 27)],
  emoji: () => ['💡'],
}

const instant = (random: Random) => new Date(YEAR_BEGAN + random.integer(0, YEAR_SECONDS) * 1_000).toISOString()

function uuid(random: Random, version: string): string {
  const hex = (length: number) => text(random, HEX, length)
  return `${hex(8)}-${hex(4)}-${version}${hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`
}
