// Looking a complaint up: new, old, wrong and not now.

import assert from 'node:assert/strict';
import { fake, LANGUAGES, open, PHONE, problem } from '../harness.mjs';

const NEW = '**/api/v1/status/*';
const OLD = '**/api/v1/legacy/status/*';

async function search(page, number, system) {
	if (system)
		await page.check(`input[value=${system}]`);
	await page.fill('#number', number);
	await page.click('#search button');
}

function inDigits(number, zero) {
	return number.replace(/\d/g, (d) => String.fromCharCode(zero + Number(d)));
}

export default async function status(h) {
	const { numbers } = h.demo;
	const spoken = numbers.new.replace(/(\d{4})(?=\d)/g, '$1 ');

	await h.check('a new number by keyboard only', {}, async (page) => {
		await open(page, '/');
		for (let i = 0; i < 20 && (await page.evaluate(() => document.activeElement.id)) !== 'number'; i++)
			await page.keyboard.press('Tab');
		await page.keyboard.type(spoken);
		await page.keyboard.press('Enter');
		await page.waitForSelector('#answer');
		assert.equal(await page.textContent('#answer'), spoken);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'answer');
		assert.equal(new URL(page.url()).pathname, `/s/${numbers.new}`);
		assert.ok((await page.title()).startsWith(spoken));
		assert.match(await page.textContent('.due'), /left|Overdue|Settled/);
		assert.ok(await page.locator('.timeline li').count() > 0);
		await h.shot(page, 'status-found-desktop');
		await page.goBack();
		await page.waitForSelector('#answer', { state: 'detached' });
		assert.equal(await page.inputValue('#number'), '');
		await page.goForward();
		await page.waitForSelector('#answer');
	});

	for (const [name, typed] of [['hyphens', spoken.replaceAll(' ', '-')], ['Bengali digits', inDigits(spoken, 0x9e6)],
		['Devanagari digits', inDigits(numbers.new, 0x966)], ['the wrong system', numbers.new]]) {
		await h.check(`a new number with ${name}`, { refused: [404, 422] }, async (page) => {
			await open(page, '/');
			await search(page, typed, name === 'the wrong system' ? 'old' : 'any');
			await page.waitForSelector('#answer');
			assert.equal(await page.textContent('#answer'), spoken);
		});
	}

	await h.check('an old number, also by its address', { refused: [404, 422] }, async (page) => {
		await open(page, '/');
		await search(page, ` ${numbers.old.toLowerCase().replace(/(?<=^\w{4})/, '/')} `, 'any'); // as people copy it
		await page.waitForSelector('.result .state');
		assert.match(await page.textContent('.result .over'), /old system/);
		await open(page, `/s/${encodeURIComponent(numbers.old)}`);
		await page.waitForSelector('.result .state');
		await h.shot(page, 'status-old-desktop');
	});

	await h.check('a number nobody has', { refused: [404], viewport: PHONE }, async (page) => {
		await open(page, `/s/${numbers.unknown}`);
		await page.waitForSelector('#answer');
		assert.match(await page.textContent('#answer'), /did not find/);
		assert.equal(await page.locator('.summary').count(), 0);
		await h.shot(page, 'status-none-phone');
	});

	await h.check('a mistyped number keeps what was typed', { refused: [404, 422] }, async (page) => {
		const wrong = numbers.new.slice(0, 11) + (Number(numbers.new[11]) + 1) % 10;
		await open(page, '/');
		await search(page, wrong);
		await page.waitForSelector('.summary');
		assert.equal(await page.inputValue('#number'), wrong);
		assert.ok((await page.title()).startsWith('Error: '));
		assert.ok(await page.evaluate(() => document.activeElement.matches('.summary')));
		assert.equal(await page.getAttribute('#number', 'aria-invalid'), 'true');
		await page.click('.summary a');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'number');
		await h.shot(page, 'status-error-desktop');
		await search(page, numbers.new);
		await page.waitForSelector('#answer');
		assert.ok(!(await page.title()).startsWith('Error'));
	});

	await h.check('nothing and nonsense', { refused: [404, 422] }, async (page) => {
		await open(page, '/');
		await search(page, ' - ');
		assert.match(await page.textContent('.summary'), /Give the complaint number/);
		await search(page, '<script>alert(1)</script>');
		await page.waitForFunction(() => document.querySelector('.summary')?.textContent.includes('not a complaint number')
			|| document.querySelector('#answer'));
		assert.equal(await page.locator('main script').count(), 0);
	});

	await h.check('too many searches', { refused: [429] }, async (page) => {
		await fake(page, NEW, 429, problem(429, 'rate_limited'), { 'Retry-After': '120' });
		await open(page, `/s/${numbers.new}`);
		await page.waitForSelector('#answer');
		assert.match(await page.textContent('#result'), /too many searches[^]*2 minutes/);
	});

	await h.check('the old system is down', { refused: [404, 503], viewport: PHONE }, async (page) => {
		await fake(page, NEW, 404, problem(404, 'other_system'));
		await fake(page, OLD, 503, problem(503, 'legacy_down'), { 'Retry-After': '300', Link: '<https://old.example/search>; rel="related"' });
		await open(page, `/s/${encodeURIComponent(numbers.old)}`);
		await page.waitForSelector('#answer');
		assert.match(await page.textContent('#answer'), /does not answer/);
		assert.equal(await page.getAttribute('#result a', 'href'), 'https://old.example/search');
		await h.shot(page, 'status-old-down-phone');
	});

	await h.check('a link of a server never becomes a script', { refused: [404, 503] }, async (page) => {
		await fake(page, NEW, 404, problem(404, 'other_system'));
		await fake(page, OLD, 503, problem(503, 'legacy_down'), { Link: '<javascript:alert(1)>; rel="related"' });
		await open(page, '/s/W1');
		await page.waitForSelector('#answer');
		assert.equal(await page.locator('#result a').count(), 0);
	});

	await h.check('we are down, or there is no network', { refused: [503, 0] }, async (page) => {
		await fake(page, NEW, 503, problem(503, 'unavailable'), { 'Retry-After': '5' });
		await fake(page, OLD, 503, problem(503, 'unavailable'));
		await open(page, `/s/${numbers.new}`);
		await page.waitForSelector('#answer');
		assert.match(await page.textContent('#result'), /fault is ours/);
		await page.unroute(NEW);
		await page.route(NEW, (route) => route.abort('internetdisconnected'));
		await page.click('#search button');
		await page.waitForFunction(() => document.querySelector('#answer')?.textContent === 'No connection');
	});

	await h.check('an old copy says its age; names are text', { }, async (page) => {
		await fake(page, OLD, 200, { number: 'W1', system: 'ekmc1', state: 'RESOLVED', level: 0, ward: null, borough: null, timeline: [],
			state_name: { en: '<b>Done</b>', bn: 'x', hi: 'x' }, department: null, subcategory: null, lodged_at: null, due_at: null,
			resolved_at: null, remark: '<img src=x onerror=alert(1)>', stale: true, age_s: 7300 });
		await open(page, '/');
		await search(page, 'W1', 'old');
		await page.waitForSelector('#answer');
		assert.match(await page.textContent('.notice:not(noscript *)'), /2 hours ago/);
		assert.equal(await page.textContent('.state'), '<b>Done</b>');
		assert.equal(await page.locator('#result img').count(), 0);
	});

	await h.check('the language changes in place and is remembered', {}, async (page) => {
		await open(page, '/');
		await page.fill('#number', '2611');
		for (const [lang, word] of [['bn', 'অভিযোগ'], ['hi', 'शिकायत'], ['en', 'complaint']]) {
			await page.click(`.languages a[lang=${lang}]`);
			await page.waitForFunction((l) => document.documentElement.lang === l, lang);
			assert.ok((await page.textContent('h1')).includes(word));
			assert.ok((await page.title()).length > 5);
			assert.equal(await page.inputValue('#number'), '2611');
		}
		await page.click('.languages a[lang=bn]');
		await open(page, '/lodge');
		assert.equal(await page.getAttribute('html', 'lang'), 'bn');
		await open(page, '/?lang=hi');
		assert.equal(await page.getAttribute('html', 'lang'), 'hi');
	});

	for (const lang of LANGUAGES) {
		await h.check(`the browser's language ${lang}`, { locale: `${lang}-IN` }, async (page) => {
			await open(page, '/');
			assert.equal(await page.getAttribute('html', 'lang'), lang);
		});
	}
}
