// Every page in every language and state: accessibility, width, weight, fonts, looks.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DESKTOP, LANGUAGES, open, PHONE, tooWide, TOP } from '../harness.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WWW = path.join(TOP, 'nginx/www');
const LETTERS = { bn: 'Noto Sans Bengali', hi: 'Noto Sans Devanagari' };

const LINK = '261100000016Zk3vQ0-x9LmT_a7B';
const RESOLVED = { number: '261100000016', display: '2611 0000 0016', state: 'RESOLVED', level: 0, version: 3, ward: 63, borough: 7,
	state_name: { en: 'Resolved', bn: 'মিটেছে', hi: 'समाधान हुआ' }, department: { code: 'DRN', en: 'Drainage', bn: 'নিকাশি', hi: 'जल निकासी' },
	subcategory: { code: 'DRN-01', en: 'Blocked sewer', bn: 'বন্ধ নর্দমা', hi: 'बंद नाली' }, lodged_at: '2026-11-23T15:40:00.123Z',
	due_at: '2026-11-24T15:40:00.123Z', resolved_at: '2026-11-24T09:00:00.123Z', timeline: [], note: 'নর্দমা পরিষ্কার হয়েছে।', question: null,
	allowed_actions: [{ action: 'reopen', needs: ['note'], may: [] }, { action: 'rate', needs: ['stars'], may: ['comment'] }],
	expires_at: '2026-12-04T09:00:00.123Z' };

/** The states of each page. The filled status is one real answer, asked once and then replayed. */
function pages(number, answer) {
	const replay = (page) => page.route('**/api/v1/status/*', (r) => r.fulfill({ contentType: 'application/json', body: answer }));
	return {
		'status-empty': (page) => open(page, '/'),
		'status-error': async (page) => {
			await open(page, '/');
			await page.click('#search button');
			await page.waitForSelector('.summary');
		},
		'status-filled': async (page) => {
			await replay(page);
			await open(page, `/s/${number}`);
			await page.waitForSelector('#answer');
		},
		'link-empty': async (page) => {
			await page.route('**/api/v1/links', (r) => r.fulfill({ json: RESOLVED }));
			await open(page, `/r#${LINK}`);
			await page.waitForSelector('#answer');
		},
		'link-error': async (page) => {
			await page.route('**/api/v1/links', (r) => r.fulfill({ json: RESOLVED }));
			await open(page, `/r#${LINK}`);
			await page.locator('form button').first().click();
			await page.waitForSelector('.summary');
		},
		'link-spent': async (page) => {
			await open(page, '/r');
			await page.waitForSelector('#answer');
		},
		'lodge-empty': async (page) => {
			await open(page, '/lodge');
			await page.waitForSelector('#subjects details');
		},
		'lodge-error': async (page) => {
			await open(page, '/lodge');
			await page.waitForSelector('#subjects details');
			await page.click('#send');
			await page.waitForSelector('.summary');
		},
		'lodge-filled': async (page) => {
			await open(page, '/lodge');
			await page.waitForSelector('#subjects details');
			await page.click('#subjects summary');
			await page.locator('#subjects label:visible input').first().check();
			await page.selectOption('#ward', '63');
			await page.fill('#description', 'No light in the lane since Monday. রাস্তায় আলো নেই।');
		},
		'lodge-done': async (page) => {
			await page.route('**/api/v1/me', (r) => r.fulfill({ json: { kind: 'citizen', mobile: '******2345', csrf: 'x' } }));
			await page.route('**/api/v1/complaints', (r) => r.fulfill({ status: 201, json: { number, due_at: '2026-11-25T10:00:00.000Z' } }));
			await page.addInitScript(() => localStorage.setItem('ekmc.session_until', JSON.stringify('2099-01-01T00:00:00.000Z')));
			await open(page, '/lodge');
			await page.waitForSelector('#signed-in:visible');
			await page.click('#subjects summary');
			await page.locator('#subjects label:visible input').first().check();
			await page.selectOption('#ward', '63');
			await page.fill('#description', 'x');
			await page.click('#send');
			await page.waitForSelector('.huge');
		},
	};
}

