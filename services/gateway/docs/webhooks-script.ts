/**
 * What the page of webhooks runs: the requests of /v1/webhooks, as whoever the page was given a key or a token of, by its field, by
 * a login, or by the page that it is a frame in. That is kept for as long as the tab is open, and stands in no address.
 */
export const WEBHOOKS_SCRIPT = `'use strict'
{
  const CREDENTIAL = 'ebb-webhooks-credential'
  const api = '../v1/webhooks'
  const by = (id) => document.getElementById(id)
  const login = window.ebbLogin
  const isFramed = window.parent !== window
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties)
    element.append(...children)
    return element
  }
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const credential = () => sessionStorage.getItem(CREDENTIAL) ?? login?.current()?.token
  const say = (text, isFault = false) => {
    by('status').textContent = text
    by('status').className = isFault ? 'fault' : ''
  }

  const ask = async (method, path = '', body) => {
    const given = credential() ?? ''
    const headers = given.startsWith('ebb_') ? { 'x-api-key': given } : { authorization: 'Bearer ' + given }
    const response = await fetch(api + path, {
      method,
      headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}), ...(method === 'GET' ? {} : { 'idempotency-key': newKey() }) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    const answer = text ? JSON.parse(text) : undefined
    if (response.ok) return answer
    const details = (answer?.details ?? []).map(({ message }) => message).join('. ')
    throw new Error(details || answer?.message || 'The request failed (' + response.status + ').')
  }
  const act = async (work, done) => {
    try {
      say('')
      await work()
      if (done) say(done)
    } catch (error) {
      say(error.message, true)
    }
  }
  const button = (text, work, done) => make('button', { type: 'button', textContent: text, onclick: () => act(work, done) })
  const time = (text) => make('time', { dateTime: text, textContent: new Date(text).toLocaleString() })

  const showSecret = ({ url, secret }) => {
    const field = make('input', { id: 'secret', readOnly: true, value: secret, onfocus: () => field.select() })
    by('made').replaceChildren(
      make('label', { htmlFor: 'secret', textContent: 'The secret of ' + url + ': copy it now, it is not shown again.' }),
      field,
    )
    field.focus()
  }

  const attemptText = ({ status, error, durationMs }) => (status ?? error) + ', ' + durationMs + ' ms'
  const showDeliveries = async ({ id }, list) => {
    const { deliveries } = await ask('GET', '/' + id + '/deliveries?limit=20')
    const rows = deliveries.map((one) =>
      make('li', {},
        make('div', {}, make('strong', { textContent: one.type }), ' ', make('span', { className: 'state ' + one.state, textContent: one.state }), ' ', time(one.createdAt)),
        make('ol', {}, ...one.attempts.map((attempt) => make('li', {}, time(attempt.at), ': ' + attemptText(attempt)))),
        button('Send again', async () => {
          await ask('POST', '/' + id + '/deliveries/' + one.id + '/redeliver')
          await showDeliveries({ id }, list)
        }, 'It is sent again.'),
      ),
    )
    list.replaceChildren(...(rows.length > 0 ? rows : [make('li', { textContent: 'Nothing was sent yet.' })]))
  }

  const webhookItem = (webhook) => {
    const { id, url, description, events, state, disabledFor, failingSince } = webhook
    const change = (path, done, body) => button(done[0], async () => {
      const answer = await ask('POST', '/' + id + path, body)
      if (answer?.secret) showSecret(answer)
      await show()
    }, done[1])
    const list = make('ul', { className: 'deliveries' })
    const why = disabledFor === 'gone' ? 'it said that it wants no more' : 'it has failed for days'
    return make('li', { className: 'webhook' },
      make('h3', { textContent: description ?? url }),
      ...(description ? [make('p', { className: 'soft', textContent: url })] : []),
      make('p', {}, make('span', { className: 'state ' + state, textContent: state }), ' ' + events.join(', ')),
      ...(state === 'disabled' ? [make('p', { className: 'fault', textContent: 'Nothing is sent to it: ' + why + '. Resume it when it is mended.' })] : []),
      ...(failingSince && state === 'active' ? [make('p', { className: 'fault' }, 'No success since ', time(failingSince), '.')] : []),
      make('div', { className: 'row' },
        ...(state === 'active' ? [change('/test', ['Test', 'A test message is on its way.']), change('/pause', ['Pause', 'It is paused.'])] : [change('/resume', ['Resume', 'It goes on.'])]),
        change('/rotate', ['New secret', 'For a day messages are signed by both secrets.'], {}),
        button('Deliveries', () => showDeliveries(webhook, list)),
        button('Delete', async () => {
          if (!confirm('Delete the webhook ' + url + '?')) return
          await ask('DELETE', '/' + id)
          await show()
        }, 'It is deleted.'),
      ),
      list,
    )
  }

  const show = async () => {
    const isKnown = Boolean(credential())
    by('who').hidden = isFramed || isKnown
    by('leave').hidden = isFramed || !isKnown
    by('webhooks').hidden = !isKnown
    if (!isKnown) return
    const { webhooks, eventTypes } = await ask('GET')
    by('list').replaceChildren(...webhooks.map(webhookItem))
    by('none').hidden = webhooks.length > 0
    by('events').replaceChildren(
      make('legend', { textContent: 'Events' }),
      ...eventTypes.map(({ type, summary }) =>
        make('label', {}, make('input', { type: 'checkbox', name: 'events', value: type }), ' ', make('code', { textContent: type }), summary ? ' ' + summary : ''),
      ),
    )
  }
  const use = (given) => {
    sessionStorage.setItem(CREDENTIAL, given)
    return act(show)
  }

  by('key-form').onsubmit = (event) => {
    event.preventDefault()
    void use(by('key').value.trim())
    by('key').value = ''
  }
  by('leave').onclick = () => act(async () => {
    sessionStorage.removeItem(CREDENTIAL)
    by('made').replaceChildren()
    if (login?.current()) return login.end()
    await show()
  })
  by('create').onsubmit = (event) => {
    event.preventDefault()
    const form = new FormData(event.target)
    void act(async () => {
      const description = form.get('description').trim()
      const made = await ask('POST', '', { url: form.get('url').trim(), events: form.getAll('events'), ...(description ? { description } : {}) })
      event.target.reset()
      await show()
      showSecret(made)
    }, 'It is made.')
  }
  if (login) {
    by('log-in').hidden = false
    by('log-in').onclick = () => act(login.begin)
  }
  // Only pages that the policy of this one lets show it in a frame can send this.
  window.addEventListener('message', ({ source, data }) => {
    if (isFramed && source === window.parent && typeof data?.ebbWebhooks?.token === 'string') void use(data.ebbWebhooks.token)
  })
  void act(async () => {
    await login?.finish()
    await show()
    if (isFramed) window.parent.postMessage({ ebbWebhooks: 'ready' }, '*')
  })
}
`
