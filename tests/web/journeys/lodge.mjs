// Lodging a complaint: the whole way to the number, and what goes wrong on it.

import assert from 'node:assert/strict';
import { fake, newMobile, open, PHONE, problem } from '../harness.mjs';

const COMPLAINTS = '**/api/v1/complaints';
const TEXT = 'রাস্তার মোড়ে ম্যানহোলের ঢাকনা নেই। 🕳️ Since Monday.';

async function choose(page, word = 'manhole') {
	await page.waitForSelector('#subjects details');
	await page.fill('#find', word);
	const radio = page.locator('#subjects label:visible input').first();
	await radio.check();
	return radio.getAttribute('value');
}

async function fill(page, mobile) {
	await choose(page);
	await page.selectOption('#ward', '63');
	await page.fill('#landmark', 'Near the tram depot');
	await page.fill('#description', TEXT);
	if (mobile)
		await page.fill('#mobile', mobile);
}

async function prove(h, page, mobile) {
	await page.click('#send');
	await page.waitForSelector('#code:visible');
	await page.fill('#code', await h.code(mobile));
}

export default async function lodge(h) {
	await h.check('lodge, then find it by its number', { viewport: PHONE, permissions: ['geolocation'],
		geolocation: { latitude: 22.5605, longitude: 88.3530, accuracy: 15 } }, async (page) => {
		const mobile = newMobile();
		const sent = [];
		page.on('request', (r) => r.url().endsWith('/api/v1/complaints') && sent.push(r));
		await open(page, '/lodge');
		await fill(page, mobile);
		await page.click('#locate');
		await page.waitForFunction(() => document.querySelector('#ward').value === '46');
		await h.shot(page, 'lodge-filled-phone');
		await prove(h, page, mobile);
		await h.shot(page, 'lodge-code-phone');
		await page.evaluate(() => { // two taps that no person could do faster
			document.querySelector('#send').click();
			document.querySelector('#send').click();
		});
		await page.waitForSelector('#answer');
		assert.equal(sent.length, 1);
		assert.match(sent[0].headers()['idempotency-key'], /^[0-9a-f-]{36}$/);
		assert.ok(sent[0].headers()['x-ekmc-csrf']);
		const body = sent[0].postDataJSON();
		assert.equal(body.ward, 46);
		assert.deepEqual([body.location.lat, body.location.lon], [22.5605, 88.353]);
		assert.equal(body.description, TEXT);
		const number = (await page.textContent('.huge')).replaceAll(' ', '');
		assert.match(number, /^\d{12}$/);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'answer');
		await h.shot(page, 'lodge-done-phone');

		await page.click('.tools .primary');
		await page.waitForSelector('.result .state');
		assert.equal((await page.textContent('#answer')).replaceAll(' ', ''), number);
		assert.match(await page.textContent('dl'), /Ward 46/);

		await open(page, '/lodge'); // the session is known: no second code
		await page.waitForSelector('#signed-in:visible');
		assert.ok((await page.textContent('#signed-in-as')).includes(mobile.slice(-4)));
		assert.equal(await page.inputValue('#description'), '');
	});

	await h.check('all that is missing is said at once, and mended without loss', {}, async (page) => {
		await open(page, '/lodge');
		await page.waitForSelector('#subjects details');
		await page.fill('#landmark', 'Kept');
		await page.fill('#mobile', '12345');
		await page.click('#send');
		await page.waitForSelector('.summary');
		assert.equal(await page.locator('.summary li').count(), 4);
		assert.ok((await page.title()).startsWith('Error: '));
		assert.equal(await page.inputValue('#landmark'), 'Kept');
		for (const id of ['find', 'ward', 'description', 'mobile']) {
			await page.click(`.summary a[href="#${id}"]`);
			assert.equal(await page.evaluate(() => document.activeElement.id), id);
		}
		await h.shot(page, 'lodge-error-desktop');
		await page.click('.languages a[lang=bn]');
		await page.waitForFunction(() => document.title.startsWith('ত্রুটি: '));
		assert.equal(await page.inputValue('#landmark'), 'Kept');
		await page.reload();
		await page.waitForSelector('#subjects details');
		await page.waitForFunction(() => document.querySelector('#landmark').value === 'Kept');
	});

	await h.check('characters are counted as people count them', {}, async (page) => {
		await open(page, '/lodge');
		await page.fill('#description', '🕳'.repeat(3999));
		assert.match(await page.textContent('#description-left'), /^1 /);
		await page.fill('#description', 'ক'.repeat(4002));
		assert.match(await page.textContent('#description-left'), /^2 .*too many/);
		assert.equal((await page.inputValue('#description')).length, 4002);
	});

	await h.check('categories are found in every language', {}, async (page) => {
		await open(page, '/lodge');
		const code = await choose(page, 'manhole');
		const catalogue = await (await page.request.get('/api/v1/catalogue')).json();
		const sub = catalogue.departments.flatMap((d) => d.categories).flatMap((c) => c.subcategories).find((s) => s.code === code);
		for (const lang of ['bn', 'hi', 'en']) {
			await page.fill('#find', sub[lang]);
			assert.ok(await page.locator(`#subjects input[value="${code}"]`).isVisible(), sub[lang]);
		}
		await page.fill('#find', 'qqqq');
		assert.match(await page.textContent('#found'), /Nothing found/);
		await page.fill('#find', '');
		assert.ok(await page.locator(`#subjects input[value="${code}"]`).isChecked());
	});

	await h.check('a wrong code, the right one, a session that ends, and on', { refused: [401] }, async (page) => {
		const mobile = newMobile();
		await open(page, '/lodge');
		await fill(page, mobile);
		await page.click('#send');
		await page.waitForSelector('#code:visible');
		const code = await h.code(mobile);
		await page.fill('#code', code === '000000' ? '000001' : '000000');
		await page.click('#send');
		await page.waitForSelector('.wrong #code');
		assert.equal(await page.inputValue('#description'), TEXT);

		let ended = false;
		await page.route(COMPLAINTS, async (route) => {
			if (ended)
				return route.continue();
			ended = true;
			return route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify(problem(401, 'unauthenticated')) });
		});
		await page.fill('#code', code);
		await page.click('#send');
		await page.waitForSelector('#session-note:visible');
		await page.waitForSelector('#code:visible');
		assert.equal(await page.inputValue('#description'), TEXT);
		await page.fill('#code', await h.code(mobile, code));
		await page.click('#send');
		await page.waitForSelector('.huge');
	});

	await h.check('what the server refuses stands at its field', { refused: [422] }, async (page) => {
		const mobile = newMobile();
		await open(page, '/lodge');
		await fill(page, mobile);
		await fake(page, COMPLAINTS, 422, problem(422, 'invalid', { errors: [{ pointer: '/landmark', code: 'too_long', detail: 'Shorter, please.' },
			{ pointer: '/location/lat', code: 'outside_kolkata', detail: 'That is in Howrah.' }] }));
		await prove(h, page, mobile);
		await page.click('#send');
		await page.waitForSelector('.wrong #landmark');
		assert.match(await page.textContent('#landmark-error'), /Shorter, please/);
		assert.match(await page.textContent('#ward-error'), /Howrah/);
		assert.equal(await page.inputValue('#landmark'), 'Near the tram depot');
		await page.unroute(COMPLAINTS);
		await page.fill('#landmark', 'Depot');
		await page.click('#send'); // still signed in, the same form
		await page.waitForSelector('.huge');
	});

	await h.check('an answer that is lost on the way lodges once', { refused: [0] }, async (page) => {
		const mobile = newMobile();
		const keys = [];
		const numbers = [];
		await open(page, '/lodge');
		await fill(page, mobile);
		await prove(h, page, mobile);
		await page.route(COMPLAINTS, async (route) => {
			keys.push(route.request().headers()['idempotency-key']);
			const answer = await route.fetch();
			numbers.push((await answer.json()).number);
			return keys.length < 3 ? route.abort('connectionreset') : route.fulfill({ response: answer });
		});
		await page.click('#send');
		await page.waitForSelector('.huge');
		assert.equal(new Set(keys).size, 1);
		assert.equal(keys.length, 3);
		assert.equal(new Set(numbers).size, 1);
		assert.equal((await page.textContent('.huge')).replaceAll(' ', ''), numbers[0]);
	});

	await h.check('a changed text after a lost answer shows the complaint that arrived', { refused: [0, 422] }, async (page) => {
		const mobile = newMobile();
		let number;
		await open(page, '/lodge');
		await fill(page, mobile);
		await prove(h, page, mobile);
		await page.route(COMPLAINTS, async (route) => {
			const answer = await route.fetch();
			number ??= (await answer.json()).number;
			return route.abort('connectionreset');
		});
		await page.click('#send');
		await page.waitForSelector('.summary');
		assert.match(await page.textContent('.summary'), /try again|not be lodged twice/i);
		await page.unroute(COMPLAINTS);
		await page.reload(); // the form, its key and what was sent survive even this
		await page.waitForFunction(() => document.querySelector('#description').value);
		await page.fill('#description', 'Something else');
		await page.click('#send');
		await page.waitForSelector('.huge');
		assert.equal((await page.textContent('.huge')).replaceAll(' ', ''), number);
		assert.match(await page.textContent('.notice:not(noscript *, #session-note)'), /as you first sent it/);
	});

	await h.check('the catalogue comes late', { refused: [503] }, async (page) => {
		await fake(page, '**/api/v1/catalogue', 503, problem(503, 'unavailable'));
		await open(page, '/lodge');
		await page.waitForSelector('.summary');
		await page.unroute('**/api/v1/catalogue');
		await page.click('#send');
		await page.waitForSelector('#subjects details');
	});

	await h.check('by keyboard only', {}, async (page) => {
		const mobile = newMobile();
		const tabTo = async (id) => {
			for (let i = 0; i < 60 && (await page.evaluate(() => document.activeElement.id)) !== id; i++)
				await page.keyboard.press('Tab');
			assert.equal(await page.evaluate(() => document.activeElement.id), id);
		};
		await open(page, '/lodge');
		await page.waitForSelector('#subjects details');
		await page.keyboard.press('Tab');
		assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
		await tabTo('find');
		await page.keyboard.type('pothole');
		await page.keyboard.press('Tab'); // the group
		await page.keyboard.press('Tab'); // its first choice
		await page.keyboard.press('Space');
		await tabTo('ward');
		await page.keyboard.press('ArrowDown');
		await tabTo('description');
		await page.keyboard.type('A deep one');
		await tabTo('mobile');
		await page.keyboard.type(mobile);
		await page.keyboard.press('Enter');
		await page.waitForSelector('#code:focus');
		await page.keyboard.type(await h.code(mobile));
		await page.keyboard.press('Enter');
		await page.waitForSelector('.huge');
	});

	await h.check('the gap and the outside of the ward map', { refused: [422], permissions: ['geolocation'],
		geolocation: { latitude: 22.4480, longitude: 88.3020, accuracy: 15 } }, async (page, context) => {
		await open(page, '/lodge');
		await page.waitForSelector('#subjects details');
		await page.click('#locate');
		await page.waitForFunction(() => document.querySelector('#located').textContent.includes('142'));
		assert.equal(await page.inputValue('#ward'), '');
		await context.setGeolocation({ latitude: 22.5850, longitude: 88.3300, accuracy: 15 });
		await page.waitForTimeout(100);
		await fake(page, '**/api/v1/wards/locate*', 422, problem(422, 'outside_kolkata'));
		await page.click('#locate');
		await page.waitForFunction(() => document.querySelector('#located').textContent.includes('outside'));
	});

	await h.check('a browser that keeps its place to itself', {}, async (page) => {
		await open(page, '/lodge');
		await page.waitForSelector('#subjects details');
		await page.click('#locate');
		await page.waitForFunction(() => document.querySelector('#located').textContent.includes('Choose the ward'));
	});
}
