/** A stream of so many made-up runners, all of which change every second: no machine here could really have them. */

import type { Page } from 'playwright-core';

interface Made {
  runners: number;
  role?: 'user' | 'admin';
  draining?: boolean;
}

/** From now on the page's calls are answered by this, and its stream comes from here. */
export async function pretend(page: Page, { runners, role = 'admin', draining = false }: Made): Promise<void> {
  const json = (body: unknown) => ({ json: body });
  await page.route('**/api/v1/**', (route) => route.fulfill({ status: 404, json: { title: 'it is not pretended' } }));
  await page.route('**/api/v1/session', (route) => route.fulfill(json({ name: 'ada', role })));
  await page.route('**/api/v1/settings', (route) =>
    route.fulfill(json({ version: '0.1.0', sharing: true, anonymous_use: 'loopback', has_accounts: true, encrypted: true, max_body: 1, clients_port: 7000, runners_port: 7001, http_port: 7080 })),
  );
  await page.route('**/api/v1/samples**', (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [since, step] = [Date.parse(query.get('since') ?? ''), Number(query.get('step')) * 1000];
    const samples = [];
    for (let at = since; at < Date.now(); at += step) {
      const wave = Math.sin(at / 90_000) + Math.sin(at / 7_000_000);
      samples.push({ runner: '*', at: new Date(at).toISOString(), cpu_percent: 40 + 20 * wave, memory_percent: 55 + 5 * wave, active_jobs: Math.round(3 + 1.5 * wave), active_containers: 9 });
    }
    return route.fulfill(json(samples));
  });
  await page.addInitScript(stream, { runners, draining });
}

/** Runs in the page: an `EventSource` of its own. */
function stream({ runners, draining }: { runners: number; draining: boolean }): void {
  const began = Date.now();
  const iso = (ago: number): string => new Date(began - ago).toISOString();
  const states = ['available', 'available', 'available', 'available', 'available', 'available', 'paused', 'unavailable', 'draining'];
  const reasons: Record<string, string> = { paused: 'paused by ada', unavailable: 'its processors are busier than 90 %' };
  const runner = (number: number, second: number) => {
    const state = states[number % states.length] as string;
    const phase = second / 9 + number;
    return {
      id: `id-${number}`,
      name: `lab-${number + 1}`,
      version: '0.1.0',
      state,
      ...(reasons[state] && { reason: reasons[state] }),
      languages: number % 4 === 3 ? ['python'] : ['c', 'cpp', 'java', 'python', 'rust'],
      max_jobs: 4,
      offers_jobs: 4,
      assigned_jobs: (number + Math.floor(second / 5)) % 5,
      cpus: 8,
      memory_bytes: 16 * 2 ** 30,
      connected_at: iso(number * 700_000 + 40_000),
      ...(number % 7 !== 5 && { selftest: { at: iso(86_400_000), attacks: 17, failed: number % 11 === 10 ? ['fork bomb'] : [] } }),
      telemetry: {
        cpu_percent: Math.max(0, Math.min(100, 45 + 40 * Math.sin(phase) + 10 * Math.sin(phase * 7))),
        memory_percent: 50 + 20 * Math.sin(phase / 3),
        load: 2 + Math.sin(phase),
        active_jobs: (number + Math.floor(second / 5)) % 5,
        active_containers: 6 + (number % 3),
        warm: { python: 2, c: 1 },
      },
      labels: { room: `b${number % 5}` },
      settings: { paused: state === 'paused' },
    };
  };
  const told = (second: number) => {
    const all = Array.from({ length: runners }, (_, number) => runner(number, second));
    const running = all.reduce((sum, one) => sum + one.assigned_jobs, 0);
    const activity = {
      at: new Date(began + second * 1000).toISOString(),
      window_seconds: 60,
      submitted: 130,
      started: runners ? 128 : 0,
      finished: runners ? 125 : 0,
      jobs_per_second: runners ? 2.1 : 0,
      wait_ms: { p50: 14, p95: 420, max: 1830 },
      verdicts: runners ? { ok: 98, wrong_answer: 14, compile_error: 8, cpu_time_exceeded: 4, cancelled: 1 } : {},
      queued_by_language: runners ? { python: 9, java: 4 } : {},
    };
    const available = all.filter((one) => one.state === 'available').length;
    const cluster = { version: '0.1.0', started_at: iso(300_000_000), runners, available_runners: available, slots: available * 4, queued: runners ? 13 : 0, running, max_queue: 10_000, draining };
    return { cluster, activity, runners: all };
  };
  class Pretended extends EventTarget {
    static readonly CLOSED = 2;
    readyState = 1;
    #timer: ReturnType<typeof setInterval>;
    constructor() {
      super();
      const send = (name: string, data: unknown): void => {
        this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
      };
      let second = 0;
      setTimeout(() => {
        this.dispatchEvent(new Event('open'));
        send('snapshot', told(0));
      });
      this.#timer = setInterval(() => {
        second += 1;
        send('change', { ...told(second), gone: [] });
      }, 1000);
    }
    close(): void {
      clearInterval(this.#timer);
    }
  }
  Object.assign(globalThis, { EventSource: Pretended });
}
