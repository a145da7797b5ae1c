/** What people do on the editor's page. */

import type { Browser, Locator, Page } from 'playwright-core';
import { open } from './browser';

type Look = Parameters<typeof open>[2];

/** The editor in a browser that has never been here, in Python. */
export async function editor(browser: Browser, url: string, look: Look = {}): Promise<{ page: Page; errors: string[] }> {
  const opened = await open(browser, url, look);
  await text(opened.page).waitFor();
  await opened.page.getByRole('option', { name: /Python/ }).first().waitFor({ state: 'attached' });
  return opened;
}

/** The program's own text: a checker has one as well. */
export const text = (page: Page): Locator => page.locator('#file .cm-content');

/** Replaces the text of the file that is shown. */
export async function write(page: Page, program: string): Promise<void> {
  await text(page).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(program);
}

export async function choose(page: Page, language: string): Promise<void> {
  await page.getByLabel('Language of the program').selectOption(language);
}

export async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run', exact: true }).click();
}

/** Waits for the end of the run and returns its verdict in words. */
export async function verdict(page: Page): Promise<string> {
  await page.getByText(/^The program has ended: /).waitFor({ state: 'attached', timeout: 40_000 });
  return (await page.locator('.status .badge').textContent()) ?? '';
}

export const output = (page: Page): Locator => page.getByRole('log', { name: 'Output' });

/** The output's lines that are in sight, without their marks. */
export const lines = (page: Page): Promise<string[]> => output(page).locator('.line > span:last-child').allTextContents();

/** The line that the cursor is in, from 1. */
export async function cursorLine(page: Page): Promise<number> {
  return Number(await page.locator('.cm-activeLineGutter.cm-gutterElement').first().textContent());
}
