/** A real cluster for tests: the built binaries, on free ports of loopback, in a folder of its own. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { preview, type ProxyOptions } from 'vite';

const BINARIES = resolve(process.env['RUCHE_BIN'] ?? '../../target/debug');
/** A build of the page to show instead of the one inside the controller. */
const DIST = process.env['RUCHE_DIST'];

const execute = promisify(execFile);

export interface Cluster {
  /** Where the page is. */
  url: string;
  /** What the controller said when it started, as in `set-up` links. */
  log(): string;
  /** Starts a runner; it ends with the cluster or by `stop`. */
  runner(name: string, options?: string[]): Promise<Process>;
  /** Stops the controller as a power cut would, or starts it again. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Process {
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A runner's name is its host's: tests that run at the same time must not share it. */
export function fullName(name: string): string {
  return name + (process.env['RUCHE_SUFFIX'] ?? `-${process.pid}`);
}

export interface Started extends Process {
  /** What it has said. */
  text(): string;
}

/** Starts one of the binaries; who starts it stops it. */
export function start(program: string, args: string[], env: Record<string, string> = {}): Started {
  const child: ChildProcess = spawn(join(BINARIES, program), args, {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (text += bytes.toString()));
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  return {
    text: () => text,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
}

/** Asks until it is so. */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined, seconds = 30): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false && found !== null) return found;
    if (Date.now() > end) throw new Error(`it did not come to be in ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** The link by which the first account is made, once the controller has printed the whole of it. */
export function setUpLink(place: Cluster): Promise<URL> {
  return until('the set-up link', () => {
    const link = /^setup (http\S+)\s/m.exec(place.log())?.[1];
    return link === undefined ? undefined : new URL(link);
  });
}

/** The secret in it. */
export async function setUpSecret(place: Cluster): Promise<string> {
  return (await setUpLink(place)).hash.replace('#/setup/', '');
}

interface Options {
  flags?: string[];
  runners?: number;
  /** Where doors are to be instead of at a free port of loopback: those beyond it are encrypted. */
  doors?: Partial<Record<'clients' | 'runners' | 'http', string>>;
}

/** Starts a controller with these flags, and one runner (`lab-1`) unless told otherwise. */
export async function cluster(options: Options = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'ruche-web-'));
  const state = { XDG_STATE_HOME: folder, HOME: folder };
  const running: Started[] = [];
  const killed = new Set<string>();
  let controller: Started | undefined;
  let doors: Record<string, string> = { clients: '127.0.0.1:0', runners: '127.0.0.1:0', http: '127.0.0.1:0', ...options.doors };

  const launch = async (): Promise<void> => {
    const addresses = Object.entries(doors).flatMap(([door, at]) => [`--${door}`, at]);
    const data = ['--data-dir', join(folder, 'data')];
    const started = start('controller', [...addresses, ...data, ...(options.flags ?? [])], state);
    controller = started;
    const line = await until('the controller to listen', () => /listening .*/.exec(started.text())?.[0]);
    doors = Object.fromEntries([...line.matchAll(/(clients|runners|http)=(\S+)/g)].map(([, door, at]) => [door, at]));
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...running, controller].map((one) => one?.stop()));
    await Promise.all([...killed].map(removeLeftovers));
    await rm(folder, { recursive: true, force: true });
  };

  const runner = async (name: string, flags: string[] = []): Promise<Process> => {
    const full = fullName(name);
    const base = ['start', '--name', full, '--controller', doors['runners'] ?? '', '--run-dir', folder, '--max-jobs', '2'];
    const started = start('runner', [...base, ...flags], {});
    running.push(started);
    await until(`${full} to be available`, async () => {
      const runners = (await (await fetch(`http://${doors['http']}/api/v1/runners`)).json()) as { name: string; state: string }[];
      return runners.some((one) => one.name === full && one.state === 'available') || undefined;
    }, 90);
    return {
      async stop(signal) {
        await started.stop(signal);
        if (signal === 'SIGKILL') killed.add(full);
      },
    };
  };

  try {
    await launch();
    for (let number = 1; number <= (options.runners ?? 1); number += 1) await runner(`lab-${number}`);
  } catch (error) {
    // Whoever has no cluster cannot stop it.
    await stop();
    throw error;
  }

  const page = DIST ? await serve(DIST, `http://${doors['http']}`) : undefined;
  return {
    url: page?.url ?? `http://${doors['http']}`,
    log: () => controller?.text() ?? '',
    runner,
    kill: async () => controller?.stop('SIGKILL'),
    restart: launch,
    async stop() {
      await page?.stop();
      await stop();
    },
  };
}

/** Removes the sandboxes of a runner that was killed: the next one of its name would, but there is none here. */
async function removeLeftovers(runner: string): Promise<void> {
  const { stdout } = await execute('docker', ['ps', '--all', '--quiet', '--filter', `label=ruche.runner=${runner}`]);
  const left = stdout.split('\n').filter(Boolean);
  if (left.length > 0) await execute('docker', ['rm', '--force', ...left]);
}

/** What is cut off behind the proxy is cut off before it, as where there is none. */
const cutThrough: NonNullable<ProxyOptions['configure']> = (proxy) => {
  proxy.on('proxyRes', (answer, _request, response) => {
    answer.on('close', () => {
      if (!answer.complete) response.destroy();
    });
  });
};

async function serve(outDir: string, target: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = await preview({
    logLevel: 'error',
    build: { outDir: resolve(outDir) },
    preview: { host: '127.0.0.1', port: 0, proxy: { '/api': { target, ws: true, configure: cutThrough } } },
  });
  const url = server.resolvedUrls?.local[0]?.replace(/\/$/, '') ?? '';
  return { url, stop: () => server.close() };
}
