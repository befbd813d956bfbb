import { expect, it } from '@jest/globals'
import { describeChart, KNATIVE, ofKind, renderChart, type Values } from './helm.ts'
import { componentOf, type Pod, podsOf } from './pods.ts'

const functions = { 'take-one': {}, 'take-two': {} }
const backup = { backup: { enabled: true } }

/** The values of one part, of which a backup has to be there. */
const PARTS: Readonly<Record<string, (own: object) => Values>> = {
  gateway: (own) => ({ gateway: own }),
  relay: (own) => ({ relay: own }),
  migrate: (own) => ({ migrate: own }),
  function: (own) => ({ allFunctions: own }),
  postgres: (own) => ({ postgres: { bundled: { ...backup, ...own } } }),
  backup: (own) => ({ postgres: { bundled: { backup: { enabled: true, ...own } } } }),
  redis: (own) => ({ redis: { bundled: own } }),
}
const OURS = ['gateway', 'relay', 'migrate', 'function']

/** All pods, with a backup's among them, on both engines. */
async function podsFor(values: Values): Promise<readonly Pod[]> {
  const all = { postgres: { bundled: backup }, ...values }
  const rendered = [[], [KNATIVE]].map((apis) => renderChart(all, { functions, apis }))
  return podsOf((await Promise.all(rendered)).flat())
}

const scheduling = {
  nodeSelector: { pool: 'api', gpu: false },
  tolerations: [{ key: 'api', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 3_000_000 }],
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
  priorityClassName: 'high',
}
const rendered = { ...scheduling, nodeSelector: { pool: 'api', gpu: 'false' } }

