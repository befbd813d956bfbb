import { useEffect } from 'preact/hooks'
import { LocationProvider, lazy, Route, Router, useLocation } from 'preact-iso'
import { Functions } from './pages/functions.tsx'
import { BASE } from './pages/paths.ts'
import { RequireLogin } from './shell/login.tsx'
import { Shell } from './shell/shell.tsx'

// Each page is a file of its own, read when it is first opened; the page before it stays until then.
const Alerts = lazy(() => import('./pages/alerts.tsx').then(({ Alerts }) => Alerts))
const Audit = lazy(() => import('./pages/audit.tsx').then(({ Audit }) => Audit))
const Cache = lazy(() => import('./pages/cache.tsx').then(({ Cache }) => Cache))
const Contracts = lazy(() => import('./pages/contracts.tsx').then(({ Contracts }) => Contracts))
const Cost = lazy(() => import('./pages/cost.tsx').then(({ Cost }) => Cost))
const Endpoint = lazy(() => import('./pages/endpoint.tsx').then(({ Endpoint }) => Endpoint))
const EventPage = lazy(() => import('./pages/event.tsx').then(({ EventPage }) => EventPage))
const Events = lazy(() => import('./pages/events.tsx').then(({ Events }) => Events))
const Invocations = lazy(() => import('./pages/invocations.tsx').then(({ Invocations }) => Invocations))
const Keys = lazy(() => import('./pages/keys.tsx').then(({ Keys }) => Keys))
const Limits = lazy(() => import('./pages/limits.tsx').then(({ Limits }) => Limits))
const MailPage = lazy(() => import('./pages/mail.tsx').then(({ MailPage }) => MailPage))
const Mails = lazy(() => import('./pages/mails.tsx').then(({ Mails }) => Mails))
const Plans = lazy(() => import('./pages/plans.tsx').then(({ Plans }) => Plans))
const Requests = lazy(() => import('./pages/requests.tsx').then(({ Requests }) => Requests))
const Schedules = lazy(() => import('./pages/schedules.tsx').then(({ Schedules }) => Schedules))
const Settings = lazy(() => import('./pages/settings.tsx').then(({ Settings }) => Settings))
const TracePage = lazy(() => import('./pages/trace.tsx').then(({ TracePage }) => TracePage))
const Traces = lazy(() => import('./pages/traces.tsx').then(({ Traces }) => Traces))

export const App = () => (
  <LocationProvider scope={BASE}>
    <RequireLogin>
      <Shell>
        <Router>
          <Route path={BASE} component={Home} />
          <Route path={`${BASE}/functions`} component={Functions} />
          <Route path={`${BASE}/functions/:name`} component={Endpoint} />
          <Route path={`${BASE}/requests`} component={Requests} />
          <Route path={`${BASE}/traces`} component={Traces} />
          <Route path={`${BASE}/traces/:id`} component={TracePage} />
          <Route path={`${BASE}/alerts`} component={Alerts} />
          <Route path={`${BASE}/cost`} component={Cost} />
          <Route path={`${BASE}/events`} component={Events} />
          <Route path={`${BASE}/events/:id`} component={EventPage} />
          <Route path={`${BASE}/invocations`} component={Invocations} />
          <Route path={`${BASE}/schedules`} component={Schedules} />
          <Route path={`${BASE}/mails`} component={Mails} />
          <Route path={`${BASE}/mails/:id`} component={MailPage} />
          <Route path={`${BASE}/keys`} component={Keys} />
          <Route path={`${BASE}/plans`} component={Plans} />
          <Route path={`${BASE}/limits`} component={Limits} />
          <Route path={`${BASE}/cache`} component={Cache} />
          <Route path={`${BASE}/contracts`} component={Contracts} />
          <Route path={`${BASE}/settings`} component={Settings} />
          <Route path={`${BASE}/audit`} component={Audit} />
          <Route default component={Home} />
        </Router>
      </Shell>
    </RequireLogin>
  </LocationProvider>
)

/** The first page is that of the functions. */
function Home() {
  const { route } = useLocation()
  useEffect(() => route(`${BASE}/functions`, true), [route])
  return null
}
