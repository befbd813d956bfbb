import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { isAlert, RULES } from '../../src/protocol/alerts/index.ts'
import {
  CHART,
  CHECKS,
  describeChart,
  KNATIVE,
  type Manifest,
  namesOf,
  notesFor,
  ofKind,
  only,
  PROMETHEUS,
  renderChart,
  type Values,
} from './helm.ts'
import { unknownMetrics } from './metric-names.ts'
import { componentOf, existingSecrets, podsOf, settingsOf } from './pods.ts'

describeChart('the gateway', () => {
  it('is two at least, apart where there are nodes for it, and one of them stays whatever happens', async () => {
    const manifests = await renderChart()
    expect(only(manifests, 'HorizontalPodAutoscaler', 'ebb-gateway').spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 5,
    })
    expect(only(manifests, 'PodDisruptionBudget', 'ebb-gateway').spec).toMatchObject({ maxUnavailable: 1 })
    const { spec } = only(manifests, 'Deployment', 'ebb-gateway')
    expect(spec).not.toHaveProperty('replicas')
    const spread = { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', matchLabelKeys: ['pod-template-hash'] }
    expect(spec).toMatchObject({
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        spec: {
          topologySpreadConstraints: [
            { ...spread, topologyKey: 'kubernetes.io/hostname' },
            { ...spread, topologyKey: 'topology.kubernetes.io/zone' },
          ],
        },
      },
    })
  })

  it('is as many as one says, where it is not scaled, and knows how many', async () => {
    const values = { gateway: { replicas: 3, autoscaling: { enabled: false } } }
    const manifests = await renderChart(values)
    expect(only(manifests, 'Deployment', 'ebb-gateway').spec).toMatchObject({ replicas: 3 })
    expect(namesOf(ofKind(manifests, 'HorizontalPodAutoscaler'))).not.toContain('ebb-gateway')
    const [pod] = podsOf([only(manifests, 'Deployment', 'ebb-gateway')])
    expect(settingsOf(pod!.spec.containers[0]!).plain).toMatchObject({ EBB_GATEWAY_REPLICAS: '3' })
  })

  it('allows the part of a limit that is right when there are as many as there may be', async () => {
    const manifests = await renderChart({ gateway: { autoscaling: { maxReplicas: 4 } } })
    const [pod] = podsOf([only(manifests, 'Deployment', 'ebb-gateway')])
    expect(settingsOf(pod!.spec.containers[0]!).plain).toMatchObject({ EBB_GATEWAY_REPLICAS: '4' })
  })

  it('takes no request before the schema is there, and answers by itself when the database is away later', async () => {
    const [pod] = podsOf([only(await renderChart(), 'Deployment', 'ebb-gateway')])
    expect(pod?.spec.containers[0]).toMatchObject({
      startupProbe: { httpGet: { path: '/_/ready' } },
      readinessProbe: { httpGet: { path: '/_/health' } },
      livenessProbe: { httpGet: { path: '/_/health' } },
      env: expect.arrayContaining([{ name: 'EBB_DRAIN_MS', value: '10000' }]),
    })
  })

  it('keeps its admin port apart: no route, no public Service', async () => {
    const gateway = {
      httpRoute: { enabled: true, parentRefs: [{ name: 'edge' }], hostnames: ['api.example'] },
      ingress: { enabled: true, hosts: ['api.example'] },
      service: {
        ...{ type: 'LoadBalancer', port: 8000, nodePort: 30_080, loadBalancerClass: 'service.k8s.aws/nlb' },
        ...{ loadBalancerSourceRanges: ['10.0.0.0/8'], externalTrafficPolicy: 'Local' },
      },
    }
    const manifests = await renderChart({ gateway })
    expect(only(manifests, 'Service', 'ebb-gateway').spec).toMatchObject({
      ...{ type: 'LoadBalancer', loadBalancerClass: 'service.k8s.aws/nlb' },
      ...{ loadBalancerSourceRanges: ['10.0.0.0/8'], externalTrafficPolicy: 'Local' },
      ports: [{ port: 8000, targetPort: 'http', nodePort: 30_080 }],
    })
    expect(only(manifests, 'Service', 'ebb-gateway-admin').spec).toMatchObject({
      ports: [{ port: 8081, targetPort: 'admin' }],
    })
    expect(only(manifests, 'Service', 'ebb-gateway-admin').spec).not.toHaveProperty('type')
    expect(only(manifests, 'HTTPRoute', 'ebb-gateway').spec).toEqual({
      parentRefs: [{ name: 'edge' }],
      hostnames: ['api.example'],
      rules: [{ backendRefs: [{ name: 'ebb-gateway', port: 8000 }] }],
    })
    expect(only(manifests, 'Ingress', 'ebb-gateway').spec).toMatchObject({
      rules: [
        {
          host: 'api.example',
          http: { paths: [{ backend: { service: { name: 'ebb-gateway', port: { name: 'http' } } } }] },
        },
      ],
    })
  })

  it('speaks https itself where it has a certificate, and refuses credentials on the plain port beside it', async () => {
    const gateway = { tls: { existingSecret: 'edge', httpPort: 80 }, service: { port: 443 } }
    const manifests = await renderChart({ gateway })
    const { ports } = only(manifests, 'Service', 'ebb-gateway').spec as { ports: unknown }
    expect(ports).toEqual([
      { name: 'http', port: 443, targetPort: 'http' },
      { name: 'plain', port: 80, targetPort: 'plain' },
    ])
    const [pod] = podsOf([only(manifests, 'Deployment', 'ebb-gateway')])
    expect(pod?.spec.containers[0]).toMatchObject({
      livenessProbe: { httpGet: { path: '/_/health', scheme: 'HTTPS' } },
      env: expect.arrayContaining([
        { name: 'EBB_HTTPS_PORT', value: '443' },
        { name: 'EBB_HTTP_PORT', value: '8082' },
        { name: 'EBB_TLS_CERT_FILE', value: '/var/run/secrets/ebb/EBB_TLS_CERT' },
      ]),
    })
  })
})