describeChart('what is said of pods', () => {
  it('holds for those of every part, where it is said of all', async () => {
    const marks = { podAnnotations: { 'mesh/inject': true }, podLabels: { team: 7 } }
    const pods = await podsFor({ ...scheduling, ...marks })
    expect(new Set(pods.map(componentOf))).toEqual(new Set([...Object.keys(PARTS), 'test']))
    for (const { of, spec, labels, annotations } of pods) {
      expect([of, spec]).toMatchObject([of, rendered])
      if (of !== 'Pod ebb-test') expect([of, labels]).toMatchObject([of, { team: '7' }])
      expect([of, annotations]).toMatchObject([of, { 'mesh/inject': 'true' }])
    }
  })

  it.each(Object.keys(PARTS))('holds for those of the %s and no other, where it is said of that', async (part) => {
    const marks = { podAnnotations: { 'mesh/inject': 'yes' }, podLabels: { team: 'a' } }
    const pods = await podsFor(PARTS[part]?.({ ...scheduling, ...marks }) ?? {})
    for (const pod of pods) {
      const expected = expect.objectContaining(rendered)
      const isIts = componentOf(pod) === part
      expect([pod.of, pod.spec]).toEqual([pod.of, isIts ? expected : expect.not.objectContaining({ affinity: {} })])
      for (const name of Object.keys(scheduling)) expect([pod.of, name in pod.spec]).toEqual([pod.of, isIts])
      expect([pod.of, pod.labels.team, pod.annotations['mesh/inject']]).toEqual(
        isIts ? [pod.of, 'a', 'yes'] : [pod.of, undefined, undefined],
      )
    }
  })

  it('adds up where it is a map or a list, and is the part`s own otherwise', async () => {
    const pods = await podsFor({
      ...{ nodeSelector: { a: '1', b: '1' }, tolerations: [{ key: 'a' }], priorityClassName: 'low' },
      relay: { nodeSelector: { b: '2' }, tolerations: [{ key: 'b' }], priorityClassName: 'high' },
    })
    expect(pods.find((pod) => componentOf(pod) === 'relay')?.spec).toMatchObject({
      ...{ nodeSelector: { a: '1', b: '2' }, tolerations: [{ key: 'a' }, { key: 'b' }], priorityClassName: 'high' },
    })
    expect(pods.find((pod) => componentOf(pod) === 'redis')?.spec).toMatchObject({
      ...{ nodeSelector: { a: '1', b: '1' }, tolerations: [{ key: 'a' }], priorityClassName: 'low' },
    })
  })

  it('holds for one function by its name', async () => {
    const values = {
      allFunctions: { nodeSelector: { a: '1' } },
      functions: { 'take-two': { nodeSelector: { b: '2' } } },
    }
    const pods = (await podsFor(values)).filter((pod) => componentOf(pod) === 'function')
    const selectors = Object.fromEntries(pods.map(({ of, spec }) => [of.split(' ')[1], spec.nodeSelector]))
    expect(selectors).toEqual({ 'take-one': { a: '1' }, 'take-two': { a: '1', b: '2' } })
  })

  it('spreads each part by itself, over nodes and zones where nothing else is said of gateway and relay', async () => {
    const racks = { topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' }
    const chosen = { labelSelector: { matchLabels: { a: 'b' } }, ...racks }
    for (const pod of await podsFor({
      topologySpreadConstraints: [racks],
      relay: { topologySpreadConstraints: [chosen] },
    })) {
      const matchLabels = {
        'app.kubernetes.io/name': componentOf(pod) === 'function' ? pod.of.split(' ')[1] : componentOf(pod),
        'app.kubernetes.io/component': componentOf(pod),
        ...{ 'app.kubernetes.io/part-of': 'ebb', 'app.kubernetes.io/instance': 'ebb' },
      }
      const expected = componentOf(pod) === 'relay' ? chosen : { labelSelector: { matchLabels }, ...racks }
      expect([pod.of, pod.spec.topologySpreadConstraints]).toEqual([pod.of, [expected]])
    }
    const spread = (await podsFor({})).filter(({ spec }) => spec.topologySpreadConstraints).map(componentOf)
    expect(new Set(spread)).toEqual(new Set(['gateway', 'relay']))
  })
})

describeChart('what is said of containers', () => {
  const more = {
    extraEnv: [
      { name: 'HTTPS_PROXY', value: 'http://proxy:3128' },
      { name: 'LOG_LEVEL', value: 'warn' },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'RATIO', value: 0.5 },
    ],
    envFrom: [{ configMapRef: { name: 'ours' } }],
    extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
    extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
  }
  const has = ({ spec }: Pod) => {
    const [container] = spec.containers
    return [
      JSON.stringify(container?.env ?? []).includes('HTTPS_PROXY'),
      JSON.stringify(container?.envFrom) === JSON.stringify(more.envFrom),
      spec.volumes.some(({ name }) => name === 'ca'),
      JSON.stringify(container).includes('/etc/ca'),
    ]
  }

  it.each(['all', ...OURS])('holds for those of %s: variables, volumes and where those are', async (part) => {
    const pods = await podsFor(part === 'all' ? more : (PARTS[part]?.(more) ?? {}))
    const expected = (pod: Pod) => (part === 'all' ? OURS.includes(componentOf(pod)) : componentOf(pod) === part)
    for (const pod of pods) expect([pod.of, has(pod)]).toEqual([pod.of, Array(4).fill(expected(pod))])
  })

  it('wins over what the chart sets under the same name, and stands there once', async () => {
    for (const { spec } of (await podsFor(more)).filter((pod) => OURS.includes(componentOf(pod)))) {
      const env = spec.containers[0]?.env ?? []
      expect(env).toEqual(expect.arrayContaining([...more.extraEnv.slice(0, 3), { name: 'RATIO', value: '0.5' }]))
      const names = env.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it('is an amount however it is typed, of CPU and of the disk too', async () => {
    const resources = {
      requests: { cpu: 0.5, memory: 1_073_741_824, 'ephemeral-storage': '100Mi' },
      limits: { cpu: 2, memory: '1Gi', 'ephemeral-storage': '1Gi' },
    }
    for (const part of Object.keys(PARTS)) {
      const pod = (await podsFor(PARTS[part]?.({ resources }) ?? {})).find((pod) => componentOf(pod) === part)
      expect([part, pod?.spec.containers[0]?.resources]).toEqual([
        part,
        {
          requests: { cpu: '0.5', memory: '1073741824', 'ephemeral-storage': '100Mi' },
          limits: { cpu: '2', memory: '1Gi', 'ephemeral-storage': '1Gi' },
        },
      ])
    }
  })
})

describeChart('an account', () => {
  const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/a' }
  const accountsOf = async (values: Values) => {
    const manifests = await renderChart({ postgres: { bundled: backup }, ...values }, { functions })
    const accounts = ofKind(manifests, 'ServiceAccount')
    const used = Object.fromEntries(podsOf(manifests).map((pod) => [pod.of, pod.spec.serviceAccountName]))
    const made = Object.fromEntries(accounts.map(({ metadata }) => [metadata.name, metadata.annotations ?? {}]))
    return { made, used: new Set(Object.values(used)), of: used }
  }

  it.each(Object.keys(PARTS))('of the %s may have annotations, or be an existing one', async (part) => {
    const { made } = await accountsOf(PARTS[part]?.({ serviceAccount: { annotations } }) ?? {})
    expect(Object.entries(made).filter(([, has]) => Object.keys(has).length > 0)).toEqual([
      [`ebb-${part}`, annotations],
    ])
    const theirs = { serviceAccount: { create: false, name: 'theirs' } }
    const { made: others, used } = await accountsOf(PARTS[part]?.(theirs) ?? {})
    expect(Object.keys(others)).not.toContain(`ebb-${part}`)
    expect(used).toContain('theirs')
    expect(used).not.toContain(`ebb-${part}`)
    const { used: defaults } = await accountsOf(PARTS[part]?.({ serviceAccount: { create: false } }) ?? {})
    expect(defaults).toContain('default')
  })

  it('may be one function`s own', async () => {
    const own = { functions: { 'take-two': { serviceAccount: { annotations } } } }
    const { made, of } = await accountsOf(own)
    expect(made).toMatchObject({ 'take-two': annotations, 'ebb-function': {} })
    expect(of).toMatchObject({ 'Deployment take-one': 'ebb-function', 'Deployment take-two': 'take-two' })
  })
})
