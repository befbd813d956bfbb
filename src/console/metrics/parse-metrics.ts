/** One sample of Prometheus' text format. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads the samples that begin with one of these names. */
export function parseMetrics(text: string, names: readonly string[]): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    if (!names.some((name) => line.startsWith(name))) return []
    const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    return name === ''
      ? []
      : [{ name, labels: parseLabels(labels), value: value === '+Inf' ? Infinity : Number(value) }]
  })
}

const parseLabels = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
    ]),
  )
