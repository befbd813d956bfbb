import type { Registry } from 'prom-client'
import type { Labels, Sample } from './series-store.ts'

/** As Prometheus labels what it scrapes; there is one namespace, and one of each part. */
const labelsOf = (part: 'gateway' | 'relay'): Labels => ({ namespace: 'local', job: part, pod: part })

/** The matchers of the rules' placeholders. */
export const SELECTORS: Readonly<Record<string, string>> = {
  $gateway: 'job="gateway"',
  $relay: 'job="relay"',
  $functions: 'job="functions"',
  $here: 'namespace="local"',
}

/** Reads the metrics of these names from this process. */
export async function readOwnSamples(
  registry: Pick<Registry, 'getSingleMetric'>,
  names: ReadonlySet<string>,
): Promise<readonly Sample[]> {
  const read = async (name: string) => {
    const metric = registry.getSingleMetric(name) ?? registry.getSingleMetric(name.replace(/_count$/, ''))
    const { values } = (await metric?.get()) ?? { values: [] }
    return values
      .map(({ labels, value, ...of }) => ({ metric: 'metricName' in of ? of.metricName : name, labels, value }))
      .filter((sample) => sample.metric === name)
      .map(({ labels, value }) => toSample('gateway', { metric: name, labels, value }))
  }
  return (await Promise.all([...names].map(read))).flat()
}

const READ_MS = 5_000

/** Reads the metrics of these names from a relay, in Prometheus' text format; none where it does not answer. */
export async function readRelaySamples(url: string, names: ReadonlySet<string>): Promise<readonly Sample[]> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(READ_MS) })
    if (!response.ok) return []
    return parseText(await response.text(), names).map((sample) => toSample('relay', sample))
  } catch {
    return []
  }
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

const parseText = (text: string, names: ReadonlySet<string>): readonly Sample[] =>
  text.split('\n').flatMap((line) => {
    const [, metric = '', labels = '', value = ''] = LINE.exec(line) ?? []
    if (!names.has(metric)) return []
    const pairs = [...labels.matchAll(LABEL)].map(([, name, text]) => [name, unquote(text ?? '')])
    return [{ metric, labels: Object.fromEntries(pairs), value: Number(value) }]
  })

const unquote = (text: string) => text.replaceAll(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))

const toSample = (part: 'gateway' | 'relay', { metric, labels, value }: LooseSample): Sample => ({
  metric,
  labels: { ...textsOf(labels), ...labelsOf(part) },
  value,
})

interface LooseSample extends Pick<Sample, 'metric' | 'value'> {
  readonly labels: object
}

const textsOf = (labels: object): Labels =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))
