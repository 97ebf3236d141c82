import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = {
  http(facts: { route: string; method: string; status: number; seconds: number }): void;
  /** A Docker event: counts what containers, images and execs do. */
  event(event: { type: string; action: string }): void;
  text(): Promise<string>;
  readonly contentType: string;
};

/** Prometheus text by prom-client: the process, the HTTP server, containers by state, events by type and action. */
export function createMetrics(deps: {
  version: string;
  /** Number of containers by status, now. */
  containersByState: () => Promise<Readonly<Record<string, number>>> | Readonly<Record<string, number>>;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'gantry_' });
  const registers = [registry];
  new Gauge({ name: 'gantry_info', help: 'The version that runs.', labelNames: ['version'], registers }).set(
    { version: deps.version },
    1,
  );
  const requests = new Counter({
    name: 'gantry_http_requests_total',
    help: 'Requests to the Docker API by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'gantry_http_request_seconds',
    help: 'Time to the end of the answer, streams included.',
    labelNames: ['route', 'method'],
    buckets: [0.002, 0.01, 0.05, 0.25, 1, 5, 30],
    registers,
  });
  const events = new Counter({
    name: 'gantry_events_total',
    help: 'Docker events by type and action: container start and die, image pull, exec_start.',
    labelNames: ['type', 'action'],
    registers,
  });
  new Gauge({
    name: 'gantry_containers',
    help: 'Containers by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset();
      for (const [state, count] of Object.entries(await deps.containersByState())) this.set({ state }, count);
    },
  });
  return {
    http({ route, method, status, seconds: duration }) {
      // The method is the client's word: only known ones become a label.
      const known = /^(GET|HEAD|POST|PUT|DELETE)$/.test(method) ? method : 'other';
      requests.inc({ route, method: known, status: String(status) });
      seconds.observe({ route, method: known }, duration);
    },
    event({ type, action }) {
      // `exec_create: sh -c …`: what follows the colon has no bound.
      events.inc({ type, action: action.split(':', 1)[0] ?? '' });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
