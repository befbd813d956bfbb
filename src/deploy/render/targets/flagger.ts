import { type Manifest, yamlFile } from '../manifest.ts'
import type { TargetFunction } from './target-function.ts'

/** Where Prometheus is, as Flagger's own documentation installs it; whoever has it elsewhere says so. */
const PROMETHEUS = 'http://prometheus.monitoring:9090'
const RESPONSES = 'ebb_revision_responses_total'
const CHECKED = 'ebb_revision_replies_checked_total'
const WAITS = 'ebb_revision_wait_seconds_bucket'
const OF_FUNCTION = 'namespace="{{ namespace }}",function="{{ target }}"'

/** The revisions that had not answered anything so long ago: the canary, since Flagger does not say what it is called. */
const NEW = `(group by (revision) (${RESPONSES}{${OF_FUNCTION}}) unless group by (revision) (${RESPONSES}{${OF_FUNCTION}} offset {{ variables.age }}))`

const rate = (metric: string, more = '') => `rate(${metric}{${OF_FUNCTION}${more}}[{{ interval }}])`
/** How many in a hundred; without a value where the canary has answered nothing. */
const percent = (metric: string, outcomes: string) =>
  `100 * (sum(${rate(metric, `,outcome=~"${outcomes}"`)} and on (revision) ${NEW}) or vector(0)) / sum(${rate(metric)} and on (revision) ${NEW})`
const p90 = (which: string) => `histogram_quantile(0.9, sum by (le) (${rate(WAITS)} ${which} on (revision) ${NEW}))`

interface Metric {
  readonly name: string
  readonly about: string
  readonly query: string
  /** What a Canary allows. */
  readonly max: number
}

/** What only Ebb knows of a revision (docs/decisions/0134), as questions that Flagger asks. */
const METRICS: readonly Metric[] = [
  {
    name: 'ebb-undeclared',
    about: 'Of 100 responses, those that the contract does not have: an error that no handler has declared is one.',
    query: percent(RESPONSES, 'undeclared'),
    max: 1,
  },
  {
    name: 'ebb-failures',
    about: 'Of 100 responses, those with a status of 500 and more.',
    query: percent(RESPONSES, 'failed|undeclared'),
    max: 1,
  },
  {
    name: 'ebb-broken',
    about:
      'Of 100 replies that were compared, those that break the contract. It needs EBB_CHECKED_REPLIES of the gateway.',
    query: percent(CHECKED, 'broken'),
    max: 1,
  },
  {
    name: 'ebb-slower',
    about: 'By how many milliseconds the p90 of the new revision is above that of the old one, in the same time.',
    query: `1000 * (${p90('and')} - ${p90('unless')})`,
    max: 25,
  },
]

/**
 * What Flagger asks Prometheus about a new revision, and a Canary for each endpoint that the gateway calls, as Knative has it, by file.
 */
export const flagger = (functions: readonly TargetFunction[]): Readonly<Record<string, string>> => ({
  'metric-templates.yaml': yamlFile(METRICS.map(metricTemplate), { about: OF_METRICS }),
  'canaries.yaml': yamlFile(
    functions.filter(({ route }) => route && !route.internal && !route.upgrade).map(({ name }) => canary(name)),
    { about: OF_CANARIES },
  ),
})

const metricTemplate = ({ name, query }: Metric): Manifest => ({
  ...{ apiVersion: 'flagger.app/v1beta1', kind: 'MetricTemplate', metadata: { name } },
  spec: { provider: { type: 'prometheus', address: PROMETHEUS }, query },
})

const canary = (name: string): Manifest => ({
  ...{ apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: { name } },
  spec: {
    provider: 'knative',
    targetRef: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name },
    progressDeadlineSeconds: 300,
    analysis: {
      ...{ interval: '1m', threshold: 5, maxWeight: 50, stepWeight: 10 },
      metrics: METRICS.map((metric) => ({
        name: metric.name,
        templateRef: { name: metric.name },
        ...{ interval: '2m', thresholdRange: { max: metric.max }, templateVariables: { age: '1h' } },
      })),
    },
  },
})

const OF_METRICS = [
  'What Flagger asks of the metrics of the gateways (kubectl apply --filename; in the namespace of the functions):',
  '',
  ...METRICS.map(({ name, about }) => `- ${name}: ${about}`),
  '',
  'The new revision is the one that had answered nothing {{ variables.age }} ago: make that longer than an analysis takes.',
  'Where Prometheus is, spec.provider.address says.',
].join('\n')

const OF_CANARIES = [
  'A Canary for each endpoint, to begin with: Flagger moves the traffic of its Knative Service, and goes back where a metric is above its',
  'maximum. On plain Kubernetes, name the provider of your mesh and the Deployment in its place.',
  '',
  'What Flagger cannot do as `ebb canary` does: it chooses anew for each request, so that a caller gets both revisions; it compares with',
  'maxima over a window, of which a few failures are too many at low traffic; it judges no subscribers. Use one of the two for a function.',
].join('\n')
