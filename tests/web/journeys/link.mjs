// The link of a message, on a phone: the real one, from the message that came.

import assert from 'node:assert/strict';
import { newMobile, open, PHONE } from '../harness.mjs';

const WARD = 93; // whose field officer of the demonstration can log in

async function api(h, method, path, { token, body } = {}) {
	const answer = await fetch(`${h.demo.base_url}/api/v1${path}`, { method, body: body && JSON.stringify(body),
		headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) } });
	const data = await answer.json();
	assert.ok(answer.ok, `${method} ${path}: ${JSON.stringify(data)}`);
	return data;
}

/** A complaint, its citizen and its officer. */
async function lodged(h) {
	const mobile = newMobile();
	const { otp_id: id } = await api(h, 'POST', '/otp', { body: { mobile, language: 'en' } });
	const citizen = (await api(h, 'POST', '/sessions', { body: { otp_id: id, code: await h.code(mobile) } })).token;
	const { user, password } = h.demo.logins.find((l) => l.role === 'lme');
	const officer = (await api(h, 'POST', '/sessions', { body: { user, password } })).token;
	const { number } = await api(h, 'POST', '/complaints', { token: citizen,
		body: { subcategory: 'DRN-02', ward: WARD, language: 'en', description: 'The gully pit is choked' } });
	return { mobile, citizen, officer, number };
}

async function move(h, one, token, action, more) {
	const { version } = await api(h, 'GET', `/complaints/${one.number}`, { token });
	return api(h, 'POST', `/complaints/${one.number}/actions`, { token, body: { action, version, ...more } });
}

/** The newest link sent about it, without the address before it. */
async function linkOf(h, one, template) {
	for (let i = 0; i < 100; i++) {
		const { messages } = await (await fetch(`${h.demo.sms_outbox}?to=${one.mobile}&number=${one.number}&template=${template}`)).json();
		const link = messages.at(-1)?.text.match(/\/r#(\S{28})/)?.[1];
		if (link)
			return link;
		await new Promise((done) => setTimeout(done, 100));
	}
	throw new Error(`no ${template} about ${one.number}`);
}

async function resolved(h) {
	const one = await lodged(h);
	await move(h, one, one.officer, 'resolve', { note: 'It was cleared' });
	return { ...one, link: await linkOf(h, one, 'resolved') };
}

export default async function link(h) {
	await h.check('an answer that got lost: the rating is sent again and counts once', { viewport: PHONE, refused: [0] }, async (page) => {
		const one = await resolved(h);
		await open(page, `/r#${one.link}`);
		const keys = [];
		await page.route('**/links/actions', async (route) => {
			keys.push(route.request().headers()['idempotency-key']);
			if (keys.length > 1)
				return route.continue();
			await route.fetch(); // done there, and nobody hears of it
			return route.abort();
		});
		await page.check('#star4');
		await page.click('form:has(#star4) button');
		await page.waitForSelector('#done');
		assert.equal(keys.length, 2);
		assert.equal(keys[0], keys[1]);
	});

	await h.check('rate by the link of the message; to look rates nothing', { viewport: PHONE }, async (page) => {
		const one = await resolved(h);
		const sent = [];
		page.on('request', (r) => r.url().endsWith('/links/actions') && sent.push(r));
		await open(page, `/r#${one.link}`);
		await page.waitForSelector('#star4');
		assert.equal(new URL(page.url()).hash, '', 'the link has left the address bar');
		assert.match(await page.textContent('article'), /It was cleared/);
		assert.equal((await api(h, 'GET', `/complaints/${one.number}`, { token: one.citizen })).state, 'RESOLVED');
		await page.keyboard.press('Tab');
		await page.keyboard.press('Enter'); // "skip to the content" is no other link
		await page.reload();
		await page.check('#star4');
		const rows = await page.$$eval('.stars .choice', (all) => new Set(all.map((one) => one.offsetTop)).size);
		assert.equal(rows, 1, 'five stars stand in a row');
		await page.fill('#rate-comment', 'Quick and tidy');
		await page.click('.languages a[lang=bn]');
		await page.waitForSelector('html[lang=bn] #star4:checked');
		assert.equal(await page.inputValue('#rate-comment'), 'Quick and tidy');
		await h.shot(page, 'link-rate-phone');
		await page.evaluate(() => {
			document.querySelector('form:has(#star4) button').click();
			document.querySelector('form:has(#star4) button').click();
		});
		await page.waitForSelector('#done');
		assert.equal(sent.length, 1);
		assert.equal((await api(h, 'GET', `/complaints/${one.number}`, { token: one.citizen })).state, 'CLOSED');
		await h.shot(page, 'link-rated-phone');
	});

	await h.check('re-open in three taps, and the link is spent', { viewport: PHONE, refused: [410] }, async (page) => {
		const one = await resolved(h);
		await open(page, `/r#${one.link}`);
		await page.click('#reopen-note'); // the first tap
		await page.keyboard.type('Water stands again');
		await page.click('form:has(#reopen-note) button'); // second and last
		await page.waitForFunction(() => document.activeElement?.id === 'answer');
		const now = await api(h, 'GET', `/complaints/${one.number}`, { token: one.citizen });
		assert.deepEqual([now.state, now.level], ['ESCALATED', 1]);
		await page.reload();
		await page.waitForSelector('#answer');
		assert.equal(await page.locator('form').count(), 0);
		assert.match(await page.textContent('article'), /no longer good/);
		await h.shot(page, 'link-spent-phone');
	});

	await h.check('answer the question of the officer; an empty answer is asked for', { viewport: PHONE }, async (page) => {
		const one = await lodged(h);
		await move(h, one, one.officer, 'ask_citizen', { note: 'Which side of the road?' });
		await open(page, `/r#${await linkOf(h, one, 'question')}`);
		await page.waitForSelector('#reply-note');
		assert.match(await page.textContent('form'), /Which side of the road\?/);
		await page.click('form button');
		await page.waitForSelector('.summary');
		assert.equal(await page.getAttribute('#reply-note', 'aria-invalid'), 'true');
		await page.fill('#reply-note', 'The left one');
		await page.click('form button');
		await page.waitForFunction(() => /work goes on/.test(document.querySelector('#result').textContent));
		assert.equal((await api(h, 'GET', `/complaints/${one.number}`, { token: one.citizen })).state, 'ASSIGNED');
	});
}