describeChart('the relay', () => {
  it('is two that share the work, of which one may go at a time', async () => {
    const manifests = await renderChart()
    expect(only(manifests, 'Deployment', 'ebb-relay').spec).toMatchObject({ replicas: 2 })
    expect(only(manifests, 'PodDisruptionBudget', 'ebb-relay').spec).toMatchObject({ maxUnavailable: 1 })
  })

  it('is asked on its admin port: a rollout waits until it works with the database, whose loss ends no pod', async () => {
    const [pod] = podsOf([only(await renderChart(), 'Deployment', 'ebb-relay')])
    expect(pod?.spec.containers[0]).toMatchObject({
      ports: [{ name: 'admin', containerPort: 8081 }],
      startupProbe: { httpGet: { path: '/_/ready', port: 'admin' } },
      readinessProbe: { httpGet: { path: '/_/ready', port: 'admin' } },
      livenessProbe: { httpGet: { path: '/_/health', port: 'admin' } },
    })
  })
})

describeChart('the migration', () => {
  const jobOf = async (...rendering: Parameters<typeof renderChart>) => {
    const [job, ...others] = ofKind(await renderChart(...rendering), 'Job')
    if (!job || others.length > 0) throw new Error('there is not just one Job')
    return job
  }

  it('is a plain Job of its own on an install, which waits for Postgres, and for Argo CD part of each sync', async () => {
    const { metadata, spec } = await jobOf()
    expect(metadata.annotations).toEqual({
      'argocd.argoproj.io/hook': 'Sync',
      'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
    })
    expect(spec).toMatchObject({ activeDeadlineSeconds: 900, template: { spec: { restartPolicy: 'OnFailure' } } })
    expect(spec).toMatchObject({ ttlSecondsAfterFinished: 86_400 })
  })

  it('goes before everything else on an upgrade', async () => {
    const { metadata, spec } = await jobOf({}, { flags: ['--is-upgrade'] })
    expect(metadata.annotations).toEqual({
      'helm.sh/hook': 'pre-upgrade',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
    })
    expect(spec).toMatchObject({ ttlSecondsAfterFinished: 86_400 })
  })

  it('is another Job exactly where its content is another, since a Job cannot be changed', async () => {
    const nameOf = async (values: Values) => (await jobOf({ ...existingSecrets, ...values })).metadata.name
    const name = await nameOf({})
    expect(name).toMatch(/^ebb-migrate-[0-9a-f]{10}$/)
    expect(await nameOf({ logLevel: 'info', gateway: { ...existingSecrets.gateway, replicas: 9 } })).toBe(name)
    const others = [
      { image: { tag: 2 } },
      { migrate: { resources: { limits: { memory: '1Gi' } } } },
      { logLevel: 'warn' },
    ]
    const names = await Promise.all(others.map(nameOf))
    expect(new Set([name, ...names]).size).toBe(4)
  })

  it('is done before what needs it, for Argo CD as well', async () => {
    const values = { gateway: { ingress: { enabled: true, hosts: ['a.example'] } } }
    for (const apis of [[], [KNATIVE]]) {
      const manifests = await renderChart(values, { apis })
      const later = manifests.filter(({ metadata }) => metadata.annotations?.['argocd.argoproj.io/sync-wave'] === '1')
      // Neither the stores, which the migration needs, nor what a wave would wait for without its pods.
      const serving = /^(Deployment|HorizontalPodAutoscaler|Ingress)$|serving/
      const expected = manifests.filter(
        ({ kind, apiVersion, metadata }) =>
          (serving.test(kind) && metadata.name !== 'ebb-redis') || serving.test(apiVersion),
      )
      expect(namesOf(later)).toEqual(namesOf(expected))
    }
  })
})

