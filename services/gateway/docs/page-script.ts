/**
 * What the page runs: Swagger UI on the document beside it, with the keys that the page carries or the login, and an
 * Idempotency-Key for each request that has none.
 */
export const PAGE_SCRIPT = String.raw`'use strict'
// Swagger UI reads patterns without the flag that JSON Schema reads them with: the gateway alone checks those that need it.
const readable = (name, value) => (name === 'pattern' && /\\[pPu]\{/.test(value) ? undefined : value)
const isKey = (part) => part?.in === 'header' && part.name === 'Idempotency-Key'
const shown = (name, value) =>
  isKey(value)
    ? { ...value, required: false, description: value.description + ' Left empty, this page makes one up for each request.' }
    : readable(name, value)
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('')
const withKey = (request) => {
  const mayWrite = request.method && !['GET', 'HEAD'].includes(request.method) && !request.loadSpec
  if (mayWrite && !request.headers['Idempotency-Key']) request.headers['Idempotency-Key'] = newKey()
  return request
}
const patterns = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateSpec: (update) => (text) => update(text && JSON.stringify(JSON.parse(text, shown), undefined, 2)),
      },
    },
  },
})
const keys = JSON.parse(document.querySelector('meta[name=ebb-docs-keys]').content)
const login = window.ebbLogin
const CALLER = 'ebb-docs-caller'
const make = (name, text, parent) => Object.assign(parent.appendChild(document.createElement(name)), { textContent: text })
let scheme
const callAs = (caller) => {
  sessionStorage.setItem(CALLER, caller)
  if (scheme) ui.authActions.logout([scheme])
  scheme = caller === 'login' ? 'bearer' : caller.startsWith('key ') ? 'apiKey' : undefined
  if (scheme) ui.preauthorizeApiKey(scheme, caller === 'login' ? login.current().token : keys[caller.slice(4)])
}
const showCallers = (failure) => {
  const bar = document.getElementById('callers')
  bar.textContent = ''
  const person = login?.current()
  const callers = [
    ...Object.keys(keys).map((name) => ['key ' + name, name]),
    ...(person ? [['login', person.who]] : []),
    ...(login ? [['nobody', 'nobody']] : []),
  ]
  const wanted = sessionStorage.getItem(CALLER)
  const chosen = callers.find(([caller]) => caller === wanted) ?? callers[0]
  if (callers.length > 1) {
    const choice = make('select', '', make('label', 'Call as ', bar))
    for (const [caller, text] of callers) choice.append(new Option(text, caller, false, caller === chosen[0]))
    choice.addEventListener('change', () => callAs(choice.value))
  }
  if (login) {
    bar.append(' ')
    const button = make('button', person ? 'Log out ' + person.who : 'Log in', bar)
    button.className = 'btn'
    button.addEventListener('click', () => {
      if (person) callAs('nobody')
      ;(person ? login.end() : login.begin()).catch(showFailure)
    })
  }
  make('p', failure ?? '', bar).setAttribute('role', 'alert')
  if (chosen) callAs(chosen[0])
  if (person) setTimeout(showCallers, person.endsAt - Date.now())
}
const showFailure = (error) => showCallers(error.message)
const finishLogin = async () => {
  if (await login?.finish()) sessionStorage.setItem(CALLER, 'login')
  showCallers()
}
const ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // It would send the document to a server on the internet.
  validatorUrl: null,
  requestInterceptor: withKey,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [patterns],
  onComplete: () => finishLogin().catch(showFailure),
})
`
