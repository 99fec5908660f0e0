/** Debian's Chromium, without a window, steered by playwright-core. */
import { accessSync, constants } from 'node:fs';
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export interface OpenedPage {
  readonly page: Page;
  /** What went wrong in the page: exceptions, and messages of the console that are errors, its own policy's among them. */
  readonly failures: string[];
  close(): Promise<void>;
}

/** @throws Error that says how to get one where there is none. */
export function startBrowser(): Promise<Browser> {
  const executablePath = PROGRAMS.find(isThere);
  if (executablePath === undefined) throw new Error('the tests of the page need Chromium: apt-get install --no-install-recommends chromium');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

/** English and 1280 wide unless told. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(error.message));
  page.on('console', (message) => {
    // What the network refuses is told by the browser itself; the tests of lost contact cause it.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) failures.push(message.text());
  });
  await page.goto(url);
  return { page, failures, close: () => context.close() };
}

function isThere(program: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
