/** One conversation on a connection of its own, and what RFC 9110 and RFC 9112 ask of whoever answers. */
export interface RawCase {
  readonly name: string
  /** Section, and what it says in our words. */
  readonly asks: string
  /** What is sent: parts after the first wait for a response. `id` is the case's own. */
  readonly send: (to: RawTarget) => string | readonly string[]
  /** Of all responses, in order. */
  readonly statuses: readonly number[]
  /** Whether another request on the same connection is answered. */
  readonly stays?: true
  /** How many requests functions see; default: none. `maybe` is one or none. */
  readonly reaches?: number | 'maybe'
  readonly bodiless?: true
  readonly halfClose?: true
  /** Takes half a minute, since the gateway waits so long. */
  readonly slow?: true
}

export interface RawTarget {
  /** A UUID. */
  readonly id: string
  /** An API key. */
  readonly key: string
}

const HOST = 'Host: h\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const keyLine = ({ key }: RawTarget) => `X-API-Key: ${key}\r\n`

interface Head {
  readonly method?: string
  readonly target?: string
  readonly version?: string
  readonly host?: string
  readonly lines?: string
}

/** A request for an account that there is not: a 404 of its function. */
export function get(
  to: RawTarget,
  { method = 'GET', target, version = 'HTTP/1.1', host = HOST, lines = '' }: Head = {},
) {
  return `${method} ${target ?? `/v1/users/${to.id}`} ${version}\r\n${host}${keyLine(to)}${lines}\r\n`
}

const bodyOf = ({ id }: RawTarget) => `{"email":"${id}@example.com","name":"Ada"}`
const chunkOf = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
/** Opens an account: a 201 of its function. */
const post = (to: RawTarget, lines: string, body: string) =>
  `POST /v1/users HTTP/1.1\r\n${HOST}${keyLine(to)}Idempotency-Key: ${to.id}\r\nContent-Type: application/json\r\n${lines}\r\n${body}`
const postChunked = (to: RawTarget, body: string) => post(to, CHUNKED, body)
const whole = (to: RawTarget) => post(to, `Content-Length: ${bodyOf(to).length}\r\n`, bodyOf(to))
/** A second request in what another parser could take for the body of the first. */
const smuggled = (to: RawTarget) => get(to, { target: `/v1/orders/${to.id}` })
const times = (count: number, text: string) => Array<string>(count).fill(text).join('')

