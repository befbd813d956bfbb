import type { Manifest } from '../manifest.ts'

/** One graph or number of a dashboard. */
export interface Panel {
  readonly title: string
  /** What it shows, for whoever is new to it. */
  readonly about: string
  /** What is drawn: PromQL by the legend of its lines, such as `{{route}}`; '' for a single one. */
  readonly lines: Readonly<Record<string, string>>
  /** As Grafana calls it: `reqps`, `s`, `percentunit`, `bytes`. Default: a plain number. */
  readonly unit?: string
  /** `stat` is one number, for the top of a dashboard. Default: a graph over time. */
  readonly type?: 'stat'
  /** Of 24 columns. Default: 4 for a number, 12 for a graph. */
  readonly width?: number
}

/** A choice at the top of a dashboard, whose values are known from the contracts. */
export interface Choice {
  readonly name: string
  readonly label: string
  readonly values: readonly string[]
}

export interface Dashboard {
  /** Its file, and with `ebb-` before it its address in Grafana. */
  readonly name: string
  readonly title: string
  readonly about: string
  readonly choices?: readonly Choice[]
  readonly panels: readonly Panel[]
}

/** What selects the gateways' series in a dashboard, the relays', and the functions'. */
export const GATEWAY = 'namespace="$namespace",pod=~".*-gateway-.*"'
export const RELAY = 'namespace="$namespace",pod=~".*-relay-.*"'

/** The rate of a counter, as finely as the graph can show it. */
export const rate = (metric: string, matchers: string) => `rate(${metric}{${matchers}}[$__rate_interval])`

/** A quantile of a histogram, by these labels. */
export const quantile = (share: number, metric: string, matchers: string, by: readonly string[] = []) =>
  `histogram_quantile(${share}, sum by (${['le', ...by].join(', ')}) (${rate(`${metric}_bucket`, matchers)}))`

const SOURCE = { type: 'prometheus', uid: '${source}' }
const COLUMNS = 24
const HEIGHT = { stat: 4, timeseries: 8 }
const WIDTH = { stat: 4, timeseries: 12 }

/** The panels as Grafana has them, from left to right and from top to bottom. */
export function layOut(panels: readonly Panel[]): readonly Manifest[] {
  let [x, y, height] = [0, 0, 0]
  return panels.map((panel, i) => {
    const type = panel.type ?? 'timeseries'
    const width = panel.width ?? WIDTH[type]
    const h = HEIGHT[type]
    if (x + width > COLUMNS || (height > 0 && h !== height)) [x, y] = [0, y + height]
    const gridPos = { x, y, w: width, h }
    x += width
    height = h
    return toPanel(panel, { id: i + 1, gridPos })
  })
}

function toPanel({ title, about, lines, unit, type }: Panel, place: Manifest): Manifest {
  const targets = Object.entries(lines).map(([legendFormat, expr], i) => ({
    ...{ refId: String.fromCharCode(65 + i), datasource: SOURCE, expr, legendFormat },
  }))
  const defaults = { ...(unit ? { unit } : {}), ...(type ? {} : { min: 0, custom: { fillOpacity: 10 } }) }
  return {
    ...{ ...place, type: type ?? 'timeseries', title, description: about, datasource: SOURCE, targets },
    fieldConfig: { defaults, overrides: [] },
    options: type ? STAT : GRAPH,
  }
}

const STAT = {
  ...{ reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '' }, graphMode: 'area', colorMode: 'value' },
  ...{ justifyMode: 'auto', textMode: 'auto', wideLayout: true, showPercentChange: false },
  ...{ percentChangeColorMode: 'standard', orientation: 'auto' },
}
const GRAPH = {
  legend: { displayMode: 'table', placement: 'right', showLegend: true, calcs: ['lastNotNull', 'max'] },
  tooltip: { mode: 'multi', sort: 'desc' },
}
