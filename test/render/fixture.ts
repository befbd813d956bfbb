import { endpoint, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import type { AnyContract } from '../../src/contract/index.ts'
import { readChart } from '../../src/deploy/render/index.ts'

const Report = z.object({ id: z.string() })
const reportMade = event({ type: 'report.made', data: Report })

/** Says everything that a contract can say about where it runs. */
export const makeReport = endpoint({
  name: 'make-report',
  summary: 'Make a report.',
  method: 'POST',
  path: '/v1/reports',
  body: Report,
  reply: { status: 201, body: Report },
  access: { scopes: ['reports:write'] },
  emits: { 'report.made': reportMade },
  timeoutMs: 400_000,
  scale: { min: 1, max: 3, concurrency: 8, target: 4 },
  resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '1Gi' } },
  secrets: ['PRINTER_KEY', 'PAPER_KEY'],
  egress: ['api.printer.example:443', '192.0.2.7:9100', 'fonts.type.svc:80', 'paper:80', '*:8443'],
  targets: { openfaas: false },
})

/** Says what OpenFaaS can take. */
const sendReport = subscriber({
  name: 'send-report',
  summary: 'Send a report.',
  on: reportMade,
  timeoutMs: 30_000,
  scale: {
    ...{ min: 2, max: 4, concurrency: 1 },
    warm: [{ from: '08:00', to: '18:00', days: ['mon'], timeZone: 'Europe/Berlin' }],
  },
  secrets: ['PRINTER_KEY'],
})

/** Says nothing, and gets what is usual. */
export const getReport = endpoint({
  name: 'get-report',
  summary: 'Look at a report.',
  method: 'GET',
  path: '/v1/reports',
  reply: { status: 200, body: Report },
  access: {},
})

export const fixture = byName(makeReport, sendReport, getReport)

/** What their handlers would use. */
export const USES = {
  'make-report': ['postgres', 'redis'],
  'send-report': ['mail', 'postgres'],
  'get-report': [],
} as const

/** Contracts by the folders that would hold them. */
export function byName(...contracts: readonly AnyContract[]): Readonly<Record<string, AnyContract>> {
  return Object.fromEntries(contracts.map((contract) => [contract.name, contract]))
}

export const SERVICES = ['gateway', 'relay', 'console', 'migrate']

/** The options that every rendering needs. */
export const OPTIONS = { services: SERVICES, chart: readChart('.') }
