import type { ServiceTimes } from './service-times.ts'

/** What one request and one event cost here, in microseconds of CPU: `node bench/scale/measure.ts` wrote it. */
export const MEASURED: ServiceTimes = {
  machine: {
    node: 'v26.10.0',
    cores: 2,
    load: 1.6,
    date: '2026-11-30',
  },
  requests: {
    refused: {
      gateway: {
        busy: 43.1,
        wake: 190,
      },
    },
    kept: {
      gateway: {
        busy: 62.6,
        wake: 297.2,
      },
      redis: {
        busy: 4.3,
        wake: 62.1,
      },
    },
    read: {
      gateway: {
        busy: 239.7,
        wake: 567.1,
      },
      redis: {
        busy: 21.4,
        wake: 57.4,
      },
      postgres: {
        busy: 108.3,
        wake: 0,
      },
      function: {
        busy: 278.4,
        wake: 796.3,
      },
    },
    write: {
      gateway: {
        busy: 431.9,
        wake: 682.1,
      },
      redis: {
        busy: 32.5,
        wake: 58.7,
      },
      postgres: {
        busy: 551.9,
        wake: 490,
      },
      function: {
        busy: 526.9,
        wake: 1065.8,
      },
    },
  },
  event: {
    postgres: {
      busy: 1048.7,
      wake: 1301.8,
    },
    relay: {
      busy: 453.2,
      wake: 623.5,
    },
    function: {
      busy: 807.9,
      wake: 212.8,
    },
  },
  idle: {
    gateway: 8771,
    redis: 1718,
    postgres: 5490,
    relay: 6535,
    function: 316,
  },
  connectionMs: {
    read: 0.5,
    write: 1.6,
  },
  flushMs: 0.2,
}
