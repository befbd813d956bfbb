import type { Manifest } from '../manifest.ts'
import { type Choice, type Dashboard, layOut } from './panel.ts'

/** The dashboard as a file that Grafana imports, or finds by the label of its ConfigMap. */
export function toJson({ name, title, about, choices = [], panels }: Dashboard): string {
  const dashboard = {
    ...{ uid: `ebb-${name}`, title, description: about, tags: ['ebb'] },
    ...{ schemaVersion: 39, editable: true, refresh: '30s', time: { from: 'now-1h', to: 'now' } },
    templating: { list: [SOURCE, NAMESPACE, ...choices.map(toVariable)] },
    annotations: { list: [] },
    links: [{ ...LINK, title: 'Ebb', type: 'dashboards', tags: ['ebb'] }],
    panels: layOut(panels),
  }
  return `${JSON.stringify(dashboard, undefined, 2)}\n`
}

const LINK = {
  ...{ icon: 'external link', tooltip: '', asDropdown: true, targetBlank: false, includeVars: true, keepTime: true },
}
const SOURCE = { name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' }
const NAMESPACE = {
  ...{ name: 'namespace', label: 'Namespace', type: 'query', refresh: 2 },
  datasource: { type: 'prometheus', uid: '${source}' },
  query: 'label_values(ebb_build_info, namespace)',
}

/** `.*` for all, so that what the contracts do not have yet is there as well. */
const toVariable = ({ name, label, values }: Choice): Manifest => ({
  ...{ name, label, type: 'custom', multi: true, includeAll: true, allValue: '.*' },
  query: values.join(','),
  current: { text: 'All', value: '$__all' },
  options: [
    { text: 'All', value: '$__all', selected: true },
    ...values.map((value) => ({ text: value, value, selected: false })),
  ],
})
