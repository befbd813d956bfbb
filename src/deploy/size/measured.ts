import type { ServiceTimes } from './service-times.ts'

/** What one request and one event cost here, in microseconds of CPU: `node bench/scale/measure.ts` wrote it. */
export const MEASURED: ServiceTimes = {
  machine: {
    node: 'v26.10.0',
    cores: 2,
    load: 1.1,
    date: '2026-12-01',
  },
  requests: {
    refused: {
      gateway: {
        busy: 38.5,
        wake: 75,
      },
    },
    kept: {
      gateway: {
        busy: 53.8,
        wake: 198,
      },
      redis: {
        busy: 3.6,
        wake: 41.6,
      },
    },
    read: {
      gateway: {
        busy: 162.3,
        wake: 319.5,
      },
      redis: {
        busy: 16.8,
        wake: 36.8,
      },
      postgres: {
        busy: 81.9,
        wake: 61.7,
      },
      function: {
        busy: 197.4,
        wake: 398.9,
      },
    },
    write: {
      gateway: {
        busy: 371.8,
        wake: 389.8,
      },
      redis: {
        busy: 29,
        wake: 26.5,
      },
      postgres: {
        busy: 490.4,
        wake: 172.4,
      },
      function: {
        busy: 446.4,
        wake: 447.2,
      },
    },
  },
  event: {
    postgres: {
      busy: 841.1,
      wake: 1129.2,
    },
    relay: {
      busy: 358.2,
      wake: 494.3,
    },
    function: {
      busy: 599.3,
      wake: 321.6,
    },
  },
  idle: {
    gateway: 5497,
    redis: 1502,
    postgres: 4717,
    relay: 4020,
    function: 312,
  },
  connectionMs: {
    read: 0.4,
    write: 1.3,
  },
  flushMs: 0.2,
}
