import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { launch, open } from './browser';
import { cluster, type Cluster, setUpSecret, until } from './cluster';

const FOLDER = resolve('../../docs/pictures');
const PASSWORD = 'a school day in May';
const STUDENTS = ['ada', 'blaise', 'emmy', 'grace', 'sophie'];

const RIGHT = 'name = input("What is your name? ")\nprint(f"Hello, {name}!")\n';
const WRONG = 'name = imput("What is your name? ")\nprint(f"Hello, {name}!")\n';
const SIEVE = `import sys

def primes(limit):
    """The sieve of Eratosthenes."""
    is_prime = [True] * (limit + 1)
    for number in range(2, limit + 1):
        if is_prime[number]:
            yield number
            for multiple in range(number * number, limit + 1, number):
                is_prime[multiple] = False

for index, prime in enumerate(primes(120), start=1):
    print(f"{prime:4}", end="\\n" if index % 10 == 0 else "")
print()
print("that was all of them", file=sys.stderr)
`;

let place: Cluster;
let browser: Browser;

beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
  [place, browser] = await Promise.all([cluster({ runners: 2 }), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await place?.stop();
});

async function call(method: string, path: string, body?: unknown, token?: string): Promise<Record<string, never>> {
  const headers = { 'content-type': 'application/json', 'x-ruche': '1', ...(token && { authorization: `Bearer ${token}` }) };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${place.url}/api/v1${path}`, { method, headers, ...sent });
  return (await response.json()) as Record<string, never>;
}

async function logIn(page: Page, name: string): Promise<void> {
  await page.goto(`${place.url}/#/login`);
  await page.locator('input[name=name]').fill(name);
  await page.locator('input[name=password]').fill(PASSWORD);
  await page.locator('form button.primary').click();
  await until('the way in', () => !page.url().includes('login') || undefined);
}

const shot = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: `${FOLDER}/${name}.png` });

test('a school day', async () => {
  const secret = await setUpSecret(place);
  const admin = (await call('POST', '/setup?token=true', { secret, name: 'root', password: PASSWORD }))['token'] as unknown as string;
  for (const [name, role] of [['curie', 'teacher'], ...STUDENTS.map((name) => [name, 'user'])]) {
    await call('POST', '/users', { name, role, password: PASSWORD }, admin);
  }
  await call('PATCH', '/groups/3b', { add: [...STUDENTS, 'curie'] }, admin);
  for (const [index, name] of STUDENTS.entries()) {
    const token = (await call('POST', '/session?token=true', { name, password: PASSWORD }))['token'] as unknown as string;
    for (let turn = 0; turn <= index; turn += 1) {
      const content = (index + turn) % 3 === 0 ? WRONG : RIGHT;
      const files = [{ path: 'main.py', content }];
      await call('POST', '/jobs?wait=30', { language: 'python', files, stdin: `${name}\n` }, token);
    }
  }

  const { page: editor } = await open(browser, place.url, { height: 720 });
  await logIn(editor, 'ada');
  await editor.goto(`${place.url}/#/`);
  await editor.locator('.cm-content').fill(SIEVE);
  await editor.locator('.cm-content').press('ControlOrMeta+Enter');
  await editor.getByText('that was all of them').last().waitFor();
  await editor.getByText('exit 0').first().waitFor();
  await shot(editor, 'editor-light');
  await editor.setViewportSize({ width: 360, height: 740 });
  await shot(editor, 'editor-phone');

  const { page: watching } = await open(browser, place.url, { dark: true, height: 820 });
  await logIn(watching, 'root');
  await watching.goto(`${place.url}/#/cluster`);
  const busy = { language: 'python', files: [{ path: 'main.py', content: 'x = 0\nwhile x < 6e7: x += 1\n' }] };
  await Promise.all([1, 2, 3].map(() => call('POST', '/jobs', busy, admin)));
  await watching.waitForTimeout(25_000);
  await shot(watching, 'cluster-dark');

  const { page: jobs } = await open(browser, place.url, { height: 820 });
  await logIn(jobs, 'curie');
  await jobs.goto(`${place.url}/#/jobs`);
  await jobs.getByText('sophie').first().waitFor();
  await shot(jobs, 'jobs-light');

  const { page: people } = await open(browser, place.url, { locale: 'fr-FR', height: 820 });
  await logIn(people, 'curie');
  await people.goto(`${place.url}/#/people/class/3b`);
  await people.getByText('NameError').first().waitFor();
  await shot(people, 'people-french');
});
