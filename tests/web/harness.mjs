// What every journey needs: a running stack, a browser, checks that count, and figures held against the promises.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const TOP = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const LANGUAGES = ['en', 'bn', 'hi'];
export const PHONE = { width: 360, height: 640 };
export const DESKTOP = { width: 1366, height: 768 };

const SHOTS = path.join(TOP, '.run/shots');
const STACK = path.join(TOP, 'tests/stack/stack.py');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];

/** A stack of our own in a temporary directory, or the one that runs in `dir`. */
export function startStack(dir) {
	const own = !dir;
	dir ??= mkdtempSync(path.join(tmpdir(), 'ekmc-web-'));
	const stack = (command, ...more) => execFileSync('/usr/bin/python3', [STACK, command, '--dir', dir, ...more], { stdio: 'inherit' });
	const stop = () => {
		if (!own)
			return;
		stack('down');
		rmSync(dir, { recursive: true, force: true });
	};
	if (own) {
		try {
			stack('up', '--port', '0');
		} catch (e) {
			stop();
			throw e;
		}
	}
	const demo = JSON.parse(readFileSync(path.join(dir, 'demo.json')));
	const numbers = Object.fromEntries(Object.entries(demo.numbers).map(([kind, list]) => [kind, list[0]]));
	return { ...demo, numbers, stop };
}

export class Harness {
	constructor(demo, browser) {
		Object.assign(this, { demo, browser, passed: 0, failed: 0 });
		mkdirSync(SHOTS, { recursive: true });
	}

	static async start(demo) {
		return new Harness(demo, await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS }));
	}

	/** A fresh browser context with one page; `body` gets it. Refusals with a status in `refused` belong to the journey. */
	async check(name, options, body) {
		const { refused = [], ...settings } = options;
		const context = await this.browser.newContext({ baseURL: this.demo.base_url, viewport: DESKTOP, locale: 'en-IN', ...settings });
		const page = await context.newPage();
		const noise = [];
		page.on('pageerror', (e) => noise.push(e.message));
		page.on('console', (m) => {
			const ours = refused.some((s) => m.text().includes(s === 0 ? 'net::ERR_' : `status of ${s}`));
			if (['error', 'warning'].includes(m.type()) && !ours)
				noise.push(m.text());
		});
		page.setDefaultTimeout(15000);
		try {
			await body(page, context);
			assert.deepEqual(noise, [], 'the console is silent');
			this.passed++;
		} catch (e) {
			this.failed++;
			console.log(`FAILED ${name}: ${e.message.split('\n').slice(0, 12).join('\n    ')}`);
			await page.screenshot({ path: path.join(SHOTS, `failed-${name.replace(/\W+/g, '-')}.png`), fullPage: true }).catch(() => {});
		} finally {
			await context.close();
		}
	}

	/** A measured promise: printed, and a failure when it is not kept. */
	figure(name, value, goal, kept) {
		console.log(`${name} ${value} ${goal} ${kept ? 'ok' : 'short'}`);
		kept ? this.passed++ : this.failed++;
	}

	async shot(page, name) {
		await page.evaluate(() => document.activeElement?.matches('[tabindex="-1"]') && scrollTo(0, 0));
		await page.waitForTimeout(300); // the answer rises for a quarter of a second
		await page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });
	}

	/** The newest code sent to a mobile, other than `but`, from the phone of the demonstration. */
	async code(mobile, but) {
		for (let i = 0; i < 100; i++) {
			const { messages } = await (await fetch(`${this.demo.sms_outbox}?to=${mobile}&limit=1`)).json();
			const code = messages[0]?.text.match(/(?<!\d)\d{6}(?!\d)/)?.[0];
			if (code && code !== but)
				return code;
			await new Promise((done) => setTimeout(done, 150));
		}
		throw new Error(`no code for ${mobile} in ${this.demo.sms_outbox}`);
	}
}

/** Opens a page and waits until it speaks its language. */
export async function open(page, address) {
	await page.goto(address);
	await page.waitForSelector('html.ready');
}

export function newMobile() {
	return `9${String(randomInt(1e9)).padStart(9, '0')}`;
}

/** Answers a call of the page by ourselves: faults on demand, and the look of a state without wearing out the limits. */
export async function fake(page, address, status, body, headers = {}) {
	await page.route(address, (route) => route.fulfill({ status, headers, body: JSON.stringify(body),
		contentType: status < 400 ? 'application/json' : 'application/problem+json' }));
}

export function problem(status, code, more = {}) {
	return { type: `/problems/${code}`, title: code, status, detail: `the server says ${code}`, code, request_id: 'test-request', ...more };
}

/** Sideways: by how many pixels the page is wider than the window. */
export function tooWide(page) {
	return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