describeChart('the backup', () => {
  it('is made by the server`s own image, one at a time, into a volume that keeps as many as one says', async () => {
    const bundled = { image: 'example.com/postgres:18.4', backup: { enabled: true, schedule: '5 4 * * *', keep: 3 } }
    const manifests = await renderChart({ postgres: { bundled } })
    const job = only(manifests, 'CronJob', 'ebb-backup')
    expect(job.spec).toMatchObject({ schedule: '5 4 * * *', concurrencyPolicy: 'Forbid' })
    const [container] = podsOf([job])[0]?.spec.containers ?? []
    expect(container).toMatchObject({ image: 'example.com/postgres:18.4' })
    const [, , script = ''] = (container as unknown as { command: readonly string[] }).command
    // A dump that is not whole is not called one; the fourth newest goes.
    expect(script).toContain('pg_dump --format=custom --file="$file.unfinished"')
    expect(script).toContain('tail -n +4 | xargs -r rm --')
    expect(only(manifests, 'PersistentVolumeClaim', 'ebb-backup').metadata.annotations).toEqual({
      'helm.sh/resource-policy': 'keep',
    })
  })

  it('is there only where it is wanted, of a Postgres that is bundled', async () => {
    const wanted = { bundled: { backup: { enabled: true } } }
    for (const postgres of [{}, { ...wanted, mode: 'cnpg' }]) {
      const manifests = await renderChart({ postgres })
      expect(manifests.filter(({ metadata }) => metadata.name === 'ebb-backup')).toEqual([])
    }
  })
})

describeChart('Redis', () => {
  it('keeps nothing, and may be absent', async () => {
    const [redis] = podsOf([only(await renderChart(), 'Deployment', 'ebb-redis')])
    expect(redis?.spec.containers[0]).toMatchObject({ args: expect.arrayContaining(['--save', '', 'allkeys-lru']) })
    const without = await renderChart({ redis: { mode: 'none' } })
    expect(without.filter(({ metadata }) => metadata.name.includes('redis'))).toEqual([])
    expect(JSON.stringify(without)).not.toContain('REDIS_URL')
  })
})

