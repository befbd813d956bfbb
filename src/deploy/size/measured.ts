import type { ServiceTimes } from './service-times.ts'

/** What one request and one event cost here, in microseconds of CPU: `node bench/scale/measure.ts` wrote it. */
export const MEASURED: ServiceTimes = {
  machine: {
    node: 'v26.10.0',
    cores: 2,
    load: 15.1,
    date: '2026-11-30',
  },
  requests: {
    refused: {
      gateway: {
        busy: 70.5,
        wake: 348.6,
      },
    },
    kept: {
      gateway: {
        busy: 109.9,
        wake: 577.7,
      },
      redis: {
        busy: 12.9,
        wake: 96.3,
      },
      relay: {
        busy: 0,
        wake: 111,
      },
    },
    read: {
      gateway: {
        busy: 441,
        wake: 636.6,
      },
      redis: {
        busy: 37.4,
        wake: 74.9,
      },
      postgres: {
        busy: 125.8,
        wake: 121.5,
      },
      relay: {
        busy: 8.2,
        wake: 0,
      },
      function: {
        busy: 557.7,
        wake: 577.6,
      },
    },
    write: {
      gateway: {
        busy: 1113.7,
        wake: 230,
      },
      redis: {
        busy: 80,
        wake: 48.7,
      },
      postgres: {
        busy: 607.7,
        wake: 561.4,
      },
      function: {
        busy: 1517.2,
        wake: 339.3,
      },
    },
  },
  event: {
    postgres: {
      busy: 2413.1,
      wake: 0,
    },
    relay: {
      busy: 1122.1,
      wake: 0,
    },
    function: {
      busy: 1879.2,
      wake: 0,
    },
  },
  idle: {
    gateway: 6495,
    redis: 1281,
    postgres: 3382,
    relay: 5643,
    function: 16735,
  },
  connectionMs: {
    read: 11.4,
    write: 17,
  },
  flushMs: 2.7,
}