const smuggling: readonly RawCase[] = [
  {
    name: 'Content-Length before Transfer-Encoding, with a request in the rest',
    asks: '9112, 6.1: both is an attempt to smuggle; answer with an error and close',
    send: (to) => post(to, `Content-Length: 4\r\n${CHUNKED}`, `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'Transfer-Encoding before Content-Length, with a request in the rest',
    asks: '9112, 6.1: as above, in whatever order',
    send: (to) => post(to, `${CHUNKED}Content-Length: 4\r\n`, `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'Transfer-Encoding with a Content-Length of 0',
    asks: '9112, 6.1: a sender sends no Content-Length beside Transfer-Encoding',
    send: (to) => post(to, `${CHUNKED}Content-Length: 0\r\n`, `${chunkOf(smuggled(to))}0\r\n\r\n`),
    statuses: [400],
  },
  {
    name: 'chunked in two lines',
    asks: '9112, 6.1: chunked is applied once',
    send: (to) => post(to, CHUNKED + CHUNKED, `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'chunked twice in one line',
    asks: '9112, 6.1: chunked is applied once',
    send: (to) => post(to, 'Transfer-Encoding: chunked, chunked\r\n', `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'a coding that nobody here decodes, and then chunked',
    asks: '9112, 6.1: refuse a coding that is not understood',
    send: (to) => post(to, 'Transfer-Encoding: gzip, chunked\r\n', `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'chunked with a parameter',
    asks: '9112, 7: chunked has no parameters',
    send: (to) => post(to, 'Transfer-Encoding: chunked;q=1\r\n', `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'chunked in quotes',
    asks: '9112, 7: a coding is a token',
    send: (to) => post(to, 'Transfer-Encoding: "chunked"\r\n', `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'an empty Transfer-Encoding',
    asks: '9112, 6.1: a coding is a token',
    send: (to) => post(to, 'Transfer-Encoding:\r\nContent-Length: 0\r\n', smuggled(to)),
    statuses: [400],
  },
  {
    name: 'white space before chunked',
    asks: '9110, 5.5: white space around a value is no part of it',
    send: (to) => post(to, 'Transfer-Encoding: \t chunked\r\n', `${chunkOf(bodyOf(to))}0\r\n\r\n`),
    statuses: [201],
    stays: true,
    reaches: 1,
  },
  {
    name: 'white space after chunked',
    asks: '9110, 5.5: no part of it either; but other parsers read no coding here, and no client sends it',
    send: (to) => post(to, 'Transfer-Encoding: chunked \t\r\n', `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'a folded Transfer-Encoding',
    asks: '9112, 5.2: refuse a folded line',
    send: (to) => post(to, 'Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'white space before the first header',
    asks: '9112, 2.2: refuse it, or ignore the line',
    send: (to) => `GET /v1/users/${to.id} HTTP/1.1\r\n ${CHUNKED}${HOST}${keyLine(to)}\r\n${smuggled(to)}`,
    statuses: [400],
  },
  {
    name: 'a bare CR that hides a header',
    asks: '9112, 2.2: a bare CR is an error',
    send: (to) => post(to, `X-A: b\r${CHUNKED}Content-Length: 5\r\n`, `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'a bare LF that hides a header',
    asks: '9112, 2.2: a bare LF need not be taken for the end of a line',
    send: (to) => post(to, `X-A: b\n${CHUNKED}Content-Length: 5\r\n`, `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'Transfer_Encoding',
    asks: '9110, 5.1: another name; CGI and others take it for the same one',
    send: (to) => post(to, 'Transfer_Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'two lengths whose names differ in case',
    asks: '9110, 8.6: lengths that differ are an error',
    send: (to) => post(to, 'Content-Length: 0\r\ncontent-length: 40\r\n', smuggled(to)),
    statuses: [400],
  },
  ...['', '0x5', '1e1', '5 5', '５', '99999999999999999999999', '-0', '5;'].map(
    (length): RawCase => ({
      name: `a Content-Length of ${JSON.stringify(length)}`,
      asks: '9110, 8.6: a length is digits; 9112, 6.3: any other is an error, and closes',
      send: (to) => post(to, `Content-Length: ${Buffer.from(length).toString('latin1')}\r\n`, smuggled(to)),
      statuses: [400],
    }),
  ),
  {
    name: 'a Content-Length with zeros before it',
    asks: '9110, 8.6: 1*DIGIT',
    send: (to) => post(to, `Content-Length: 000${bodyOf(to).length}\r\n`, bodyOf(to)),
    statuses: [201],
    stays: true,
    reaches: 1,
  },
  {
    name: 'more than the body is long',
    asks: '9112, 6.3: what follows is the next message; a response that closes refuses it',
    send: (to) => `${whole(to)}x=1\r\n\r\n`,
    statuses: [201],
    reaches: 1,
  },
  {
    name: 'a GET with a request in its chunked body',
    asks: '9110, 9.3.1: content in a GET has no meaning, and may be refused',
    send: (to) => `${get(to, { lines: CHUNKED })}${chunkOf(smuggled(to))}0\r\n\r\n`,
    statuses: [400],
  },
]

const CHUNK = '9112, 7.1'
const chunks: readonly RawCase[] = [
  ...(
    [
      ['with a minus', '-5\r\nhello\r\n0\r\n\r\n'],
      ['with a plus', '+5\r\nhello\r\n0\r\n\r\n'],
      ['with a space after it', '5 \r\nhello\r\n0\r\n\r\n'],
      ['that is empty', '\r\nhello\r\n0\r\n\r\n'],
      ['that is no number', 'zz\r\nhello\r\n0\r\n\r\n'],
      ['of 17 digits', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
      ['smaller than its data', '3\r\nhello\r\n0\r\n\r\n'],
      ['that ends with a bare CR', '5\rhello\r\n0\r\n\r\n'],
    ] as const
  ).map(
    ([what, body]): RawCase => ({
      name: `a chunk size ${what}`,
      asks: `${CHUNK}: 1*HEXDIG and CRLF; any other cannot be read reliably`,
      send: (to) => postChunked(to, body + smuggled(to)),
      statuses: [400],
    }),
  ),
  {
    name: 'data that end with a bare LF',
    asks: `${CHUNK}: data end with CRLF`,
    send: (to) => postChunked(to, `5\r\nhello\n0\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'a chunk with an extension',
    asks: `${CHUNK}.1: ignore what is not known`,
    send: (to) => postChunked(to, `${chunkOf(bodyOf(to)).replace('\r\n', ';a=b;c="d"\r\n')}0\r\n\r\n`),
    statuses: [201],
    stays: true,
    reaches: 1,
  },
  {
    name: 'trailers, which no function gets',
    asks: '9110, 6.5.1: trailers may be discarded, and are not merged into headers',
    send: (to) => postChunked(to, `${chunkOf(bodyOf(to))}0\r\nX-Trailer: 1\r\nX-API-Key: none\r\n\r\n`),
    statuses: [201],
    stays: true,
    reaches: 1,
  },
  {
    name: 'a length in the trailers',
    asks: '9110, 6.5.1: no field that says where a message ends',
    send: (to) => postChunked(to, `${chunkOf(bodyOf(to))}0\r\nContent-Length: 5\r\n\r\n${smuggled(to)}`),
    statuses: [400],
  },
  {
    name: 'a malformed trailer',
    asks: '9112, 7.1.2: trailers have the syntax of headers',
    send: (to) => postChunked(to, `${chunkOf(bodyOf(to))}0\r\nX Trailer: 1\r\n\r\n`),
    statuses: [400],
  },
  {
    name: 'something between the last chunk and the next request',
    asks: '9112, 7.1: the body ends with its trailers',
    send: (to) => `${postChunked(to, `${chunkOf(bodyOf(to))}0\r\n\r\n`)}X${smuggled(to)}`,
    statuses: [201],
    reaches: 1,
  },
  {
    name: 'chunks that amount to more than 1 MiB',
    asks: '9110, 15.5.14: 413, and the connection may close',
    send: (to) => postChunked(to, times(17, chunkOf(times(65_536, 'a')))),
    statuses: [413],
  },
]

const lines: readonly RawCase[] = [
  ...(
    [
      ['a tab before the colon', 'X-A\t: 1\r\n', '9112, 5.1'],
      ['no name', ': 1\r\n', '9110, 5.1'],
      ['no colon', 'X-A\r\n', '9112, 5'],
      ['brackets in a name', 'X-A[0]: 1\r\n', '9110, 5.1'],
      ['a control character in a name', 'X-\x01A: 1\r\n', '9110, 5.1'],
      ['a name that is not ASCII', 'X-\xe4: 1\r\n', '9110, 5.1'],
      ['a control character in a value', 'X-A: a\x01b\r\n', '9110, 5.5'],
      ['DEL in a value', 'X-A: a\x7fb\r\n', '9110, 5.5'],
    ] as const
  ).map(
    ([name, line, section]): RawCase => ({
      ...{ name, asks: `${section}: a name is a token before a colon, a value has no control characters` },
      send: (to) => get(to, { lines: line }) + smuggled(to),
      statuses: [400],
    }),
  ),
  {
    name: 'bytes beyond ASCII in a value',
    asks: '9110, 5.5: obs-text is opaque',
    send: (to) => get(to, { lines: 'X-A: \xe4\xf6\xfc\r\n' }),
    ...{ statuses: [404], stays: true, reaches: 1 },
  },
  {
    name: 'a header that Connection names, with the key of the request',
    asks: '9110, 7.6.1: it is about this hop; it grants nothing',
    send: (to) => get(to, { lines: 'Connection: X-API-Key\r\n' }),
    ...{ statuses: [401], stays: true },
  },
  ...(
    [
      ['', '9112, 3.2'],
      ['h h', '9112, 3.2'],
      ['a@h', '9110, 4.2.4'],
      ['h, g', '9112, 3.2'],
      ['h:8o', '9110, 4.2.1'],
      ['[::1', '9110, 4.2.1'],
      ['h\xe4', '9110, 4.2.1'],
      ['h#', '9112, 3.2'],
    ] as const
  ).map(
    ([host, section]): RawCase => ({
      name: `the host ${JSON.stringify(host)}`,
      asks: `${section}: 400 for an invalid Host`,
      send: (to) => get(to, { host: `Host: ${host}\r\n` }) + smuggled(to),
      statuses: [400],
    }),
  ),
  {
    name: 'two hosts whose names differ in case',
    asks: '9112, 3.2: 400 for more than one Host',
    send: (to) => get(to, { host: 'HOST: a\r\nhost: b\r\n' }),
    statuses: [400],
  },
  {
    name: 'a target with another host than Host',
    asks: '9112, 3.2.2: the target wins, and Host is replaced',
    send: (to) => get(to, { target: `http://g/v1/users/${to.id}` }),
    ...{ statuses: [404], stays: true, reaches: 1 },
  },
  ...['ftp://h/v1/users', 'h:80', 'v1/users', '?a=b', 'http://h:99999999/', 'http://a@h/', 'http://[::1/v1'].map(
    (target): RawCase => ({
      name: `the target ${target}`,
      asks: '9112, 3.2: 400 for an invalid target',
      send: (to) => get(to, { target }),
      statuses: [400],
    }),
  ),
  {
    name: 'a target of 8,000 octets',
    asks: '9112, 3: support at least 8,000',
    send: (to) => get(to, { target: `/v1/users/${times(7_950, 'a')}` }),
    ...{ statuses: [400], stays: true },
  },
  {
    name: 'a target of 20,000 octets',
    asks: '9110, 15.5.15: refuse what is longer than the server reads; 431 counts it to the head',
    send: (to) => get(to, { target: `/v1/users/${times(20_000, 'a')}` }),
    statuses: [431],
  },
]

const versions: readonly RawCase[] = [
  ...(
    [
      ['HTTP/0.9 without a version', (to) => `GET /v1/users/${to.id}\r\n\r\n`],
      ['HTTP/1.2', (to) => get(to, { version: 'HTTP/1.2' })],
      ['HTTP/11.1', (to) => get(to, { version: 'HTTP/11.1' })],
      ['http/1.1', (to) => get(to, { version: 'http/1.1' })],
      ['HTTP/1,1', (to) => get(to, { version: 'HTTP/1,1' })],
      ['a space after the version', (to) => get(to, { version: 'HTTP/1.1 ' })],
      ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ] as readonly (readonly [string, RawCase['send']])[]
  ).map(
    ([name, send]): RawCase => ({
      ...{ name, send, statuses: [400] },
      asks: '9112, 2.3: HTTP-name is case-sensitive, DIGIT "." DIGIT; 9110, 15.6.6: a major version that is not served may be refused',
    }),
  ),
  {
    name: 'HTTP/1.0',
    asks: '9112, 9.3: it closes',
    send: (to) => get(to, { version: 'HTTP/1.0' }),
    ...{ statuses: [404], reaches: 1 },
  },
  {
    name: 'an empty line before the request',
    asks: '9112, 2.2: ignore at least one',
    send: (to) => `\r\n${get(to)}`,
    ...{ statuses: [404], stays: true, reaches: 1 },
  },
  {
    name: 'two spaces in the request line',
    asks: '9112, 3: it may be split at white space',
    send: (to) => get(to, { method: 'GET ' }),
    ...{ statuses: [404], stays: true, reaches: 1 },
  },
  ...(
    [
      ['tabs in the request line', (to) => get(to).replaceAll(' ', '\t')],
      ['a method in lower case', (to) => get(to, { method: 'get' })],
      ['a method with a bracket', (to) => get(to, { method: 'GE[T' })],
      ['NUL before the request', (to) => `\0${get(to)}`],
      ['a space before the request', (to) => ` ${get(to)}`],
    ] as readonly (readonly [string, RawCase['send']])[]
  ).map(
    ([name, send]): RawCase => ({
      ...{ name, send, statuses: [400] },
      asks: '9112, 3: method, target and version with one space between; methods are case-sensitive',
    }),
  ),
  ...['PROPFIND', 'PURGE', 'OPTIONS', 'QUERY'].map(
    (method): RawCase => ({
      name: `${method} at a path that takes GET`,
      asks: '9110, 15.5.6: 405 with Allow',
      send: (to) => get(to, { method }),
      ...{ statuses: [405], stays: true },
    }),
  ),
  {
    name: 'HEAD',
    asks: '9110, 9.3.2: as GET, without content',
    send: (to) => get(to, { method: 'HEAD' }),
    ...{ statuses: [404], stays: true, reaches: 1, bodiless: true },
  },
  ...['websocket', 'h2c', 'TLS/1.3'].map(
    (protocol): RawCase => ({
      name: `an upgrade to ${protocol}, with a request behind it`,
      asks: '9110, 7.8: an upgrade may be ignored; what follows belongs to nobody',
      send: (to) => get(to, { lines: `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n` }) + smuggled(to),
      ...{ statuses: [404], reaches: 1 },
    }),
  ),
  {
    name: 'close among other options of Connection',
    asks: '9112, 9.6: the response is the last, and nothing after the request is read',
    send: (to) => get(to, { lines: 'Connection: keep-alive, close\r\n' }) + smuggled(to),
    ...{ statuses: [404], reaches: 1 },
  },
]

const waiting: readonly RawCase[] = [
  {
    name: 'a body after 100',
    asks: '9110, 10.1.1: 100 where the body is wanted',
    send: (to) => [whole(to).replace('\r\n', '\r\nExpect: 100-continue\r\n').replace(bodyOf(to), ''), bodyOf(to)],
    ...{ statuses: [100, 201], stays: true, reaches: 1 },
  },
  {
    name: 'a body that is not wanted',
    asks: '9110, 10.1.1: the final status at once, and no 100',
    send: (to) =>
      whole({ ...to, key: 'none' })
        .replace('\r\n', '\r\nExpect: 100-continue\r\n')
        .replace(bodyOf({ ...to, key: 'none' }), ''),
    statuses: [401],
  },
  {
    name: 'a declared body beyond 1 MiB',
    asks: '9110, 15.5.14: 413 without reading it',
    send: (to) => post(to, 'Content-Length: 2000000\r\n', ''),
    statuses: [413],
  },
  {
    name: 'a body of 2^53 bytes',
    asks: '9110, 8.6: a length may be large',
    send: (to) => post(to, 'Content-Length: 9007199254740992\r\n', ''),
    statuses: [413],
  },
  {
    name: 'three requests at once, one of them for nothing',
    asks: '9112, 9.3.2: responses in the order of the requests',
    send: (to) => get(to) + get(to, { target: '/v1/nothing' }) + whole(to),
    ...{ statuses: [404, 404, 201], stays: true, reaches: 2 },
  },
  {
    name: 'fifty requests at once',
    asks: '9112, 9.3.2: as above',
    send: (to) => times(50, get(to)),
    ...{ statuses: Array<number>(50).fill(404), stays: true, reaches: 50 },
  },
  {
    name: 'a request, one that cannot be read, and another',
    asks: '9112, 9.3.2 and 2.2: the second ends the connection',
    send: (to) => get(to) + get(to, { lines: 'X A: 1\r\n' }) + smuggled(to),
    ...{ statuses: [404], reaches: 1 },
  },
  {
    name: 'a request, an ambiguous one, and another',
    asks: '9112, 6.1: the second ends the connection',
    send: (to) => get(to) + post(to, `Content-Length: 4\r\n${CHUNKED}`, '0\r\n\r\n') + smuggled(to),
    ...{ statuses: [404], reaches: 1 },
  },
  {
    name: 'a whole request, and the end of what the client sends',
    asks: '9112, 9.5: either side may close at any time; a half-closed connection is taken for one that is gone',
    send: (to) => get(to),
    ...{ statuses: [], reaches: 'maybe', halfClose: true },
  },
  {
    name: 'half a head, and the end of what the client sends',
    asks: '9112, 8: an incomplete request is an error',
    send: (to) => `GET /v1/users/${to.id} HTTP/1.1\r\nHost: h\r\n`,
    ...{ statuses: [400], halfClose: true },
  },
  {
    name: 'half a body, and the end of what the client sends',
    asks: '9112, 8: an incomplete request is an error',
    send: (to) => post(to, 'Content-Length: 100\r\n', bodyOf(to)),
    ...{ statuses: [400], halfClose: true },
  },
  {
    name: 'half a chunk, and the end of what the client sends',
    asks: '9112, 8: as above',
    send: (to) => postChunked(to, `ff\r\n${bodyOf(to)}`),
    ...{ statuses: [400], halfClose: true },
  },
  {
    name: 'a head that never ends',
    asks: '9110, 15.5.9: 408, and close',
    send: (to) => `GET /v1/users/${to.id} HTTP/1.1\r\nHost: h\r\n`,
    ...{ statuses: [408], slow: true },
  },
  {
    name: 'a body that never ends',
    asks: '9110, 15.5.9: 408, and close',
    send: (to) => post(to, 'Content-Length: 100\r\n', bodyOf(to)),
    ...{ statuses: [408], slow: true },
  },
  {
    name: 'nothing at all',
    asks: '9112, 9.5: a server may close at any time',
    send: () => '',
    ...{ statuses: [408], slow: true },
  },
]

export const RAW_CASES: readonly RawCase[] = [...smuggling, ...chunks, ...lines, ...versions, ...waiting]