async function findings(page) {
	await page.evaluate(AXE);
	await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished)));
	const result = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
	return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target + ' ' + (n.any[0]?.message ?? '')).join(', ')}`);
}

async function letters(page, selector) {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send('DOM.enable');
	await cdp.send('CSS.enable');
	const { root } = await cdp.send('DOM.getDocument');
	const { nodeId } = await cdp.send('DOM.querySelector', { nodeId: root.nodeId, selector });
	return (await cdp.send('CSS.getPlatformFontsForNode', { nodeId })).fonts.map((f) => f.familyName);
}

/** Bytes of a first visit: bodies as compressed, and everything with headers. */
async function weigh(page, visit) {
	const cdp = await page.context().newCDPSession(page);
	const seen = new Map();
	await cdp.send('Network.enable');
	await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
	cdp.on('Network.responseReceived', (e) => seen.set(e.requestId, { url: e.response.url, head: e.response.encodedDataLength, all: 0 }));
	cdp.on('Network.loadingFinished', (e) => Object.assign(seen.get(e.requestId) ?? {}, { all: e.encodedDataLength }));
	await visit(page);
	await page.waitForLoadState('networkidle');
	const sum = (weight, test) => [...seen.values()].filter((x) => test(new URL(x.url).pathname)).reduce((n, x) => n + weight(x), 0);
	const api = (p) => p.startsWith('/api/');
	const body = (x) => x.all - x.head;
	return { page: sum(body, (p) => !api(p)), script: sum(body, (p) => p.endsWith('.js')), wire: sum((x) => x.all, (p) => !api(p)),
		data: sum(body, api) };
}

function texts() {
	const html = ['index.html', 'lodge.html'].map((f) => readFileSync(path.join(WWW, f), 'utf8')).join('');
	const inPages = [...html.matchAll(/data-t="(\w+)"/g)].map((m) => m[1]);
	const [en, bn, hi] = LANGUAGES.map((l) => JSON.parse(readFileSync(path.join(WWW, `i18n/${l}.json`), 'utf8')));
	return { wanted: [...new Set([...inPages, ...Object.keys(en)])].sort(), en, bn, hi };
}

export default async function all(h) {
	const { number, answer } = await h.browser.newContext({ baseURL: h.demo.base_url }).then(async (context) => {
		const body = await (await context.request.get(`/api/v1/status/${h.demo.numbers.new}`)).text();
		await context.close();
		return { number: h.demo.numbers.new, answer: body };
	});
	const states = pages(number, answer);

	await h.check('every text exists in every language, with the same blanks', {}, async () => {
		const { wanted, en, ...others } = texts();
		for (const [lang, table] of Object.entries(others)) {
			assert.deepEqual(Object.keys(table).sort(), wanted, lang);
			for (const key of Object.keys(en))
				for (const blank of table[key].match(/\{\w+\}/g) ?? [])
					assert.ok(en[key].includes(blank), `${lang} ${key}`);
		}
	});

	let found = 0;
	let sideways = 0;
	for (const [state, visit] of Object.entries(states)) {
		for (const lang of LANGUAGES) {
			await h.check(`${state} in ${lang}`, { locale: `${lang}-IN` }, async (page) => {
				await visit(page);
				const list = await findings(page);
				found += list.length;
				await page.emulateMedia({ colorScheme: 'dark' });
				const dark = await findings(page);
				found += dark.length;
				assert.deepEqual([...list, ...dark], []);
				await page.emulateMedia({ colorScheme: 'light' });
				if (lang in LETTERS)
					assert.ok((await letters(page, state === 'lodge-done' ? '#answer' : 'h1')).includes(LETTERS[lang]), 'letters of its own');
				for (const [width, size] of [[320, ''], [360, '200%']]) {
					await page.setViewportSize({ width, height: 640 });
					await page.evaluate((s) => { document.documentElement.style.fontSize = s; }, size);
					const by = await tooWide(page);
					sideways = Math.max(sideways, by);
					assert.equal(by, 0, `sideways at ${width} ${size}`);
				}
				if (lang === 'bn')
					await h.shot(page, `${state}-large-text`);
				await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
				await page.setViewportSize(PHONE);
				await h.shot(page, `${state}-${lang}-phone`);
				if (lang === 'en') {
					await page.setViewportSize(DESKTOP);
					await h.shot(page, `${state}-desktop`);
					await page.emulateMedia({ colorScheme: 'dark' });
					await h.shot(page, `${state}-dark`);
				}
			});
		}
	}
	h.figure('axe-findings', found, '0', found === 0);
	h.figure('sideways-pixels', sideways, '0', sideways === 0);

	await h.check('on paper only the answer', {}, async (page) => {
		await states['status-filled'](page);
		await page.emulateMedia({ media: 'print' });
		assert.ok(await page.isVisible('#answer'));
		assert.ok(!(await page.isVisible('form')));
		await h.shot(page, 'status-paper');
	});

	await h.check('an error page that is no page of ours', { refused: [404] }, async (page) => {
		await page.goto('/nothing-here');
		assert.deepEqual(await findings(page), []);
		await page.setViewportSize({ width: 320, height: 640 });
		assert.equal(await tooWide(page), 0);
		await h.shot(page, 'not-found-phone');
	});

	for (const [name, visit] of [['status', states['status-empty']], ['lodge', states['lodge-empty']], ['link', states['link-empty']]]) {
		for (const lang of LANGUAGES) {
			await h.check(`weight of ${name} in ${lang}`, { locale: `${lang}-IN` }, async (page) => {
				const w = await weigh(page, visit);
				h.figure(`${name}-${lang}-bytes`, w.page, '20000', w.page <= 20000);
				h.figure(`${name}-${lang}-script-bytes`, w.script, '10000', w.script <= 10000);
				console.log(`# ${name}-${lang}: ${w.wire} with all headers of HTTP/1.1, and ${w.data} of the API's data`);
			});
		}
	}
}