describeChart('what operators see', () => {
  it('comes with Prometheus` API, and not without', async () => {
    const [without, withIt] = [
      await renderChart(),
      await renderChart({ monitoring: { labels: { release: 'mine' } } }, { apis: [PROMETHEUS] }),
    ]
    expect(without.filter(({ apiVersion }) => apiVersion === PROMETHEUS)).toEqual([])
    for (const part of ['gateway', 'relay']) {
      const monitor = only(withIt, 'PodMonitor', `ebb-${part}`)
      expect(monitor.metadata.labels).toMatchObject({ release: 'mine' })
      expect(monitor.spec).toMatchObject({
        selector: { matchLabels: { 'app.kubernetes.io/component': part } },
        podMetricsEndpoints: [{ port: 'admin', path: '/metrics' }],
      })
      const [pod] = podsOf([only(withIt, 'Deployment', `ebb-${part}`)])
      expect(pod?.spec.containers[0]?.ports).toContainEqual({ name: 'admin', containerPort: 8081 })
      expect(settingsOf(pod!.spec.containers[0]!).plain).toMatchObject({ EBB_ADMIN_PORT: '8081' })
    }
    const off = await renderChart({ monitoring: { enabled: false } }, { apis: [PROMETHEUS] })
    expect(off.filter(({ apiVersion }) => apiVersion === PROMETHEUS)).toEqual([])
  })

  it('are alerts, each with what to do, on metrics that gateway and relay have', async () => {
    const monitoring = { runbooks: 'https://wiki.example/runbooks/' }
    const { spec } = only(await renderChart({ monitoring }, { apis: [PROMETHEUS] }), 'PrometheusRule', 'ebb-gateway')
    const [{ rules } = { rules: [] }] = spec.groups as {
      rules: { alert?: string; record?: string; expr: string; annotations?: object }[]
    }[]
    const alerts = rules.flatMap(({ alert, annotations }) => (alert ? { alert, annotations } : []))
    expect(alerts.map(({ alert }) => alert)).toEqual(RULES.flatMap((rule) => (isAlert(rule) ? rule.alert : [])))
    for (const { alert, annotations } of alerts)
      expect(annotations).toEqual({
        ...{ summary: expect.any(String), runbook: expect.any(String) },
        runbook_url: `https://wiki.example/runbooks/${alert}.md`,
      })
    expect(unknownMetrics(rules.map(({ expr }) => expr))).toEqual([])
    for (const { expr } of rules) expect(expr).not.toMatch(/\{\{|%!|map\[|\$/)
  })
})

describeChart('helm test', () => {
  it('runs in the gateway`s image, with Node and a program that Node can read', async () => {
    const manifests = await renderChart()
    const pod = podsOf(manifests).find((pod) => componentOf(pod) === 'test')
    const [gateway] = podsOf([only(manifests, 'Deployment', 'ebb-gateway')])
    expect(pod?.spec.containers[0]).toMatchObject({
      image: gateway?.spec.containers[0]?.image,
      command: ['/usr/local/bin/node', '/test/contract-test.mjs'],
    })
    expect(readFileSync('Dockerfile', 'utf8')).toContain('ENTRYPOINT ["/usr/local/bin/node"')
    const { data = {} } = only(manifests, 'ConfigMap', 'ebb-test')
    expect(data['contract-test.mjs']?.trim()).toBe(readFileSync(`${CHART}/files/contract-test.mjs`, 'utf8').trim())
  })

  it('gets the checks that are rendered from the contracts, those that write only where it may', async () => {
    const checksOf = (manifests: readonly Manifest[]) =>
      JSON.parse(only(manifests, 'ConfigMap', 'ebb-test').data?.['checks.json'] ?? '')
    expect(checksOf(await renderChart())).toEqual(CHECKS)
    expect(checksOf(await renderChart({ helmTest: { writes: false } }))).toEqual(CHECKS.slice(1))
  })

  it('is there without any function, with nothing to check', async () => {
    const manifests = await renderChart({}, { functions: {} })
    expect(only(manifests, 'ConfigMap', 'ebb-test').data?.['checks.json']).toBe('[]')
    expect(podsOf(manifests).some((pod) => componentOf(pod) === 'function')).toBe(false)
  })
})

describeChart('the notes', () => {
  it('tell the first request, and that nothing scales to zero where that is so', async () => {
    const kubernetes = await notesFor()
    expect(kubernetes).toContain('curl http://localhost:8080/openapi.json')
    expect(kubernetes).toContain('since Knative`s API is not there'.replace('`', "'"))
    expect(kubernetes).toContain('nothing scales to zero')
    const knative = await notesFor({ engine: 'knative' })
    expect(knative).toContain('functions that scale to zero on Knative')
    expect(knative).not.toContain('nothing scales to zero')
  })

  it('name the host where there is one, and what stays when the release goes', async () => {
    const ingress = { enabled: true, hosts: ['api.example'], tls: [{ secretName: 'a' }] }
    const notes = await notesFor({ gateway: { ingress } })
    expect(notes).toContain('curl https://api.example/openapi.json')
    expect(notes).toContain('`helm uninstall` keeps the database')
    expect(await notesFor({ keepOnUninstall: false })).not.toContain('helm uninstall')
    expect(notes).toContain('set gateway.trustedHops')
    expect(await notesFor({ gateway: { ingress, trustedHops: 1 } })).not.toContain('trustedHops')
  })
})
