import { expect, it } from '@jest/globals'
import { describeChart, KNATIVE, namesOf, ofKind, only, PROMETHEUS, renderChart, type Values } from './helm.ts'
import { podsOf } from './pods.ts'

const everything = { postgres: { bundled: { backup: { enabled: true } } } }
const LABEL = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/

describeChart('names', () => {
  const named = async (release: string, values: Values = {}) =>
    renderChart({ ...everything, ...values }, { release, apis: [PROMETHEUS] })

  it.each<[string, string, Values]>([
    ['ebb', 'ebb', {}],
    ['shop', 'shop-ebb', {}],
    ['my-ebb', 'my-ebb', {}],
    ['my.shop', 'my-shop-ebb', {}],
    ['1shop', 'ebb-1shop', {}],
    ['1ebb', 'ebb-1ebb', {}],
    ['a'.repeat(53), 'a'.repeat(40), {}],
    [`${'a'.repeat(38)}--b`, 'a'.repeat(38), {}],
    ['shop', 'shop-api', { nameOverride: 'api' }],
    ['1shop', 'api-1shop', { nameOverride: 'api' }],
    ['shop', 'api', { fullnameOverride: 'api' }],
  ])('of a release %s begin with %s, and the API server takes them', async (release, begin, values) => {
    const manifests = await named(release, values)
    const functions = ofKind(manifests, 'Service').filter(
      ({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'function',
    )
    const others = namesOf(manifests).filter((name) => !namesOf(functions).includes(name))
    expect(others.filter((name) => !name.startsWith(`${begin}-`))).toEqual([])
    expect(namesOf(manifests).filter((name) => !LABEL.test(name))).toEqual([])
    for (const { labels } of podsOf(manifests)) expect(labels['app.kubernetes.io/instance']).toBe(release)
  })

  it.each([
    ['nameOverride', 'My_api'],
    ['nameOverride', '1api'],
    ['fullnameOverride', 'my.api'],
    ['fullnameOverride', 'a'.repeat(41)],
  ])('that no Service may have are refused: %s %s', async (value, name) => {
    await expect(renderChart({ [value]: name })).rejects.toThrow(value)
  })
})

describeChart('labels of all', () => {
  it('are on every object and pod, and in no selector', async () => {
    for (const apis of [[PROMETHEUS], [PROMETHEUS, KNATIVE]]) {
      const values = { ...everything, commonLabels: { team: 'shop', 'cost-centre': 4711 } }
      const manifests = await renderChart(values, { apis })
      const expected = { team: 'shop', 'cost-centre': '4711' }
      for (const { kind, metadata } of manifests) expect([kind, metadata]).toMatchObject([kind, { labels: expected }])
      for (const { of, labels } of podsOf(manifests)) {
        if (of !== 'Pod ebb-test') expect([of, labels]).toMatchObject([of, expected])
      }
      const selectors = [...JSON.stringify(manifests).matchAll(/"(matchLabels|selector)":\{[^{}]*"team"/g)]
      expect(selectors).toEqual([])
      // They cannot be changed.
      const { volumeClaimTemplates } = only(manifests, 'StatefulSet', 'ebb-postgres').spec
      expect(JSON.stringify(volumeClaimTemplates)).not.toContain('team')
    }
  })

  it('cannot be those by which the chart finds its pods', async () => {
    for (const value of ['commonLabels', 'podLabels']) {
      const labels = { [value]: { 'app.kubernetes.io/component': 'mine' } }
      await expect(renderChart(labels)).rejects.toThrow('app.kubernetes.io/component')
    }
  })
})
